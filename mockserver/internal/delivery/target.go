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
	removed      bool              // nothing is started any more
	pending      map[*job]struct{} // its deliveries that are not done
	running      int               // attempts in flight
	firstRunning bool              // one of them is the first of an ordered delivery
	waiting      queue             // due, and not admitted yet
}

func newTarget(ctx context.Context, t *endpointConfig) *target {
	to := &target{pending: map[*job]struct{}{}}
	to.ctx, to.cancel = context.WithCancelCause(ctx)
	to.config.Store(t)
	return to
}

// newUnregisteredTarget makes a target for one emission, which nothing dismisses.
func newUnregisteredTarget(ctx context.Context, t *endpointConfig) *target {
	to := &target{pending: map[*job]struct{}{}, ctx: ctx}
	to.config.Store(t)
	return to
}

// admits says whether a job's attempt may start now. At most limit attempts are in flight to one
// target.
func (t *target) admits(j *job, limit int) bool {
	return t.running < limit && !(t.firstRunning && j.ordered && j.first())
}

// endpointConfig is an endpoint's resolved configuration. It is immutable.
type endpointConfig struct {
	endpoint journal.Endpoint
	provider *fixtures.Provider
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
	profile := e.Retry
	if profile == "" {
		profile = p.Delivery.Retry
	}
	if profile != "" {
		retry, ok := p.Delivery.Profiles[profile]
		if !ok && profile != NoRetry {
			return nil, unknownProfile(p, profile)
		}
		t.retry = retry
	}
	for _, t.timeout = range []time.Duration{time.Duration(e.Timeout), t.retry.Timeout, p.Delivery.Timeout, defaultTimeout} {
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
