package matchers

import (
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/terminal"
)

// condition is a matcher that checks one part of a request.
type condition struct {
	name    string // as it was written: HaveJSON(".body.a", 1)
	subject string // the part: ".body.a"
	to      string // what it must do: "be 1"
	err     error  // what is wrong with the condition itself
	calls   bool   // it calls a matcher that the test gave
	// check returns what it found: "got 2". For a match it may be "".
	check func(actual any) (found string, matched bool, err error)

	found   string        // by the last Match
	explain func() string // why the last Match did not match, if check set it: it takes more time
}

var _ types.OracleMatcher = (*condition)(nil)

func (c *condition) Match(actual any) (bool, error) {
	if c.err != nil {
		return false, misuse{c.err}
	}
	var matched bool
	var err error
	c.explain = nil
	c.found, matched, err = c.check(actual)
	return matched, err
}

func (c *condition) FailureMessage(any) string {
	return terminal.Text(fmt.Sprintf("expected %s to %s, %s", c.subject, c.to, c.reason()))
}

// reason says why the last Match did not match.
func (c *condition) reason() string {
	if c.explain != nil {
		return c.explain()
	}
	return c.found
}

func (c *condition) NegatedFailureMessage(any) string {
	text := fmt.Sprintf("expected %s not to %s", c.subject, c.to)
	if c.found != "" {
		text += ", " + c.found
	}
	return terminal.Text(text)
}

// MatchMayChangeInTheFuture tells Eventually to stop when the condition itself is wrong.
func (c *condition) MatchMayChangeInTheFuture(any) bool { return c.err == nil }

func (c *condition) String() string { return terminal.Text(c.name) }

// GomegaString keeps the insides of the condition out of Gomega's failure messages.
func (c *condition) GomegaString() string { return c.String() }

func (c *condition) wrong() error { return c.err }

// why is the reason of the last mismatch, without what was expected.
func (c *condition) why() string { return terminal.Text(strings.TrimPrefix(c.reason(), "but ")) }
