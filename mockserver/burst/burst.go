package burst

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Run sends the burst and returns its report. When ctx ends, Run cuts short the requests in flight
// and returns what was done until then, with the error of ctx. It returns ErrNoConsumer, and the
// reason in the report, when the first connection cannot be opened. watch, if not nil, is called
// from one goroutine about ten times a second; an error that it returns ends the burst, and is in
// the report's Problems.
func Run(ctx context.Context, plan Plan, watch func(Progress) error) (*Report, error) {
	if err := plan.check(); err != nil {
		return nil, err
	}
	l, err := newLoad(&plan)
	if err != nil {
		return nil, err
	}
	b := &burst{load: l, schedule: newSchedule(&plan), measure: newMeasure(l)}
	b.schedule.mine = l.mine
	b.client = &wire.Client{Dial: plan.Dial, Trust: plan.Trust}
	defer b.client.CloseIdle()

	// The first connection is opened before anything is counted: without a consumer there is no
	// burst.
	first := newWorker(b)
	if err := first.connect(ctx, 0, time.Now().Add(plan.timeoutOf(l.provider()))); err != nil {
		report := b.report(0)
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		reason := wire.Reason(err)
		report.Reasons[notSent.String()+": "+reason] = 1
		return report, fmt.Errorf("%w at %s: %s", ErrNoConsumer, plan.URLs[0], reason)
	}

	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b.abort = cancel
	if err := b.begin(running); err != nil {
		return b.report(0), err
	}
	var workers sync.WaitGroup
	workers.Go(func() { first.run(running) })
	for range plan.connections() - 1 {
		w := newWorker(b)
		workers.Go(func() { w.run(running) })
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	b.observe(done, watch)
	took := b.end()
	if running.Err() != nil && ctx.Err() == nil {
		b.problem(context.Cause(running).Error())
	}
	report := b.report(took)
	report.Check(plan.Thresholds)
	return report, context.Cause(ctx)
}

// burst is a running burst.
type burst struct {
	load     *load
	schedule *schedule
	measure  *measure
	client   *wire.Client // for requests that a Conn cannot send
	start    time.Time
	cpu      time.Duration // of the process, at the start
	took     atomic.Int64  // nanoseconds; 0 until the end
	abort    context.CancelCauseFunc

	sent, acknowledged bitmap // by index
	inFlight           atomic.Int64

	mu       sync.Mutex
	problems []string
}

// begin waits for the start of the plan.
func (b *burst) begin(ctx context.Context) error {
	b.start = time.Now()
	if start := b.load.plan.Start; !start.IsZero() {
		// relative to now, so that a step of the machine's clock changes nothing
		b.start = b.start.Add(start.Sub(b.start))
		timer := time.NewTimer(time.Until(b.start))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	b.cpu = processorTime()
	return nil
}

// end sets how long the burst took, and returns it.
func (b *burst) end() time.Duration {
	took := time.Since(b.start)
	b.took.Store(int64(took))
	return took
}

// elapsed returns how long the burst has run.
func (b *burst) elapsed() time.Duration {
	if took := b.took.Load(); took > 0 {
		return time.Duration(took)
	}
	return time.Since(b.start)
}

// problem keeps why the burst could not go on as planned, each reason once.
func (b *burst) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.problems, text) && len(b.problems) < maxReasons {
		b.problems = append(b.problems, text)
	}
}

// troubles returns the problems so far.
func (b *burst) troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.problems)
}
