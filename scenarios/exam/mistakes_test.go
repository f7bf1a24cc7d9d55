package exam

import (
	"slices"
	"testing"

	"github.com/hookrig/hookrig/scenarios"
)

// TestMistakes checks that every mistake of a consumer fails the checks that are about it, and no
// others.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		provider, mistake string
		fails             []string // sorted
	}{
		{"neostore", "verifies a rewritten body", []string{"body-json-styles"}},
		{"neostore", "acts before it refuses", []string{"signature-wrong-secret"}},
		{"neostore", "is idle after a forgery", []string{"signature-wrong-secret"}},
		{"github", "acts twice", []string{"duplicate-concurrent-copies", "duplicate-sequential"}},
		{"stripe", "refuses duplicates", []string{"duplicate-sequential"}},
		{"github", "last event wins", []string{"order-reversed"}},
		{"stripe", "refuses unknown events", []string{"schema-unknown-event"}},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel()
			consumer := startProgram(t, c.provider, c.mistake).consumer()
			consumer.Only = []string{
				"body-json-styles", "signature-wrong-secret", "duplicate-concurrent-copies", "duplicate-sequential", "order-reversed", "schema-unknown-event",
			}
			if c.mistake == "is idle after a forgery" {
				consumer.Only = c.fails // nothing after it can be graded
			}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			failed := counted(report, Fail)
			slices.Sort(failed)
			if !slices.Equal(failed, c.fails) {
				t.Errorf("want %v failed, got %v\n%s", c.fails, failed, text(t, report))
			}
		})
	}
}

// TestAcceptsEverything checks that a consumer which accepts and does everything passes no negative
// check.
func TestAcceptsEverything(t *testing.T) {
	t.Parallel()
	report, err := Run(t.Context(), nil, startProgram(t, "neostore", "accepts everything").consumer())
	if err != nil {
		t.Fatal(err)
	}
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	negative := func(id string) bool {
		return slices.ContainsFunc(checks, func(c Check) bool {
			return c.ID == id && c.Effect == scenarios.NoEffect && c.Theme != "transport" && c.Theme != "method" && !slices.Contains(c.Needs, scenarios.NeedsVerification)
		})
	}
	for _, c := range report.Checks {
		if negative(c.ID) && c.Result != Fail && c.Result != NotApplicable {
			t.Errorf("%s is %s", c.ID, c.Result)
		}
	}
	if len(report.Failures(scenarios.Must)) < 8 {
		t.Error("want more checks to fail")
	}
	for i := range checks {
		if r := byID(report)[checks[i].ID]; slices.Contains(checks[i].Needs, scenarios.NeedsVerification) && r.Result != Inconclusive && r.Result != NotApplicable {
			t.Errorf("%s is %s: it proves nothing of a consumer that takes forgeries", r.ID, r.Result)
		}
	}
	if r := byID(report)["duplicate-sequential"]; r.Result != Fail || r.Exchange == nil || r.Curl == "" {
		t.Errorf("%+v", r)
	}
	if t.Failed() {
		t.Log(text(t, report))
	}
}
