package delivery

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/outbound"
)

// target is an endpoint on its schedule.
type target struct {
	config atomic.Pointer[endpointConfig] // current; an update replaces them

	// ctx ends, with the reason, when nothing may be sent there any more.
	ctx    context.Context
	cancel context.CancelCauseFunc
	busy   sync.WaitGroup // attempts in flight
	order  uint64         // of its registration
	held   heldJobs       // deliveries that a fault holds
	// schedule makes the attempts: the dispatcher's, or that of the endpoint's run.
	schedule *schedule

	// These belong to the schedule's lock.
	removed     bool              // nothing is started any more
	pending     map[*job]struct{} // its deliveries that are not done
	running     int               // attempts in flight
	lanes       map[string]*lane  // by what is delivered in order; nil: nothing is
	waiting     queue             // due, and not admitted yet
	pausedUntil time.Time         // nothing is started before

	unregistered bool // it is for one emission, and in no store

	counting sync.Mutex // guards health, and its place in the store
	health   health     // what the delivery policy counts
}

// lane is a part of an endpoint's deliveries that goes in order.
type lane struct {
	holder  *job  // those behind it wait
	waiting queue // due, and behind the holder
}

func newTarget(ctx context.Context, t *endpointConfig) *target {
	to := &target{pending: map[*job]struct{}{}, pausedUntil: t.endpoint.PausedUntil}
	to.ctx, to.cancel = context.WithCancelCause(ctx)
	to.config.Store(t)
	return to
}

// newUnregisteredTarget makes a target for one emission, which nothing dismisses.
func newUnregisteredTarget(ctx context.Context, t *endpointConfig) *target {
	to := &target{pending: map[*job]struct{}{}, ctx: ctx, unregistered: true}
	to.config.Store(t)
	return to
}

// laneOf returns the lane of a job that goes in order, or nil.
func (t *target) laneOf(j *job) *lane {
	if j.lane == "" {
		return nil
	}
	l := t.lanes[j.lane]
	if l == nil {
		if t.lanes == nil {
			t.lanes = map[string]*lane{}
		}
		l = &lane{}
		t.lanes[j.lane] = l
	}
	return l
}

// enters says whether a job's attempt may start as far as the order goes, and makes it the holder
// of its lane. A job that does not block is behind others only before its first attempt.
func (l *lane) enters(j *job) bool {
	if l == nil || l.holder == j || !j.blocks && !j.first() {
		return true
	}
	if l.holder != nil {
		return false
	}
	l.holder = j
	return true
}

// leave lets the next job of the lane go when j was its holder, and returns it. A lane that nobody
// is in is forgotten.
func (t *target) leave(j *job) *job {
	l := t.lanes[j.lane]
	if j.lane == "" || l == nil || l.holder != j {
		return nil
	}
	l.holder = nil
	next := l.waiting.pop()
	if next == nil {
		delete(t.lanes, j.lane)
	}
	return next
}

// endpointConfig is an endpoint's resolved configuration. It is immutable.
type endpointConfig struct {
	endpoint journal.Endpoint
	provider *fixtures.Provider
	rules    fixtures.Rules
	retry    fixtures.Retry
	timeout  time.Duration
	builders sync.Pool // of *outbound.Builder, to the endpoint's URL
}

// NoRetry is the name of the retry profile that never tries again; every provider has it.
const NoRetry = "none"

const defaultTimeout = 30 * time.Second

// newEndpointConfig resolves an endpoint's configuration. Errors wrap ErrInvalid.
func newEndpointConfig(p *fixtures.Provider, e journal.Endpoint) (*endpointConfig, error) {
	t := &endpointConfig{endpoint: e, provider: p}
	var err error
	if t.rules, t.retry, err = p.RulesFor(e.Retry); err != nil {
		return nil, fmt.Errorf("%w: retry %q: %w", ErrInvalid, e.Retry, err)
	}
	if err := t.retry.Check(); err != nil {
		return nil, fmt.Errorf("%w: retry %q: %w", ErrInvalid, e.Retry, err)
	}
	for _, t.timeout = range []time.Duration{time.Duration(e.Timeout), t.retry.Timeout, t.rules.Timeout, defaultTimeout} {
		if t.timeout > 0 {
			break
		}
	}
	b, err := t.newBuilder(e.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t.builders.Put(b)
	return t, nil
}

// newBuilder returns a builder of requests to the current or an earlier URL of the endpoint.
func (t *endpointConfig) newBuilder(url string) (*outbound.Builder, error) {
	return outbound.New(t.provider, outbound.Endpoint{URL: url, SubscriptionID: t.endpoint.ID, Secrets: t.endpoint.Secrets})
}

// take takes a builder from the pool, or makes one. Return it with giveBack.
func (t *endpointConfig) take(url string) (*outbound.Builder, error) {
	if url == t.endpoint.URL {
		if b, ok := t.builders.Get().(*outbound.Builder); ok {
			return b, nil
		}
	}
	return t.newBuilder(url)
}

func (t *endpointConfig) giveBack(url string, b *outbound.Builder) {
	if url == t.endpoint.URL { // else the endpoint has another URL now
		t.builders.Put(b)
	}
}
