package mockserver

import (
	"context"
	"time"
)

// Run is a Client whose calls belong to one run. Runs share a server without seeing each other: an endpoint that is registered in a run gets
// the events that are emitted in it and no others, and its deliveries follow the run's own clock. Bins are shared: give yours names that no
// other run has.
type Run struct {
	Client
	id string
}

var _ Client = (*Run)(nil)

// BeginRun begins a run on the server that client drives. Close ends it.
func BeginRun(ctx context.Context, client Client, o RunOptions) (*Run, error) {
	id, err := client.BeginRun(ctx, o)
	if err != nil {
		return nil, err
	}
	return &Run{client, id}, nil
}

// ID names the run.
func (r *Run) ID() string { return r.id }

// Close ends the run: its endpoints are removed, and what is queued for them is stopped. Its deliveries and captures stay.
func (r *Run) Close(ctx context.Context) error { return r.EndRun(ctx, r.id) }

// Register registers an endpoint in the run.
func (r *Run) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	e.Run = r.id
	return r.Client.Register(ctx, e)
}

// Emit emits events in the run.
func (r *Run) Emit(ctx context.Context, name string, list ...Emission) ([]Delivery, error) {
	mine := make([]Emission, len(list))
	for i, e := range list {
		e.Run = r.id
		mine[i] = e
	}
	return r.Client.Emit(ctx, name, mine...)
}

// Clock returns the run's clock.
func (r *Run) Clock(ctx context.Context) (Clock, error) { return r.RunClock(ctx, r.id) }

// Advance moves the run's clock, and no other.
func (r *Run) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return r.AdvanceRun(ctx, r.id, by)
}

// WaitIdle waits until nothing of the run is due.
func (r *Run) WaitIdle(ctx context.Context) error { return r.WaitIdleRun(ctx, r.id) }
