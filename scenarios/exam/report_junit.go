package exam

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

// WriteJUnit writes a report as JUnit XML: one testcase for each check, in a testsuite for each
// theme. A warning is a success with a text. A check that could not be graded is an error; one that
// does not apply, and one that was left out, are skipped.
func WriteJUnit(w io.Writer, r Report) error {
	all := junitSuites{Name: "hookrig check", Time: seconds(r.TookMS)}
	for _, theme := range r.themes() {
		suite := junitSuite{Name: "hookrig check " + r.Provider + ": " + string(theme), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05")}
		suite.Properties = []junitProperty{{"url", clean(r.URL)}, {"event", clean(r.Event)}, {"seed", fmt.Sprint(r.Seed)}}
		if s := r.Sender; s != nil {
			suite.Properties = []junitProperty{{"bin", clean(s.Bin)}, {"retry", clean(s.Retry)}}
		}
		took := 0.0
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Theme == theme {
				suite.add(c)
				took += c.TookMS
			}
		}
		if suite.Time = seconds(took); suite.Tests == 0 {
			continue
		}
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
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

// add adds the testcase of a result.
func (s *junitSuite) add(c *Result) {
	s.Tests++
	test := junitCase{Name: clean(c.ID), Class: clean(string(c.Level) + "." + string(c.Theme)), Time: seconds(c.TookMS)}
	first, _, _ := strings.Cut(c.Why, "\n")
	result := &junitResult{Message: clean(c.Title + ": " + first), Type: string(c.Result), Text: clean(c.Details())}
	switch {
	case c.Result == Fail && c.Known != "":
		test.Skipped = &junitResult{Message: clean("known to fail: " + c.Known)}
		s.Skipped++
	case c.Result == Fail:
		test.Failure = result
		s.Failures++
	case c.Result == Inconclusive:
		test.Error = result
		s.Errors++
	case c.Result == NotApplicable, c.Result == Skipped:
		test.Skipped = &junitResult{Message: clean(c.Why)}
		s.Skipped++
	case c.Result == Warn:
		test.Output = result.Text
	}
	s.Cases = append(s.Cases, test)
}

// Details returns what was found, why it matters, how to fix it, the command that repeats the
// check, and the exchange, as text.
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
	return strings.Join(parts, "\n")
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

// clean escapes control sequences, and replaces characters that XML 1.0 does not allow.
func clean(text string) string {
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(terminal.Text(text))
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string       `xml:"name,attr"`
	Class   string       `xml:"classname,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitResult `xml:"failure"`
	Error   *junitResult `xml:"error"`
	Skipped *junitResult `xml:"skipped"`
	Output  string       `xml:"system-out,omitempty"`
}

type junitResult struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}
