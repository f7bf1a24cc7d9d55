package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Clock is the current state of the schedule's clock.
type Clock struct {
	Now     time.Time `json:"now"`
	Virtual bool      `json:"virtual"`
	Pending int       `json:"pending"`       // deliveries still pending
	Next    time.Time `json:"next,omitzero"` // when the next attempt is due
}

// maxAdvance bounds one Advance.
const maxAdvance = 10 * 365 * 24 * time.Hour

// Clock returns the schedule's clock.
func (d *Dispatcher) Clock() Clock { return d.schedule.clock() }

// Advance moves a virtual clock forward and makes every attempt that is due until then, in the
// order (due, sequence). Each is really sent. Those due at the same instant are made at once, as
// many as there are workers, and the clock moves on when all have ended, so what follows does not
// depend on which ended first.
//
// Advance waits until nothing is due before it moves the clock and before it returns. When ctx ends
// the clock stays at the instant that it has reached. It returns ErrRealClock for a real clock, and
// ErrInvalid for a negative or very long time.
func (d *Dispatcher) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return d.schedule.advanceBy(ctx, by)
}

// advanceBy checks the time by which a virtual clock is moved, and moves it.
func (s *schedule) advanceBy(ctx context.Context, by time.Duration) (Clock, error) {
	if !s.virtual {
		return s.clock(), fmt.Errorf("advance by %v: %w: start the server with a virtual one", by, ErrRealClock)
	}
	if by < 0 || by > maxAdvance {
		return s.clock(), fmt.Errorf("%w: advance by %v: want 0 to %v", ErrInvalid, by, maxAdvance)
	}
	err := s.advance(ctx, by)
	return s.clock(), err
}

// WaitIdle waits until nothing is due: every delivery is done, or waits for a later time of the
// clock. ErrClosed.
func (d *Dispatcher) WaitIdle(ctx context.Context) error { return d.schedule.waitIdle(ctx) }

// Await waits until a delivery is no longer pending and returns it. On a virtual clock a delivery
// with another attempt stays pending until Advance. It returns journal.ErrNotFound or ErrClosed.
func (d *Dispatcher) Await(ctx context.Context, id string) (journal.Delivery, error) {
	watch := d.store.Watch(journal.Filter{Delivery: id})
	defer watch.Close()
	for {
		// The order matters: a delivery that ends after this line is found in the store as ended,
		// or the watch reports it.
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
