package replay

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// DefaultConnections is how many requests a paced Plan has under way at once unless it says otherwise.
const DefaultConnections = 64

// Plan says how captures are sent again.
type Plan struct {
	To     string // an absolute http or https URL
	Change Change
	Client *wire.Client
	// Timeout of one request; 0 is none.
	Timeout time.Duration
	// Connections bounds the requests under way at once. 0 is 1 without Speed, DefaultConnections with it.
	Connections int
	// Speed is the recorded pace times a number above 0: 1 sends as they came, 10 ten times as fast. 0 sends each when a connection is free.
	// A capture that came earlier than the one before it, or without a time, is due with that one.
	Speed float64
	// MaxGap bounds the time between two captures as they are sent; 0 is none. What follows a shortened gap moves with it.
	MaxGap time.Duration
	// Waiting is called before a wait for the next capture; nil is not.
	Waiting func(wait time.Duration)
	// Sent is called with each exchange when it is over, one at a time. An error ends the run.
	Sent func(Exchange) error
}

// Exchange is a capture that was sent again, and what came of it.
type Exchange struct {
	Index   int // of the capture, from 0
	Capture journal.Capture
	Attempt journal.Attempt
	Notes   []string      // see Change.Apply
	Lag     time.Duration // how long after it was due it was sent; 0 without Speed
}

// Summary counts a run.
type Summary struct {
	Sent         int // exchanges that Plan.Sent was called with
	Acknowledged int // of them, answered with 2xx
	// LagP50 and LagMax are how late captures were sent, the median and the most; 0 without Speed.
	LagP50, LagMax time.Duration
}

// Run sends the captures in their order and returns when every exchange is over. It returns early, with the context's error, when ctx ends:
// requests under way are broken off then, and one that had not begun is not among the exchanges. Other errors are wire.ErrForbidden, that of
// the captures, or that of Sent.
func (p *Plan) Run(ctx context.Context, captures iter.Seq2[journal.Capture, error]) (Summary, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := &run{plan: p, stop: stop, free: make(chan struct{}, p.connections())}
	var work sync.WaitGroup
	clock := p.clock()
	index := 0
	for c, err := range captures {
		if err != nil {
			stop(err)
			break
		}
		due, ok := clock.wait(sending, c.At)
		if !ok {
			break
		}
		select {
		case r.free <- struct{}{}:
		case <-sending.Done():
		}
		if sending.Err() != nil {
			break
		}
		i := index
		index++
		work.Go(func() {
			defer func() { <-r.free }()
			r.exchange(sending, i, c, due)
		})
	}
	work.Wait()
	summary := r.summary()
	if sending.Err() != nil {
		return summary, context.Cause(sending)
	}
	return summary, nil
}

func (p *Plan) connections() int {
	switch {
	case p.Connections > 0:
		return p.Connections
	case p.Speed > 0:
		return DefaultConnections
	}
	return 1
}

// run is a Plan while it runs.
type run struct {
	plan *Plan
	stop context.CancelCauseFunc
	free chan struct{} // holds an item for each request under way

	mu   sync.Mutex
	sum  Summary
	lags []time.Duration
}

// exchange sends one capture that was due at that time; the zero time is at once.
func (r *run) exchange(ctx context.Context, index int, c journal.Capture, due time.Time) {
	now := time.Now()
	e := Exchange{Index: index, Capture: c, Attempt: journal.Attempt{N: 1, Due: due, At: now, Outcome: wire.NotSent}}
	if due.IsZero() {
		e.Attempt.Due = now
	} else {
		e.Lag = max(0, now.Sub(due))
	}
	change := r.plan.Change
	change.Bin = c.Bin
	m, notes, err := change.Apply(c.Message, r.plan.To, c.At, now)
	if err != nil {
		e.Attempt.Error = err.Error()
		r.done(e)
		return
	}
	e.Attempt.Sent, e.Notes = m, notes
	if r.plan.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.plan.Timeout)
		defer cancel()
	}
	result := r.plan.Client.Send(ctx, r.plan.To, m)
	if errors.Is(result.Err, wire.ErrForbidden) {
		r.stop(result.Err)
		return
	}
	if errors.Is(result.Err, context.Canceled) && result.Outcome == wire.NotSent {
		return // it had not begun
	}
	a := &e.Attempt
	a.Outcome, a.Status = result.Outcome, result.Status
	a.TookMS = math.Round(float64(result.Took)/float64(time.Microsecond)) / 1000
	if result.Err != nil {
		a.Error = wire.Reason(result.Err)
	}
	if result.Outcome == wire.GotStatus {
		a.Response = &result.Response
	}
	r.done(e)
}

// done counts an exchange and hands it on.
func (r *run) done(e Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Sent++
	if e.Attempt.Status >= 200 && e.Attempt.Status <= 299 {
		r.sum.Acknowledged++
	}
	if r.plan.Speed > 0 {
		r.lags = append(r.lags, e.Lag)
	}
	if r.plan.Sent != nil {
		if err := r.plan.Sent(e); err != nil {
			r.stop(err)
		}
	}
}

func (r *run) summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lags) > 0 {
		slices.Sort(r.lags)
		r.sum.LagP50, r.sum.LagMax = r.lags[(len(r.lags)-1)/2], r.lags[len(r.lags)-1]
	}
	return r.sum
}
