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
		result := &junitResult{Message: clean(message), Type: string(s.Status), Text: clean(s.Detail + "\nrepeat: " + r.Repeat)}
		test.Output = clean(output(&s))
		switch s.Status {
		case Failed:
			suite.Failures++
			test.Failure = result
		case Inconclusive, Errored: // not the consumer's fault
			suite.Errors++
			test.Error = result
		case Skipped:
			suite.Skipped++
			test.Skipped, test.Output = &junitResult{Message: clean(s.Detail)}, ""
		}
		suite.Cases = append(suite.Cases, test)
	}
	return suite
}

// mostOutput is the largest number of bytes of the output of a test case.
const mostOutput = 64 << 10

// output returns what a step did as text: its details, deliveries and exchanges.
func output(s *StepReport) string {
	text := s.Detail + deliveriesText(s) + exchangesText(s)
	if len(text) <= mostOutput {
		return text
	}
	return strings.ToValidUTF8(text[:mostOutput], "") + fmt.Sprintf("\n… %d more bytes in the --json report", len(text)-mostOutput)
}

// deliveriesText returns the attempts of a step's deliveries as text, a line each.
func deliveriesText(s *StepReport) string {
	var text strings.Builder
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		fmt.Fprintf(&text, "\n\ndelivery %s (%s) to %s: %s", d.ID, strings.Join(append([]string{d.Event}, d.Faults...), ", "), d.URL, d.State)
		for k := range d.Attempts {
			a := &d.Attempts[k]
			fmt.Fprintf(&text, "\n  attempt %d after %s: %s in %s", a.N, Duration(a.Due.Sub(d.Attempts[0].Due)), a.result(), span(a.TookMS))
			if a.Reason != "" {
				text.WriteString(" (" + a.Reason + ")")
			}
		}
		if d.MoreAttempts > 0 {
			fmt.Fprintf(&text, "\n  %d further attempts are not listed", d.MoreAttempts)
		}
	}
	if s.MoreDeliveries > 0 {
		fmt.Fprintf(&text, "\n\n%d further deliveries are not listed", s.MoreDeliveries)
	}
	return text.String()
}

// exchangesText returns the exchanges of a step as text.
func exchangesText(s *StepReport) string {
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
