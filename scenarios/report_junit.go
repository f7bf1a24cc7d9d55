package scenarios

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
)

// WriteJUnit writes reports as JUnit XML for CI systems: one testsuite per scenario, one testcase
// per step.
func WriteJUnit(w io.Writer, reports []Report) error {
	all, took := junitSuites{Name: "hookrig"}, 0.0
	for i := range reports {
		suite := junitOf(&reports[i])
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		took += reports[i].TookMS
		all.Suites = append(all.Suites, suite)
	}
	all.Time = seconds(took)
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

func junitOf(r *Report) junitSuite {
	suite := junitSuite{
		Name: clean(r.Scenario), Tests: len(r.Steps), Time: seconds(r.TookMS),
		Properties: []junitProperty{{"seed", fmt.Sprint(r.Seed)}, {"status", string(r.Status)}, {"repeat", clean(r.Repeat)}, {"target", clean(r.Target)}},
	}
	if !r.Started.IsZero() {
		suite.Timestamp, suite.Hostname = r.Started.UTC().Format("2006-01-02T15:04:05"), hostname()
	}
	if r.File != "" {
		suite.File = clean(r.File)
	}
	for _, s := range r.Steps {
		test := junitCase{Name: clean(s.ID), Class: clean(r.Scenario), Time: seconds(s.TookMS)}
		message, _, _ := strings.Cut(s.Detail, "\n")
		result := &junitResult{Message: clean(message), Type: string(s.Status), Text: clean(s.Detail + "\nrepeat: " + r.Repeat + exchangesText(s))}
		switch s.Status {
		case Failed:
			suite.Failures++
			test.Failure = result
		case Inconclusive, Errored: // not the consumer's fault
			suite.Errors++
			test.Error = result
		case Skipped:
			suite.Skipped++
			test.Skipped = &junitResult{Message: clean(s.Detail)}
		default:
			test.Output = clean(s.Detail)
		}
		suite.Cases = append(suite.Cases, test)
	}
	return suite
}

// exchangesText returns the exchanges of a step as text.
func exchangesText(s StepReport) string {
	var text strings.Builder
	for _, e := range s.Exchanges {
		text.WriteString("\n\n" + e.Name + "\n" + e.RequestText)
		if e.Verification != nil {
			text.WriteString("\nsignature: " + string(e.Verification.Verdict) + " " + e.Verification.Explanation)
		}
		if e.ResponseText != "" {
			text.WriteString("\n\nresponse: " + e.ResponseText)
		} else if e.Reason != "" {
			text.WriteString("\n\nno response: " + e.Reason)
		}
	}
	if s.More > 0 {
		fmt.Fprintf(&text, "\n\n%d further exchanges are not listed", s.More)
	}
	return text.String()
}

// hostname returns the name of this machine, or "".
func hostname() string {
	name, _ := os.Hostname()
	return clean(name)
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

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
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	File       string          `xml:"file,attr,omitempty"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Hostname   string          `xml:"hostname,attr,omitempty"`
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
