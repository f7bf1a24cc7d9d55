package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver"
)

// ErrNoConsumer means that nothing listens at the target, so the run cannot check a consumer.
var ErrNoConsumer = errors.New("no consumer")

// checkSent checks the first new delivery of a step, until a delivery of the run was sent. It
// returns an error if that delivery could not be sent: either nothing listens at the target, or the
// server may not send there. Neither is a result about a consumer.
func (r *run) checkSent(ctx context.Context, ids []string) error {
	if r.reached || len(ids) == 0 || r.expectsUnsent() {
		return nil
	}
	d, err := r.client.Delivery(ctx, ids[0])
	if err != nil {
		return err
	}
	if len(d.Attempts) == 0 {
		return nil // it is not due yet, or a fault dropped it
	}
	a := &d.Attempts[0]
	if a.Outcome == mockserver.NotSent && keptBack(a) {
		return nil
	}
	if a.Outcome == mockserver.NotSent {
		return r.unreachable(&d, a)
	}
	r.reached = true
	return nil
}

// keptBack reports whether a fault kept an attempt from being sent.
func keptBack(a *mockserver.Attempt) bool {
	faults := strings.Split(a.Fault, ", ")
	return slices.Contains(faults, "drop") || slices.Contains(faults, "transport:bad_tls")
}

// unreachable returns the error of a delivery that could not be sent.
func (r *run) unreachable(d *mockserver.Delivery, a *mockserver.Attempt) error {
	for _, b := range r.bins {
		if leadsTo(d.URL, b.url) {
			return fmt.Errorf("the server cannot send to its own bin %s at %s: %s", b.label, b.url, a.Error)
		}
	}
	if strings.Contains(a.Error, mockserver.ErrForbidden.Error()) {
		return fmt.Errorf("the server may not send to %s: %s", d.URL, a.Error)
	}
	return fmt.Errorf("%w at %s: %s", ErrNoConsumer, d.URL, a.Error)
}

// expectsUnsent reports whether the scenario expects attempts that are not sent: then the test
// includes a consumer that is down.
func (r *run) expectsUnsent() bool {
	for i := range r.scenario.Steps {
		for _, e := range r.scenario.Steps[i].Expect {
			if e.Deliveries != nil && slices.Contains(e.Deliveries.Attempts.Outcomes, string(mockserver.NotSent)) {
				return true
			}
		}
	}
	return false
}

// describeTarget names the target of the run in reports.
func (r *run) describeTarget() string {
	switch t := r.scenario.Target; {
	case r.hasTargetURL():
		return r.targetURL
	case t.Bin != "":
		return fmt.Sprintf("the built-in bin %s (no --target)", t.Bin)
	case len(r.bins) > 0:
		return "built-in bins (the scenario names no target)"
	}
	return ""
}
