package matchers

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/terminal"
)

// report is what Pass checks: scenarios.Report is one. This package knows it by its methods, so
// that a test without scenarios does not compile their runner. Ginkgo has a Report too, so the name
// is not exported: tests import both packages with a dot.
type report interface {
	// Passed reports whether every check was made and passed.
	Passed() bool
	// GomegaString returns the report as text: what passed, what did not and why, and how to repeat
	// it.
	GomegaString() string
}

// Pass succeeds when the report of a scenario says that it passed. A scenario that is inconclusive
// or skipped did not. The failure message is the report.
//
//	report, err := scenarios.Run(ctx, server.Client(), scenario, scenarios.Options{Target: url})
//	Expect(err).NotTo(HaveOccurred())
//	Expect(report).To(Pass())
func Pass() types.GomegaMatcher { return passMatcher{} }

type passMatcher struct{}

func (passMatcher) Match(actual any) (bool, error) {
	r, ok := actual.(report)
	if !ok || isNil(actual) {
		return false, fmt.Errorf("Pass wants a report such as scenarios.Report, got %s", typeOf(actual)) //nolint:staticcheck // a matcher's name
	}
	return r.Passed(), nil
}

func (passMatcher) FailureMessage(actual any) string {
	return terminal.Text("expected the scenario to pass:\n" + actual.(report).GomegaString())
}

func (passMatcher) NegatedFailureMessage(actual any) string {
	return terminal.Text("expected the scenario not to pass:\n" + actual.(report).GomegaString())
}

func (passMatcher) String() string { return "Pass()" }

// GomegaString names the matcher in Gomega's failure messages.
func (passMatcher) GomegaString() string { return "Pass()" }
