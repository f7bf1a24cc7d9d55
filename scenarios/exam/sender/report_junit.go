package sender

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
)

// WriteJUnit writes a report as JUnit XML for CI systems: one testsuite, with a testcase for each
// check. A warning is passed, and its text is in the output. Inconclusive is an error.
func WriteJUnit(w io.Writer, r Report) error {
	suite := junitSuite{
		Name: clean("sender of " + r.Provider), Tests: len(r.Checks), Timestamp: r.At.Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{{"bin", clean(r.Bin)}, {"provider", clean(r.Provider)}, {"retry", clean(r.Retry)}},
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		test := junitCase{Name: clean(c.ID), Class: clean(r.Provider + "." + string(c.Level))}
		first, _, _ := strings.Cut(c.Why, "\n")
		result := &junitResult{Message: clean(first), Type: string(c.Result), Text: clean(output(c))}
		switch c.Result {
		case Fail:
			suite.Failures++
			test.Failure = result
		case Inconclusive:
			suite.Errors++
			test.Error = result
		case NotApplicable, Skipped:
			suite.Skipped++
			test.Skipped = &junitResult{Message: clean(first)}
		case Warn:
			test.Output = result.Text
		}
		suite.Cases = append(suite.Cases, test)
	}
	all := junitSuites{Name: "hookrig", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suites: []junitSuite{suite}}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// output is what a check says, as text.
func output(c *Result) string {
	var text strings.Builder
	text.WriteString(c.Title)
	for _, part := range []string{c.Why, c.Matters} {
		if part != "" {
			text.WriteString("\n" + part)
		}
	}
	for i := range c.Attempts {
		a := &c.Attempts[i]
		fmt.Fprintf(&text, "\n%s, attempt %d at %s: %s (capture %s)", a.Delivery, a.N, a.At.UTC().Format("15:04:05.000"), a.Response, a.Capture)
	}
	if c.Fix != "" {
		text.WriteString("\nfix: " + c.Fix)
	}
	return text.String()
}

// clean escapes control sequences, which could change the log of a CI system, and replaces
// characters that XML 1.0 does not allow.
func clean(text string) string {
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(terminal.Text(text))
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
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
