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

// Bounds of the values in a body.
const (
	maxText   = 255 // characters, as a column of Laravel's default holds
	maxNumber = 1_000_000_000
)

// values are what a request gives for an entity or its next event, and what is wrong with it. What
// it does not give is generated.
type values struct {
	given fixtures.Overrides
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

// err returns a 422 that lists all that was wrong, or nil.
func (v *values) err() error {
	if v.wrong == nil {
		return nil
	}
	e := vendorapi.Errorf(http.StatusUnprocessableEntity, "%s", v.first)
	e.Fields = v.wrong
	return e
}

// put sets the value of a path.
func (v *values) put(path string, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		v.refuse(path, "The %s cannot be written: %v.", path, err)
		return
	}
	if v.given == nil {
		v.given = fixtures.Overrides{}
	}
	v.given[path] = text
}

// text sets a path to a text that is not empty.
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

// number sets a path to a number of at least lo and at most maxNumber.
func (v *values) number(field, path string, n *float64, lo float64) {
	switch {
	case n == nil:
	case *n < lo || *n > maxNumber:
		v.refuse(field, "The %s must be from %v to %d.", field, lo, maxNumber)
	default:
		v.put(path, *n)
	}
}

// whole sets a path to a whole number of at least lo and at most a million.
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

// choice sets a path to one of some texts.
func (v *values) choice(field, path string, s *string, of ...string) {
	switch {
	case s == nil:
	case !slices.Contains(of, *s):
		v.refuse(field, "The %s %.60q is none of %s.", field, *s, strings.Join(of, ", "))
	default:
		v.put(path, *s)
	}
}

// date sets a path to a time: a day, or RFC 3339.
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

// currency sets a path to a currency's code.
func (v *values) currency(field, path string, s *string) {
	switch {
	case s == nil:
	case len(*s) != 3 || strings.Trim(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		v.refuse(field, "The %s %.60q is not a code of three capital letters, such as USD.", field, *s)
	default:
		v.put(path, *s)
	}
}

// add adds the values of more.
func (v *values) add(more values) {
	for path, value := range more.given {
		v.put(path, value)
	}
}

// only refuses fields that belong to another reason.
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
