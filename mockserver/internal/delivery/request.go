package delivery

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// request is a signed request, and what it is made of: what faults alter.
type request struct {
	config  *endpointConfig
	event   *fixtures.Event
	url     string
	context signature.Context

	message wire.Message // what is sent
	// unsigned is the message before it was signed, when a fault may want it.
	unsigned wire.Message
	rng      *rand.Rand // the same for every attempt of a delivery
}

// newRequest builds and signs the request that carries e to url, and does the faults of that
// attempt to it. Header lines speak of when the event was triggered, the same at every attempt; the
// signature is stamped with the time given.
func (t *endpointConfig) newRequest(
	url string, e *fixtures.Event, faults []activeFault, attempt int, triggered, stamp time.Time, rng func() *rand.Rand,
) (*request, error) {
	b, err := t.take(url)
	if err != nil {
		return nil, err
	}
	defer t.giveBack(url, b)
	r := &request{config: t, event: e, url: url, context: b.Context(e, stamp)}
	if err := b.Message(&r.message, e, triggered); err != nil {
		return nil, fmt.Errorf("build the request: %w", err)
	}
	var altering []activeFault
	for _, f := range faults {
		if f.kind.alter != nil && f.on(attempt) {
			altering = append(altering, f)
		}
	}
	if len(altering) > 0 {
		r.unsigned = r.message.Clone()
		r.rng = rng()
	}
	if err := b.Sign(&r.message, r.context); err != nil {
		return r, fmt.Errorf("sign the request: %w", err)
	}
	for _, f := range altering {
		if err := f.kind.alter(f.Arg, r); err != nil {
			return r, fmt.Errorf("fault %q: %w", f.Fault, err)
		}
	}
	return r, nil
}
