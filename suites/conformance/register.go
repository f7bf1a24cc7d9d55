package conformance

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// Consumer is the program to check, and how. URL, Provider and Secret are enough; with EffectFunc
// or Effect the exam sees what the consumer does, and not only what it answers.
type Consumer = exam.Consumer

// Register makes a spec for each check of a consumer that receives the events of a provider. Call
// it at the top level or in any container, several times for several consumers. consumer is called
// when the specs run, so it can use what a BeforeSuite or BeforeEach has set; its Provider may be
// "". Register returns true, so that you can write var _ = conformance.Register(…).
func Register(provider string, consumer func() Consumer) bool {
	checks, err := exam.Checks()
	if err != nil {
		panic(err) // the checks are part of the program
	}
	caller := types.NewCodeLocation(1)
	return Describe("webhook consumer: "+provider, Label(provider), caller, func() {
		around := CurrentTreeConstructionNodeReport()
		for _, g := range []group{
			{name: "requests", checks: slices.DeleteFunc(slices.Clone(checks), alone)},
			{name: "restarts and load", checks: slices.DeleteFunc(slices.Clone(checks), func(c exam.Check) bool { return !alone(c) }), alone: true},
		} {
			if len(g.checks) == 0 {
				continue
			}
			g.caller, g.provider, g.consumer = caller, provider, consumer
			Describe(g.name, append(g.decorators(around), func() { g.specs() })...)
		}
	})
}

// alone reports whether no other spec may run at the same time as the check.
func alone(c exam.Check) bool {
	return c.Theme == "load" || slices.Contains(c.Needs, scenarios.NeedsRestart)
}

// group is a container of specs that share one exam.
type group struct {
	name     string
	checks   []exam.Check
	alone    bool
	caller   types.CodeLocation
	provider string
	consumer func() Consumer
}

// decorators returns the decorators of the container. An exam counts what the consumer does, so its
// specs run one after another, in one process. Ginkgo permits one Ordered container around a spec:
// within one of the user's, this one is not.
func (g *group) decorators(around ConstructionNodeReport) []any {
	decorators := []any{g.caller}
	if around.IsInOrderedContainer {
		return decorators
	}
	decorators = append(decorators, Ordered, ContinueOnFailure)
	if g.alone {
		decorators = append(decorators, Serial)
	}
	return decorators
}

// specs makes the specs of the container.
func (g *group) specs() {
	s := &session{}
	BeforeAll(func(ctx SpecContext) {
		DeferCleanup(s.close)
		g.open(ctx, s)
	})
	for _, check := range g.checks {
		text := fmt.Sprintf("%s [%s]", check.Title, check.ID)
		It(text, Label(string(check.Level), string(check.Theme)), g.caller, func(ctx SpecContext) {
			g.open(ctx, s)
			if !s.selects(check.ID) {
				Skip("Consumer.Only and Consumer.Gate do not select it")
			}
			result, err := s.exam.Check(ctx, check.ID)
			if err != nil {
				Fail("hookrig could not make the check: " + err.Error())
			}
			tell(s.entry(result))
		})
	}
}

// open starts the exam of the consumer, unless it has been started. A BeforeEach around the specs
// may replace the consumer: then there is another exam.
func (g *group) open(ctx context.Context, s *session) {
	c := g.consumer()
	if c.Provider == "" {
		c.Provider = g.provider
	}
	if c.Provider != g.provider {
		Fail(fmt.Sprintf("Register has the provider %q, and the Consumer %q", g.provider, c.Provider))
	}
	if g.alone && c.Seed != 0 {
		c.Seed += aloneSeed
	}
	if err := s.open(ctx, c); err != nil {
		Fail(err.Error())
	}
}

// aloneSeed is added to the seed of the second exam of a consumer: with the same seed, it would
// send the same ids again, and the consumer would take its events for duplicates.
const aloneSeed = 1 << 32

// tell ends the spec with the result.
func tell(e entry) {
	visibility := ReportEntryVisibilityNever // its failure or its reason is shown
	r := e.result()
	if r.Result == exam.Warn {
		visibility = ReportEntryVisibilityFailureOrVerbose
	}
	AddReportEntry(entryName, e, visibility)
	switch {
	case fails(r):
		Fail(describe(r))
	case r.Result != exam.Pass && r.Result != exam.Warn:
		Skip(reason(r))
	}
}
