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
			g.all, g.caller, g.provider, g.consumer = checks, caller, provider, consumer
			Describe(g.name, append(decorators(around, caller, g.alone), func() { g.specs() })...)
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
	all      []exam.Check // of the exam
	alone    bool
	caller   types.CodeLocation
	provider string
	consumer func() Consumer
}

// decorators returns the decorators of a container. An exam counts what the program does, so its
// specs run one after another, in one process. Ginkgo permits one Ordered container around a spec:
// within one of the user's, this one is not.
func decorators(around ConstructionNodeReport, caller types.CodeLocation, alone bool) []any {
	decorators := []any{caller}
	if around.IsInOrderedContainer {
		return decorators
	}
	decorators = append(decorators, Ordered, ContinueOnFailure)
	if alone {
		decorators = append(decorators, Serial)
	}
	return decorators
}

// specs makes the specs of the container.
func (g *group) specs() {
	s := &session{}
	BeforeAll(func(ctx SpecContext) {
		DeferCleanup(s.close)
		if c := g.given(); slices.ContainsFunc(g.checks, func(check exam.Check) bool { return g.selects(c, check.ID) }) {
			g.open(ctx, s, c)
		}
	})
	for _, check := range g.checks {
		text := fmt.Sprintf("%s [%s]", check.Title, check.ID)
		It(text, Label(string(check.Level), string(check.Theme)), g.caller, func(ctx SpecContext) {
			c := g.given()
			if !g.selects(c, check.ID) {
				Skip("Consumer.Only and Consumer.Gate do not select it")
			}
			// It is open already, unless a BeforeEach around the specs has replaced the consumer.
			g.open(ctx, s, c)
			result, err := s.exam.Check(ctx, check.ID)
			if err != nil {
				Fail("hookrig could not make the check: " + err.Error())
			}
			tell(s.entry(result))
		})
	}
}

// given returns the user's consumer.
func (g *group) given() Consumer {
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
	return c
}

// selects reports whether the consumer selects the check. It is true for words that name nothing:
// the exam says what is wrong with them.
func (g *group) selects(c Consumer, id string) bool {
	selected, err := exam.Select(g.all, c.Only...)
	if err != nil || c.Gate != "" && !slices.Contains(exam.Gates(), c.Gate) {
		return true
	}
	return slices.ContainsFunc(exam.AtGate(selected, c.Gate), func(check exam.Check) bool { return check.ID == id })
}

// open starts the exam of the consumer, unless it has been started.
func (g *group) open(ctx context.Context, s *session, c Consumer) {
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
