package matchers

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/mockserver"
)

// HaveAttempts succeeds when a delivery had exactly these attempts, in this order. An outcome is a
// status (500), a class ("5xx"), how an attempt without a status ended ("not_sent",
// "partly_written", "no_reply"), or a matcher, which gets the status as an int. Of a list, each
// delivery must have these attempts.
//
//	HaveAttempts(500, "5xx", BeNumerically("<", 300))
func HaveAttempts(outcomes ...any) types.GomegaMatcher {
	wanted, err := attemptsWanted("HaveAttempts", outcomes)
	texts := strings.Join(textsOf(wanted), ", ")
	m := &deliveryMatcher{name: "HaveAttempts", arguments: wrote(wanted), to: "have the attempts " + cmp.Or(texts, "none"), err: err}
	m.check = func(d *mockserver.Delivery) finding {
		f := finding{notes: make([]string, max(len(wanted), len(d.Attempts)))}
		matches := true
		for i := range f.notes {
			switch {
			case i >= len(d.Attempts):
				f.notes[i] = "want " + wanted[i].String()
			case i >= len(wanted):
				f.notes[i], matches = "one too many", false
			default:
				if differs := wanted[i].differs(&d.Attempts[i]); differs != "" {
					f.notes[i], matches = differs, false
				}
			}
		}
		if matches && len(d.Attempts) == len(wanted) {
			return finding{}
		}
		f.why = "got " + cmp.Or(strings.Join(outcomesOf(d), ", "), "none")
		f.final = !matches || d.State != mockserver.Pending
		return f
	}
	return m
}

// wantedAttempt is what the outcome of an attempt must be.
type wantedAttempt struct {
	text    string // 500, 5xx, no_reply
	matcher types.GomegaMatcher
}

func (w wantedAttempt) String() string {
	if w.matcher != nil {
		return nameOf(w.matcher)
	}
	return w.text
}

// differs returns "" if an attempt is as wanted. Otherwise it says what was wanted.
func (w wantedAttempt) differs(a *mockserver.Attempt) string {
	differs := "want " + w.String()
	got := outcomeOf(a)
	if w.matcher == nil {
		class, isClass := strings.CutSuffix(w.text, "xx")
		if got == w.text || isClass && strings.HasPrefix(got, class) {
			return ""
		}
		return differs
	}
	var value any = got
	if a.Outcome == mockserver.GotStatus {
		value = a.Status
	}
	matched, err := w.matcher.Match(value)
	switch {
	case err != nil:
		return differs + ": " + firstLine(err)
	case !matched:
		return differs
	}
	return ""
}

var status = regexp.MustCompile(`^[1-9]([0-9][0-9]|xx)$`)

// attemptsWanted reads the arguments of a matcher of attempts.
func attemptsWanted(matcher string, outcomes []any) ([]wantedAttempt, error) {
	words := []mockserver.Outcome{mockserver.NotSent, mockserver.PartlyWritten, mockserver.NoResponse}
	wanted := make([]wantedAttempt, len(outcomes))
	for i, o := range outcomes {
		w := &wanted[i]
		if m, ok := o.(types.GomegaMatcher); ok {
			if w.matcher = m; wrongOf(m) != nil {
				return wanted, wrongOf(m)
			}
			continue
		}
		switch v := reflect.ValueOf(o); {
		case v.CanInt():
			w.text = strconv.FormatInt(v.Int(), 10)
		case v.Kind() == reflect.String:
			w.text = v.String()
		default:
			w.text = fmt.Sprint(o)
		}
		if !status.MatchString(w.text) && !slices.Contains(words, mockserver.Outcome(w.text)) {
			return wanted, fmt.Errorf("%s: outcome %#v: want a status such as 500, a class such as \"5xx\", %q, %q, %q or a matcher", matcher, o, words[0], words[1], words[2])
		}
	}
	return wanted, nil
}

// wrote returns the arguments as they were written.
func wrote(wanted []wantedAttempt) string {
	list := textsOf(wanted)
	for i, w := range wanted {
		if _, err := strconv.Atoi(w.text); err != nil && w.matcher == nil {
			list[i] = strconv.Quote(w.text)
		}
	}
	return strings.Join(list, ", ")
}

func textsOf(wanted []wantedAttempt) []string {
	list := make([]string, len(wanted))
	for i := range wanted {
		list[i] = wanted[i].String()
	}
	return list
}

// outcomesOf returns the outcomes of a delivery's attempts.
func outcomesOf(d *mockserver.Delivery) []string {
	list := make([]string, len(d.Attempts))
	for i := range d.Attempts {
		list[i] = outcomeOf(&d.Attempts[i])
	}
	return list
}

// outcomeOf returns the status of an attempt, or how it ended without one.
func outcomeOf(a *mockserver.Attempt) string {
	if a.Outcome == mockserver.GotStatus {
		return strconv.Itoa(a.Status)
	}
	return string(a.Outcome)
}
