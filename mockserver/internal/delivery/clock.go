package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Clock is the schedule's clock as it stands.
type Clock struct {
	Now     time.Time `json:"now"`
	Virtual bool      `json:"virtual"`
	Pending int       `json:"pending"`       // deliveries still pending
	Next    time.Time `json:"next,omitzero"` // when the next attempt is due
}

// longestAdvance bounds one Advance.
const longestAdvance = 10 * 365 * 24 * time.Hour

// Clock returns the schedule's clock.
func (d *Dispatcher) Clock() Clock { return d.schedule.clock() }

// Advance moves a virtual clock forward, making every attempt that becomes due in the order (due, sequence), each really
// sent. It returns when they have settled. Those due at the same instant are made at once, as many as there are
// workers; the clock moves on when all have ended, so what follows from them does not depend on who was first.
//
// Before it moves the clock it settles. When ctx ends the clock stays at the instant it had come to.
// ErrRealClock on a real one, ErrInvalid for a negative or very long time.
func (d *Dispatcher) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return d.schedule.advanceBy(ctx, by)
}

// advanceBy checks a step of a virtual clock and takes it.
func (s *schedule) advanceBy(ctx context.Context, by time.Duration) (Clock, error) {
	if !s.virtual {
		return s.clock(), fmt.Errorf("advance by %v: %w: start the server with a virtual one", by, ErrRealClock)
	}
	if by < 0 || by > longestAdvance {
		return s.clock(), fmt.Errorf("%w: advance by %v: want 0 to %v", ErrInvalid, by, longestAdvance)
	}
	err := s.advance(ctx, by)
	return s.clock(), err
}

// WaitIdle waits until nothing is due: every delivery is done, or waits for a later time of the clock. ErrClosed.
func (d *Dispatcher) WaitIdle(ctx context.Context) error { return d.schedule.settle(ctx) }

// Await waits until a delivery is no longer pending and returns it. On a virtual clock a delivery that is to be tried
// again stays pending until Advance. journal.ErrNotFound, ErrClosed.
func (d *Dispatcher) Await(ctx context.Context, id string) (journal.Delivery, error) {
	watch := d.store.Watch(journal.Filter{Delivery: id})
	defer watch.Close()
	for {
		// The order matters: what ends after it was looked for here is found ended in the store, or is told by the watch.
		done, changed := d.schedule.await(id), watch.C()
		if done != nil {
			changed = nil
		}
		delivery, err := d.store.Delivery(ctx, id)
		if err != nil || delivery.State != journal.Pending {
			return delivery, err
		}
		select {
		case <-ctx.Done():
			return delivery, context.Cause(ctx)
		case <-d.ctx.Done():
			return delivery, ErrClosed
		case <-done:
		case <-changed:
		}
	}
}
