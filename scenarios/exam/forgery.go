package exam

import (
	"context"
	_ "embed"

	"github.com/hookrig/hookrig/scenarios"
)

//go:embed forged.yaml
var forged []byte

// forgery is what the consumer does with an event that is signed with another secret.
type forgery int

// The values of forgery.
const (
	untried  forgery = iota
	refused          // or the provider signs nothing
	accepted         // it answers 2xx and, if the effect can be read, acts
)

// tryForgery sends a forgery, once in an exam: it is the control of checks that prove something
// only of a consumer that checks signatures.
func (e *Exam) tryForgery(ctx context.Context) error {
	if e.forgery != untried {
		return nil
	}
	s, err := scenarios.Parse("forged.yaml", forged, e.catalogue)
	if err != nil {
		return err
	}
	var before float64
	measured := e.meter.usable()
	if measured {
		if before, err = e.meter.now(ctx); err != nil {
			return e.meter.note(ctx, err)
		}
	}
	report, err := e.run(ctx, s, e.seedOf("forgery"))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	e.fresh, e.meter.working = false, e.meter.working || unanswered(&report)
	e.forgery = refused
	if a := attempted(&report, err); !a.accepted() {
		return nil
	}
	if measured {
		change, err := e.meter.change(ctx, before, 0)
		if err != nil {
			return e.meter.note(ctx, err)
		}
		if change <= e.meter.greeting {
			return nil
		}
	}
	e.forgery = accepted
	return nil
}
