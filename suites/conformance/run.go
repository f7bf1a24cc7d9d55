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
			switch r := &result; {
			case fails(r):
				t.Error(describe(r))
			case r.Result == exam.Warn:
				t.Log(describe(r))
			case r.Result != exam.Pass:
				t.Skip(reason(r))
			}
		})
	}
	t.Log(summary(s.exam.Report()))
}
