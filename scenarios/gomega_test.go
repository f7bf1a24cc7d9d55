package scenarios

import (
	"strings"
	"testing"
)

// A report tells Gomega whether it passed, and what WriteText writes.
func TestReportForGomega(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]bool{Passed: true, Failed: false, Inconclusive: false, Errored: false, Skipped: false, "": false} {
		r := Report{Scenario: "tour", Seed: 7, Status: status, Steps: []StepReport{{ID: "one", Verb: "deliver", Status: status, Detail: "want 2xx, got \x1b500"}}}
		if r.Passed() != want {
			t.Errorf("%q passed: %v", status, r.Passed())
		}
		if got, all := r.GomegaString(), text(t, r); strings.TrimSpace(got) != strings.TrimSpace(all) || strings.Contains(got, "\x1b") {
			t.Errorf("%q: %s, want %s", status, got, all)
		}
	}
}
