package scenarios

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hookrig/hookrig/internal/junit"
)

// WriteJUnit writes reports as JUnit XML for CI systems: one testsuite per scenario, one testcase
// per step.
func WriteJUnit(w io.Writer, reports []Report) error {
	all, took := junit.Suites{Name: "hookrig"}, 0.0
	for i := range reports {
		took += reports[i].TookMS
		all.Suites = append(all.Suites, junitOf(&reports[i]))
	}
	all.Time = junit.Seconds(took)
	return junit.Write(w, all)
}

func junitOf(r *Report) junit.Suite {
	clean := junit.Clean
	suite := junit.Suite{
		Name: clean(r.Scenario), Time: junit.Seconds(r.TookMS),
		Properties: []junit.Property{
			{Name: "seed", Value: fmt.Sprint(r.Seed)},
			{Name: "status", Value: string(r.Status)},
			{Name: "repeat", Value: clean(r.Repeat)},
			{Name: "target", Value: clean(r.Target)},
		},
	}
	if !r.Started.IsZero() {
		suite.Timestamp, suite.Hostname = junit.Timestamp(r.Started), hostname()
	}
	if r.File != "" {
		suite.File = clean(r.File)
	}
	for _, s := range r.Steps {
		test := junit.Case{Name: clean(s.ID), Class: clean(r.Scenario), Time: junit.Seconds(s.TookMS)}
		message, _, _ := strings.Cut(s.Detail, "\n")
		result := &junit.Result{Message: clean(message), Type: string(s.Status), Text: clean(s.Detail + "\nrepeat: " + r.Repeat)}
		test.Output = clean(output(&s))
		switch s.Status {
		case Failed:
			test.Failure = result
		case Inconclusive, Errored: // not the consumer's fault
			test.Error = result
		case Skipped:
			test.Skipped, test.Output = &junit.Result{Message: clean(s.Detail)}, ""
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
	return junit.Clean(name)
}
