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
	b.start, b.cpu = time.Now(), processorTime()
	var workers sync.WaitGroup
	workers.Go(func() { first.run(running) })
	for range plan.Connections - 1 {
		w := newWorker(b)
		workers.Go(func() { w.run(running) })
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	b.observe(done, watch)
	took := time.Since(b.start)
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
	abort    context.CancelCauseFunc

	sent, acknowledged bitmap // by index
	inFlight           atomic.Int64

	mu       sync.Mutex
	problems []string
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
