// Package outbound builds the signed requests that carry a provider's events: single attempts of
// deliveries, and many requests a second in bursts.
//
// A Builder is prepared for one endpoint. Message builds the provider's request, Sign stamps and
// signs it. Between them a fault may copy the unsigned message.
package outbound

import (
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Endpoint is the target of requests, with its secrets.
type Endpoint struct {
	URL            string
	SubscriptionID string
	Secrets        []string // newest first
	Unsigned       bool     // sends the requests as the provider does without a secret
}

// Builder builds and signs requests to one endpoint. It reuses buffers, so only one goroutine may
// use it at a time.
type Builder struct {
	endpoint  Endpoint
	messenger *fixtures.Messenger
	signer    *signature.Signer // nil: nothing is signed
}

// New prepares a Builder.
func New(p *fixtures.Provider, e Endpoint) (*Builder, error) {
	messenger, err := p.Messenger(e.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	b := &Builder{endpoint: e, messenger: messenger}
	if e.Unsigned {
		return b, nil
	}
	if b.signer, err = signature.NewSigner(&p.Signing, e.Secrets...); err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return b, nil
}

// Message builds the unsigned request for an event in m, reusing its memory. Its header lines have
// the time when the event was triggered, which is the same in every attempt.
func (b *Builder) Message(m *wire.Message, e *fixtures.Event, triggered time.Time) error {
	return b.messenger.Message(*e, triggered, m)
}

// Context returns what a signature covers in addition to the message, for a request stamped with a
// time.
func (b *Builder) Context(e *fixtures.Event, stamp time.Time) signature.Context {
	return signature.Context{
		ID: e.ID, URL: b.endpoint.URL, RegisteredURL: b.endpoint.URL, SubscriptionID: b.endpoint.SubscriptionID, Time: stamp, EventTime: e.At,
	}
}

// Sign signs a request that Message built.
func (b *Builder) Sign(m *wire.Message, c signature.Context) error {
	if b.signer == nil {
		return nil
	}
	return b.signer.Sign(m, c)
}
