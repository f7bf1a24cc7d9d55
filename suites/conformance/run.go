package conformance

import (
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/scenarios/exam"
)

// Run makes all checks that the consumer selects, each in a subtest whose name is level/theme/id.
// The subtests run one after another; several consumers can be checked in parallel tests.
func Run(t *testing.T, c Consumer) {
	t.Helper()
	var s session
	if err := s.open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, check := range s.exam.Checks() {
		t.Run(fmt.Sprintf("%s/%s/%s", check.Level, check.Theme, check.ID), func(t *testing.T) {
			result, err := s.exam.Check(t.Context(), check.ID)
			if err != nil {
				t.Fatalf("hookrig could not make the check: %v", err)
			}
			end(t, &result)
		})
	}
	t.Log(summary(s.exam.Report()))
}

// RunSender makes all checks that the sender selects, each in a subtest whose name is
// level/theme/id.
func RunSender(t *testing.T, s Sender) {
	t.Helper()
	report, err := s.examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Checks {
		r := &report.Checks[i]
		t.Run(fmt.Sprintf("%s/%s/%s", r.Level, r.Theme, r.ID), func(t *testing.T) { end(t, r) })
	}
	t.Log(summary(report))
}

// end ends the subtest with the result.
func end(t *testing.T, r *exam.Result) {
	t.Helper()
	switch {
	case fails(r):
		t.Error(describe(r))
	case r.Result == exam.Warn:
		t.Log(describe(r))
	case r.Result != exam.Pass:
		t.Skip(reason(r))
	}
}
