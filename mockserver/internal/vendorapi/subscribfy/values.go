package subscribfy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// Bounds of what a body gives.
const (
	maxText   = 255 // characters, as a column of Laravel's default holds
	maxNumber = 1_000_000_000
)

// values collects what a request gives for an entity or its next event, and what is wrong with it. What it does not give
// is nil here, and is drawn.
type values struct {
	given fixtures.Given
	wrong map[string][]string
	first string
}

// refuse notes that a field is wrong.
func (v *values) refuse(field, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	if v.wrong == nil {
		v.wrong, v.first = map[string][]string{}, why
	}
	v.wrong[field] = append(v.wrong[field], why)
}

// err is a 422 that lists all that was wrong, or nil.
func (v *values) err() error {
	if v.wrong == nil {
		return nil
	}
	e := vendorapi.Errorf(http.StatusUnprocessableEntity, "%s", v.first)
	e.Fields = v.wrong
	return e
}

// put gives a path a value.
func (v *values) put(path string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		v.refuse(path, "The %s cannot be written: %v.", path, err)
		return
	}
	if v.given == nil {
		v.given = fixtures.Given{}
	}
	v.given[path] = text
}

// text gives a path a text that is not empty.
func (v *values) text(field, path string, s *string) {
	switch {
	case s == nil:
	case strings.TrimSpace(*s) == "":
		v.refuse(field, "The %s must not be empty.", field)
	case utf8.RuneCountInString(*s) > maxText:
		v.refuse(field, "The %s has more than %d characters.", field, maxText)
	default:
		v.put(path, *s)
	}
}

// number gives a path a number of at least lo and at most maxNumber.
func (v *values) number(field, path string, n *float64, lo float64) {
	switch {
	case n == nil:
	case *n < lo || *n > maxNumber:
		v.refuse(field, "The %s must be from %v to %d.", field, lo, maxNumber)
	default:
		v.put(path, *n)
	}
}

// whole gives a path a whole number of at least lo and at most a thousand times a thousand.
func (v *values) whole(field, path string, n *int, lo int) {
	const most = 1_000_000
	switch {
	case n == nil:
	case *n < lo || *n > most:
		v.refuse(field, "The %s must be a whole number from %d to %d.", field, lo, most)
	default:
		v.put(path, *n)
	}
}

// choice gives a path one of some texts.
func (v *values) choice(field, path string, s *string, of ...string) {
	switch {
	case s == nil:
	case !slices.Contains(of, *s):
		v.refuse(field, "The %s %.60q is none of %s.", field, *s, strings.Join(of, ", "))
	default:
		v.put(path, *s)
	}
}

// date gives a path a time: a day, or RFC 3339.
func (v *values) date(field, path string, s *string, layouts ...string) {
	if s == nil {
		return
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, *s); err == nil && t.Year() >= 1850 && t.Year() <= 2200 {
			v.put(path, *s)
			return
		}
	}
	v.refuse(field, "The %s %.60q is not a date such as 2026-01-15 of the years 1850 to 2200.", field, *s)
}

// currency gives a path a currency's code.
func (v *values) currency(field, path string, s *string) {
	switch {
	case s == nil:
	case len(*s) != 3 || strings.Trim(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		v.refuse(field, "The %s %.60q is not a code of three capital letters, such as USD.", field, *s)
	default:
		v.put(path, *s)
	}
}

// add takes over what others collected.
func (v *values) add(more values) {
	for path, value := range more.given {
		v.put(path, value)
	}
}

// only refuses fields that go with another reason than the one that is given.
func (v *values) only(reason *string, want string, fields map[string]bool) {
	for field, given := range fields {
		switch {
		case !given || is(reason, want):
		case reason == nil:
			v.refuse("update_reason", "The update_reason field is required beside %s: it is %s.", field, want)
		default:
			v.refuse(field, "The %s goes with the update_reason %s.", field, want)
		}
	}
}
