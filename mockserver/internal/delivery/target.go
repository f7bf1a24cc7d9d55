package delivery

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// target is an endpoint on its schedule.
type target struct {
	config atomic.Pointer[endpointConfig] // current; an update replaces them

	// ctx ends, with the reason, when nothing may be sent there any more.
	ctx    context.Context
	cancel context.CancelCauseFunc
	busy   sync.WaitGroup // attempts in flight
	order  uint64         // of its registration
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
	builders sync.Pool // of *requestBuilder
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
	m, err := t.newRequestBuilder()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t.builders.Put(m)
	return t, nil
}

// requestBuilder builds and signs messages to the endpoint. It belongs to one goroutine.
type requestBuilder struct {
	messenger *fixtures.Messenger
	signer    *signature.Signer
}

func (t *endpointConfig) newRequestBuilder() (*requestBuilder, error) {
	messenger, err := t.provider.Messenger(t.endpoint.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	signer, err := signature.NewSigner(&t.provider.Signing, t.endpoint.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return &requestBuilder{messenger, signer}, nil
}

// take takes a builder from the pool, or makes one. Put it back into builders.
func (t *endpointConfig) take() (*requestBuilder, error) {
	if m, ok := t.builders.Get().(*requestBuilder); ok {
		return m, nil
	}
	return t.newRequestBuilder()
}
