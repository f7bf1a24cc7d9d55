package delivery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// RunOptions configure a run.
type RunOptions struct {
	// RealClock has the run's deliveries follow the wall clock. Without it the run has a virtual
	// clock, which only AdvanceRun moves.
	RealClock bool `json:"real_clock,omitempty"`
	// Start is where a virtual clock starts; zero is fixtures.DefaultStart.
	Start time.Time `json:"start,omitzero"`
}

// Bounds of runs. When there are too many, those that nobody has used for idleRun are ended: their
// programs have most likely crashed.
const (
	maxRuns = 256
	idleRun = 10 * time.Minute
)

// runs share a dispatcher without seeing each other: the endpoints of a run get the events that are
// emitted in it and no others, and their deliveries follow the run's own clock. The zero runs is
// empty. Runs do not outlive a restart.
type runs struct {
	mu   sync.Mutex
	byID map[string]*run
}

// run is one run.
type run struct {
	schedule schedule
	used     time.Time // when it was last asked for
	leftRun  bool      // an event of it went to endpoints of no run
}

// BeginRun begins a run and returns its id. EndRun ends it. Errors wrap ErrInvalid when there are
// too many.
func (d *Dispatcher) BeginRun(ctx context.Context, o RunOptions) (string, error) {
	if err := d.Err(); err != nil {
		return "", err
	}
	if err := d.endIdleRuns(ctx); err != nil {
		return "", err
	}
	if o.Start.IsZero() {
		o.Start = fixtures.DefaultStart
	}
	r := &run{used: time.Now()}
	r.schedule.dispatcher, r.schedule.workers, r.schedule.virtual = d, d.schedule.workers, !o.RealClock
	id := strings.ToLower(rand.Text()[:10])
	d.runs.mu.Lock()
	defer d.runs.mu.Unlock()
	if err := d.Err(); err != nil {
		return "", err // Close has come first, and does not wait for a schedule that begins now
	}
	if d.runs.byID == nil {
		d.runs.byID = map[string]*run{}
	}
	r.schedule.open(o.Start.UTC().Round(0))
	d.runs.byID[id] = r
	return id, nil
}

// endIdleRuns ends the runs that nobody has used for long, when there are too many.
func (d *Dispatcher) endIdleRuns(ctx context.Context) error {
	var idle []string
	d.runs.mu.Lock()
	full := len(d.runs.byID) >= maxRuns
	for id, r := range d.runs.byID {
		if full && time.Since(r.used) > idleRun {
			idle = append(idle, id)
		}
	}
	d.runs.mu.Unlock()
	for _, id := range idle {
		if err := d.EndRun(ctx, id); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
	}
	if full && len(idle) == 0 {
		return fmt.Errorf("%w: there are %d runs and no more: end some", ErrInvalid, maxRuns)
	}
	return nil
}

// EndRun ends a run: its endpoints are removed, and what is queued for them is stopped. It returns
// journal.ErrNotFound when there is no run of that id.
func (d *Dispatcher) EndRun(ctx context.Context, id string) error {
	// Register holds this lock too, so the run gets no endpoint after it was deleted.
	d.registry.lock()
	d.runs.mu.Lock()
	r := d.runs.byID[id]
	delete(d.runs.byID, id)
	d.runs.mu.Unlock()
	d.registry.unlock()
	if r == nil {
		return runNotFound(id)
	}
	defer r.schedule.close(func() {})
	var failed []error
	for _, e := range d.registry.endpoints("") {
		if e.Run == id {
			if err := d.Remove(context.WithoutCancel(ctx), e.ID); err != nil && !errors.Is(err, journal.ErrNotFound) {
				failed = append(failed, err)
			}
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("end run %q: %w", id, errors.Join(failed...))
	}
	return nil
}

func runNotFound(id string) error { return fmt.Errorf("run %q: %w", id, journal.ErrNotFound) }

// run returns the run of that id.
func (d *Dispatcher) run(id string) (*run, error) {
	d.runs.mu.Lock()
	defer d.runs.mu.Unlock()
	r := d.runs.byID[id]
	if r == nil {
		return nil, runNotFound(id)
	}
	r.used = time.Now()
	return r, nil
}

// scheduleOf returns the schedule of a run's deliveries; "" is the dispatcher's own.
func (d *Dispatcher) scheduleOf(run string) (*schedule, error) {
	if run == "" {
		return &d.schedule, nil
	}
	r, err := d.run(run)
	if err != nil {
		return nil, err
	}
	return &r.schedule, nil
}

// noteLeftRun notes that an event of a run went to endpoints of no run, which follow the
// dispatcher's clock.
func (d *Dispatcher) noteLeftRun(id string) {
	d.runs.mu.Lock()
	defer d.runs.mu.Unlock()
	if r := d.runs.byID[id]; r != nil {
		r.leftRun = true
	}
}

// RunClock is Clock of a run.
func (d *Dispatcher) RunClock(id string) (Clock, error) {
	r, err := d.run(id)
	if err != nil {
		return Clock{}, err
	}
	return r.schedule.clock(), nil
}

// AdvanceRun is Advance of a run: no other delivery moves.
func (d *Dispatcher) AdvanceRun(ctx context.Context, id string, by time.Duration) (Clock, error) {
	r, err := d.run(id)
	if err != nil {
		return Clock{}, err
	}
	return r.schedule.advanceBy(ctx, by)
}

// WaitIdleRun is WaitIdle for a run. When events of the run went to endpoints outside it, it waits
// for the whole dispatcher.
func (d *Dispatcher) WaitIdleRun(ctx context.Context, id string) error {
	r, err := d.run(id)
	if err != nil {
		return err
	}
	if err := r.schedule.waitIdle(ctx); err != nil {
		return err
	}
	d.runs.mu.Lock()
	leftRun := r.leftRun
	d.runs.mu.Unlock()
	if leftRun {
		return d.schedule.waitIdle(ctx)
	}
	return nil
}

// closeRuns ends the schedules of all runs, whose attempts have been cancelled.
func (d *Dispatcher) closeRuns() {
	d.runs.mu.Lock()
	named := d.runs.byID
	d.runs.byID = nil
	d.runs.mu.Unlock()
	for _, r := range named {
		r.schedule.close(func() {})
	}
}
