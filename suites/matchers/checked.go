package matchers

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// shown is the number of captures or deliveries that a failure message lists.
const shown = 3

// checked is a capture with the results of its conditions.
type checked struct {
	capture mockserver.Capture
	name    string // its id, or its place in a list
	results []result
}

// result is what one condition found.
type result struct {
	condition string // its name
	matched   bool
	why       string // why it did not match
	wrong     error  // the condition is itself wrong
}

// check checks the conditions of the capture at i.
func check(all []mockserver.Capture, i int, conditions []types.GomegaMatcher) checked {
	c := checked{capture: all[i], name: all[i].ID, results: make([]result, len(conditions))}
	if c.name == "" {
		c.name = fmt.Sprintf("request %d", i+1)
	}
	for n, condition := range conditions {
		c.results[n] = checkOne(all[i], condition)
	}
	return c
}

func checkOne(capture mockserver.Capture, by types.GomegaMatcher) result {
	r := result{condition: nameOf(by)}
	matched, err := by.Match(capture)
	switch {
	case errors.As(err, &misuse{}):
		r.wrong = err
	case err != nil:
		r.why = firstLine(err)
	case matched:
		r.matched = true
	default:
		r.why = whyOf(by, capture)
	}
	return r
}

// whyOf returns why a matcher did not match: in a few words if it is one of this package.
func whyOf(by types.GomegaMatcher, capture mockserver.Capture) string {
	if own, ok := by.(interface{ why() string }); ok {
		return own.why()
	}
	return by.FailureMessage(capture)
}

// wrong returns what is wrong with a condition itself.
func (c *checked) wrong() (err error) {
	for _, r := range c.results {
		err = cmp.Or(err, r.wrong)
	}
	return err
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

// explain writes the capture, and below it the result of each condition.
func (c *checked) explain(b *strings.Builder) {
	b.WriteString(c.describe())
	for _, r := range c.results {
		if r.matched {
			b.WriteString("\n  matched:     " + r.condition)
		} else {
			b.WriteString("\n  not matched: " + r.condition + ": " + indented(r.why, "    "))
		}
	}
}

// list writes the first captures, one on each line.
func list(b *strings.Builder, all []checked) {
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
