package scenarios_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// TestReportsAreNotSteered checks that quoted data cannot add colours or lines to a report.
func TestReportsAreNotSteered(t *testing.T) {
	t.Parallel()
	const bad = "x\x1b[32mpassed\x1b[0m\x1b]52;c;aGk=\x07\u009b1m\x9b\u202e\rforged\nforged"
	report := scenarios.Report{
		Scenario: bad, Description: bad, Target: bad, File: bad, Status: scenarios.Failed, Repeat: bad, Notes: []string{bad},
		Steps: []scenarios.StepReport{{
			ID: bad, Status: scenarios.Failed, Detail: bad, Exchanges: []scenarios.Exchange{{
				Name: bad, Reason: bad, RequestText: bad, ResponseText: bad, Request: mockserver.Message{Method: bad},
			}}, Differences: []scenarios.Difference{{What: bad, Want: bad, Got: "x"}},
			NearMisses: []scenarios.NearMiss{{Capture: bad, Method: bad, Target: bad, Differences: []string{bad}}},
			Deliveries: []scenarios.DeliveryReport{{
				ID: bad, Provider: bad, Event: bad, URL: bad, Faults: []string{bad}, State: bad,
				Attempts: []scenarios.AttemptReport{{N: 1, Outcome: bad, Reason: bad, Fault: bad}},
			}},
		}},
	}
	reports := []scenarios.Report{report, report}
	var text bytes.Buffer
	if err := scenarios.WriteText(&text, reports, scenarios.TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	got := text.String()
	if strings.Contains(got, "\x1b[32m") || !strings.Contains(got, "\x1b[31mfailed") {
		t.Errorf("the colours are not the report's own:\n%q", got)
	}
	got = strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(got)
	if strings.Contains(got, "\nforged") {
		t.Errorf("a stranger's line: %q", got)
	}
	outputs := map[string]string{"text": got}
	for format, write := range map[string]func(io.Writer, []scenarios.Report) error{
		"JUnit": scenarios.WriteJUnit, "HTML": scenarios.WriteHTML, "summary": scenarios.WriteSummary,
		"annotations": func(w io.Writer, r []scenarios.Report) error { return scenarios.WriteAnnotations(w, r, "") },
	} {
		text.Reset()
		if err := write(&text, reports); err != nil {
			t.Fatal(err)
		}
		outputs[format] = text.String()
	}
	for format, got := range outputs {
		if terminal.Text(got) != got {
			t.Errorf("%s steers: %q", format, got)
		}
		if format == "annotations" && strings.Contains(got, "\nforged") {
			t.Errorf("a stranger's line: %q", got)
		}
	}
}
