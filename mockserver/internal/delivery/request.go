package delivery

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
)

// newRequest builds and signs the request that carries e to url, and does the faults of that
// attempt to it. Header lines speak of when the event was triggered, the same at every attempt; the
// signature is stamped with the time given.
func (t *endpointConfig) newRequest(
	url string, e *fixtures.Event, faults fault.Set, attempt int, triggered, stamp time.Time, rng func() *rand.Rand,
) (*fault.Request, error) {
	b, err := t.take(url)
	if err != nil {
		return nil, err
	}
	defer t.giveBack(url, b)
	r := &fault.Request{Provider: t.provider, Event: e, URL: url, Secrets: t.endpoint.Secrets, Context: b.Context(e, stamp)}
	if err := b.Message(&r.Message, e, triggered); err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	if faults.Alters(attempt) {
		r.Rand = rng()
		return r, faults.Do(attempt, r)
	}
	if err := b.Sign(&r.Message, r.Context); err != nil {
		return r, fmt.Errorf("sign the request: %w", err)
	}
	return r, nil
}
