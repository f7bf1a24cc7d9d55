package burst

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Plan says what a burst sends, where and how fast.
type Plan struct {
	// Provider is whose events are sent.
	Provider *fixtures.Provider
	// Recording, if set, is sent in a loop in the place of the provider's events. Provider, Secret,
	// Events, Options and Seed are not used then.
	Recording *Recording
	// URL is the consumer's address.
	URL string
	// Secret signs every event; "" sends what the provider sends without a secret.
	Secret string
	// Events are the names or patterns of the events, which are sent in a loop; none is all of the
	// provider's.
	Events []string
	// Options are those of rendering: tenant, earliest time, members overwritten.
	Options fixtures.RenderOptions
	// Rate is in events a second; 0 sends each event when the response to the one before has come.
	Rate float64
	// Count ends the burst after that many events, Duration after that time; the first to come ends
	// it, and one must be set.
	Count    uint64
	Duration time.Duration
	// Connections is how many connections, and so concurrent requests, there are; 0 is
	// DefaultConnections.
	Connections int
	// Seed fixes the events: the same seed sends the same bytes.
	Seed uint64
	// Timeout of one request; 0 is the provider's, or 30 s of a Recording.
	Timeout time.Duration
	// Dial opens the connections; nil may reach loopback only.
	Dial DialFunc
	// Trust decides which certificates of an https consumer are taken.
	Trust wire.Trust
}

// DefaultConnections is the number of connections of a Plan that names none.
const DefaultConnections = 16

// MaxConnections bounds Plan.Connections: each takes a socket and a goroutine.
const MaxConnections = 10_000

// recordedTimeout is the Timeout of a Recording, unless its Plan says otherwise.
const recordedTimeout = 30 * time.Second

// stream is the stream that the events of a burst are generated from.
const stream = "burst"

// Run sends the burst and returns its report. When ctx ends, Run cuts short the requests in flight
// and returns what was done until then, with the error of ctx. It returns ErrNoConsumer, and the
// reason in the report, when the first connection cannot be opened. progress, if any, is called
// from one goroutine about ten times a second.
func Run(ctx context.Context, plan Plan, progress func(Progress)) (*Report, error) {
	names, err := plan.check()
	if err != nil {
		return nil, err
	}
	recorders := make([]*recorder, min(plan.Connections, 2*runtime.GOMAXPROCS(0)))
	for i := range recorders {
		recorders[i] = newRecorder()
	}
	workers := make([]*worker, plan.Connections)
	requests := &builders{plan: &plan, names: names}
	if plan.Recording == nil {
		first, err := newRequestBuilder(&plan, names)
		if err != nil {
			return nil, err // so would all others
		}
		requests.idle.Put(first)
	}
	for i := range workers {
		workers[i] = newWorker(&plan, requests, recorders[i%len(recorders)])
	}
	// The first connection is opened before anything is counted: without a consumer there is no
	// burst.
	started := time.Now()
	if err := workers[0].connect(ctx, started.Add(plan.Timeout)); err != nil {
		workers[0].hangUp()
		report := newReport(plan, workers, recorders, time.Since(started))
		if ctx.Err() != nil {
			return report, context.Cause(ctx)
		}
		reason := wire.Reason(err)
		report.Reasons[notSent.String()+": "+reason] = 1
		return report, fmt.Errorf("%w at %s: %s", ErrNoConsumer, plan.URL, reason)
	}

	var (
		next    atomic.Uint64 // the next index that no worker has taken
		running sync.WaitGroup
		start   = time.Now()
		clock   = pacer{start: start, rate: plan.Rate, count: plan.Count}
	)
	if plan.Duration > 0 {
		clock.end = start.Add(plan.Duration)
	}
	for _, w := range workers {
		running.Go(func() { w.run(ctx, &next, clock) })
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	watch(done, workers, start, progress)

	report := newReport(plan, workers, recorders, time.Since(start))
	return report, context.Cause(ctx)
}

// check fills in the defaults and returns the names of the events.
func (p *Plan) check() ([]string, error) {
	switch {
	case p.Provider == nil && p.Recording == nil:
		return nil, fmt.Errorf("%w: no provider, and no recording", ErrPlan)
	case p.Count == 0 && p.Duration <= 0:
		return nil, fmt.Errorf("%w: neither a count nor a duration says when it ends", ErrPlan)
	case p.Count > math.MaxUint32:
		return nil, fmt.Errorf("%w: count %d: at most %d", ErrPlan, p.Count, uint32(math.MaxUint32))
	case p.Rate < 0 || math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0):
		return nil, fmt.Errorf("%w: rate %v: want events a second, or 0 for as fast as the answers come", ErrPlan, p.Rate)
	case p.Connections < 0 || p.Connections > MaxConnections:
		return nil, fmt.Errorf("%w: %d connections: want 1 to %d", ErrPlan, p.Connections, MaxConnections)
	}
	if p.Connections == 0 {
		p.Connections = DefaultConnections
	}
	if p.Timeout <= 0 {
		p.Timeout = recordedTimeout
		if p.Recording == nil {
			p.Timeout = p.Provider.Delivery.Timeout
		}
	}
	if p.Count == 0 {
		p.Count = math.MaxUint32
	}
	// standard streams, the journal, the connections of the program's own server
	const otherFiles = 64
	if limit := wire.OpenFiles(); limit > 0 && uint64(p.Connections)+otherFiles > limit {
		return nil, fmt.Errorf("%w: %d connections need about %d open files, and this process may have %d: raise the limit (ulimit -n %d), or use fewer",
			ErrPlan, p.Connections, p.Connections+otherFiles, limit, p.Connections+otherFiles)
	}
	if p.Dial == nil {
		guard, err := wire.NewGuard(nil)
		if err != nil {
			return nil, err
		}
		p.Dial = guard.Dial
	}
	return p.names()
}

// names resolves the patterns. Each must select something, so that a typing mistake is noticed.
func (p *Plan) names() ([]string, error) {
	var names []string
	if p.Recording != nil {
		return names, nil
	}
	if len(p.Events) == 0 {
		for _, e := range p.Provider.Events {
			names = append(names, e.Name)
		}
		return names, nil
	}
	for _, pattern := range p.Events {
		before := len(names)
		for _, e := range p.Provider.Events {
			if _, ok := p.Provider.Subscription.Match([]string{pattern}, e.Name); ok || e.Name == pattern {
				names = append(names, e.Name)
			}
		}
		if len(names) == before {
			_, err := p.Provider.Event(pattern)
			return nil, errors.Join(fmt.Errorf("%w: no event of %s matches %q", ErrPlan, p.Provider.Name, pattern), err)
		}
	}
	return names, nil
}

// pacer says when each event is due.
type pacer struct {
	start, end time.Time // end is zero without a duration
	rate       float64
	count      uint64
}

// due returns when event i is due, and whether it belongs to the burst. Without a rate it is due
// now.
func (p pacer) due(i uint64) (time.Time, bool) {
	if i >= p.count {
		return time.Time{}, false
	}
	due := time.Now()
	if p.rate > 0 {
		// The time counts from the start, never from the event before: errors of rounding and of
		// sleeping do not add up.
		due = p.start.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
	}
	return due, p.end.IsZero() || due.Before(p.end)
}
