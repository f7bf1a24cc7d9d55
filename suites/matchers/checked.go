package matchers

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// shown is the number of captures or deliveries that a failure message lists.
const shown = 3

// checks are the captures of one look into a bin or a list, with the results of their conditions.
// The next look takes over what it can, so that polling checks only what is new.
type checks struct {
	conditions []types.GomegaMatcher
	captures   []*checked
}

// checked is a capture with the results of its conditions.
type checked struct {
	capture mockserver.Capture
	name    string // its id, or its place in a list
	results []result
}

// result is what one condition found.
type result struct {
	checked bool
	matched bool
	unclear error // the condition could not be checked
}

// look replaces the captures. It keeps the results of those that it had already, but only of
// conditions that always find the same: a function of the test, in Satisfy for instance, may look
// at something else, or change it.
func (k *checks) look(all []mockserver.Capture) {
	known := make(map[string]*checked, len(k.captures))
	for _, c := range k.captures {
		if c.capture.ID != "" && !c.capture.At.IsZero() { // else BeSignedBy takes the time of now
			known[c.capture.ID] = c
		}
	}
	pure := make([]bool, len(k.conditions))
	for n := range pure {
		c, own := k.conditions[n].(*condition)
		pure[n] = own && !c.calls
	}
	k.captures = make([]*checked, len(all))
	for i := range all {
		c := &checked{capture: all[i], name: cmp.Or(all[i].ID, fmt.Sprintf("request %d", i+1)), results: make([]result, len(k.conditions))}
		if before := known[c.capture.ID]; before != nil && before.isOf(&c.capture) {
			for n := range pure {
				if pure[n] {
					c.results[n] = before.results[n]
				}
			}
		}
		k.captures[i] = c
	}
}

// isOf reports whether everything in a capture that conditions of this package look at is the same.
// Captures of two servers can have the same id.
func (c *checked) isOf(other *mockserver.Capture) bool {
	a, b := &c.capture, other
	return a.At.Equal(b.At) && a.Method == b.Method && a.Target == b.Target && a.Version == b.Version &&
		slices.Equal(a.Headers, b.Headers) && bytes.Equal(a.Body, b.Body)
}

// check checks condition n of the capture at i. The error means that the condition is itself wrong.
func (k *checks) check(i, n int) (result, error) {
	r := &k.captures[i].results[n]
	if r.checked {
		return *r, nil
	}
	matched, err := k.conditions[n].Match(k.captures[i].capture)
	if errors.As(err, &misuse{}) {
		return result{}, err
	}
	*r = result{checked: true, matched: matched && err == nil}
	if errors.As(err, &unclear{}) {
		r.unclear = fmt.Errorf("%s: %s: %w", k.captures[i].name, nameOf(k.conditions[n]), err)
	}
	return *r, nil
}

// checkAll checks all conditions of the capture at i, and returns how many matched. could is an
// error if more than those might match: a condition could not be checked, and all others matched.
func (k *checks) checkAll(i int) (score int, could, wrong error) {
	mismatch := false
	for n := range k.conditions {
		r, err := k.check(i, n)
		switch {
		case err != nil:
			return 0, nil, err
		case r.matched:
			score++
		case r.unclear != nil:
			could = cmp.Or(could, r.unclear)
		default:
			mismatch = true
		}
	}
	if mismatch {
		could = nil
	}
	return score, could, nil
}

// why returns why condition n of a capture did not match. It checks it again: the explanation takes
// time, and most captures are never shown.
func (k *checks) why(c *checked, n int) string {
	by := k.conditions[n]
	matched, err := by.Match(c.capture)
	switch own, is := by.(interface{ why() string }); {
	case err != nil:
		return firstLine(err)
	case matched:
		return "it matched when it was checked again"
	case is:
		return own.why()
	}
	return by.FailureMessage(c.capture)
}

// score is the number of conditions that the capture fulfils.
func (c *checked) score() int {
	n := 0
	for _, r := range c.results {
		if r.matched {
			n++
		}
	}
	return n
}

func (c *checked) fulfilled() string {
	return fmt.Sprintf("%d of %s matched", c.score(), plural(len(c.results), "condition"))
}

// describe returns the capture's name and request line.
func (c *checked) describe() string {
	return terminal.Sprintf("%s %s %s", c.name, c.capture.Method, redact.URL(c.capture.Target))
}

// explain writes a capture, and below it the result of each condition.
func (k *checks) explain(b *strings.Builder, c *checked) {
	b.WriteString(c.describe())
	for n, r := range c.results {
		if name := nameOf(k.conditions[n]); r.matched {
			b.WriteString("\n  matched:     " + name)
		} else {
			b.WriteString("\n  not matched: " + name + ": " + indented(k.why(c, n), "    "))
		}
	}
}

// list writes the first captures, one on each line.
func list(b *strings.Builder, all []*checked) {
	for i := range all[:min(shown, len(all))] {
		c := all[i].capture
		c.ID = all[i].name
		b.WriteString("\n  " + c.GomegaString())
	}
	andMore(b, len(all))
}

// andMore ends a list of n things, of which the first are shown.
func andMore(b *strings.Builder, n int) {
	if more := n - shown; more > 0 {
		fmt.Fprintf(b, "\n  and %d more", more)
	}
}

func names(conditions []types.GomegaMatcher) []string {
	list := make([]string, len(conditions))
	for i, c := range conditions {
		list[i] = nameOf(c)
	}
	return list
}

// with names the conditions in a sentence.
func with(conditions []types.GomegaMatcher) string {
	if len(conditions) == 0 {
		return ""
	}
	return " with " + strings.Join(names(conditions), " and ")
}
