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

// DefaultConnections is the default limit of concurrent requests of a Plan with a Speed.
const DefaultConnections = 64

// Plan says how captures are sent again.
type Plan struct {
	To     string // an absolute http or https URL
	Change Change
	Client *wire.Client
	// Timeout is the timeout of one request. 0 means none.
	Timeout time.Duration
	// Connections is the largest number of concurrent requests. 0 means 1 without Speed and
	// DefaultConnections with it.
	Connections int
	// Speed multiplies the recorded pace: 1 is the original pace, 10 is ten times as fast. 0 sends
	// each request when a connection is free. A capture without a time, or with an earlier time
	// than the one before it, is due together with that one.
	Speed float64
	// MaxGap is the longest time between two requests. 0 means no limit. A shortened gap moves all
	// later requests too.
	MaxGap time.Duration
	// Waiting is called before a wait for the next capture, unless it is nil.
	Waiting func(wait time.Duration)
	// Sent is called with each finished exchange, one at a time. An error ends the run.
	Sent func(Exchange) error
}

// Exchange is a capture that was sent again, and the result.
type Exchange struct {
	Index   int // of the capture, from 0
	Capture journal.Capture
	Attempt journal.Attempt
	Notes   []string      // see Change.Apply
	Lag     time.Duration // how late it was sent; 0 without Speed
}

// Summary counts a run.
type Summary struct {
	Sent         int // exchanges
	Acknowledged int // exchanges with a 2xx response
	// LagP50 and LagMax are the median and the largest Lag. They are 0 without Speed.
	LagP50, LagMax time.Duration
}

// Run sends the captures in order and returns when every exchange is finished. When ctx ends, it
// aborts requests in progress and returns the context's error; a request that had not started is
// not an exchange. Other errors are wire.ErrForbidden, that of captures, or that of Sent.
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

// run is the state of Plan.Run.
type run struct {
	plan *Plan
	stop context.CancelCauseFunc
	free chan struct{} // has one item for each request in progress

	mu   sync.Mutex
	sum  Summary
	lags []time.Duration
}

// exchange sends one capture that was due at that time. The zero time means that there is no pace.
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
		return // it had not started
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

// done counts an exchange and calls Plan.Sent.
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
