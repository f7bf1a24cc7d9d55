package exam

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/junit"
	"github.com/hookrig/hookrig/scenarios"
)

// WriteJUnit writes a report as JUnit XML: one testcase for each check, in a testsuite for each
// theme. A warning is a success with a text. A check that is inconclusive, one
// that does not apply, and one that was left out are skipped; when nothing could be graded, each
// inconclusive check is an error.
func WriteJUnit(w io.Writer, r Report) error {
	clean := junit.Clean
	all := junit.Suites{Name: "hookrig check", Time: junit.Seconds(r.TookMS)}
	for _, theme := range r.themes() {
		suite := junit.Suite{Name: "hookrig check " + r.Provider + ": " + string(theme), Timestamp: junit.Timestamp(r.Started)}
		suite.Properties = []junit.Property{
			{Name: "url", Value: clean(r.URL)}, {Name: "event", Value: clean(r.Event)}, {Name: "seed", Value: fmt.Sprint(r.Seed)},
		}
		if s := r.Sender; s != nil {
			suite.Properties = []junit.Property{{Name: "bin", Value: clean(s.Bin)}, {Name: "retry", Value: clean(s.Retry)}}
		}
		took := 0.0
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Theme == theme {
				suite.Cases = append(suite.Cases, junitCase(c, r.Score.Graded() == 0))
				took += c.TookMS
			}
		}
		if suite.Time = junit.Seconds(took); len(suite.Cases) > 0 {
			all.Suites = append(all.Suites, suite)
		}
	}
	return junit.Write(w, all)
}

// themes returns the themes of the checks, those of the consumer's exam in their order.
func (r *Report) themes() []scenarios.Theme {
	list := Themes()
	for i := range r.Checks {
		if theme := r.Checks[i].Theme; !slices.Contains(list, theme) {
			list = append(list, theme)
		}
	}
	return list
}

// junitCase returns the testcase of a result, in a report that perhaps has no grades.
func junitCase(c *Result, ungraded bool) junit.Case {
	clean := junit.Clean
	test := junit.Case{Name: clean(c.ID), Class: clean(string(c.Level) + "." + string(c.Theme)), Time: junit.Seconds(c.TookMS)}
	first, _, _ := strings.Cut(c.Why, "\n")
	result := &junit.Result{Message: clean(c.Title + ": " + first), Type: string(c.Result), Text: clean(c.Details())}
	switch {
	case c.Result == Fail && c.Known != "":
		test.Skipped = &junit.Result{Message: clean("known to fail: " + c.Known)}
	case c.Result == Fail:
		test.Failure = result
	case c.Result == Inconclusive && ungraded:
		test.Error = result
	case c.Result == Inconclusive:
		test.Skipped = &junit.Result{Message: clean("inconclusive: " + first), Text: result.Text}
	case c.Result == NotApplicable, c.Result == Skipped:
		test.Skipped = &junit.Result{Message: clean(c.Why)}
	case c.Result == Warn:
		test.Output = result.Text
	}
	return test
}

// Details returns what was found, why it matters, how to fix it, the command that repeats the
// check, and the exchange, also as a curl command, as text.
func (c *Result) Details() string {
	parts := []string{c.Why}
	for _, part := range []struct{ name, text string }{{"why it matters", c.Matters}, {"fix", c.Fix}, {"repeat", c.Command}} {
		if part.text != "" {
			parts = append(parts, part.name+": "+part.text)
		}
	}
	for i := range c.Attempts {
		parts = append(parts, c.Attempts[i].Delivery+" "+c.Attempts[i].String())
	}
	if e := c.Exchange; e != nil {
		parts = append(parts, "", e.Name, e.RequestText)
		if e.ResponseText != "" {
			parts = append(parts, "", "response: "+e.ResponseText)
		} else if e.Reason != "" {
			parts = append(parts, "", "no response: "+e.Reason)
		}
	}
	if text := c.curlText(); text != "" {
		parts = append(parts, "", text)
	}
	return strings.Join(parts, "\n")
}

// curlText returns the request of the exchange as a command, or why there is none; "" when there is
// no request.
func (c *Result) curlText() string {
	switch e := c.Exchange; {
	case c.Curl != "" || e == nil || c.Command == "" || e.Request.Method == "":
		return c.Curl
	case e.RequestCut > 0:
		return fmt.Sprintf("curl: no command, as %d bytes of the body are not in the report", e.RequestCut)
	}
	return "curl: no command, as curl cannot send the request as it was sent over the connection"
}
