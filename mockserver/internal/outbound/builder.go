// Package outbound builds the signed requests that carry a provider's events: for deliveries, one
// attempt each, and for bursts, many a second.
//
// A Builder is prepared for one endpoint. Message builds what the provider sends, Sign stamps and
// signs it. Between them a fault may take what it wants of the unsigned message.
package outbound

import (
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Endpoint is where requests go, and who signs them.
type Endpoint struct {
	URL            string
	SubscriptionID string
	Secrets        []string // newest first
	Unsigned       bool     // nothing is signed: the requests are as the provider sends them without a secret
}

// Builder builds and signs requests to one endpoint. It keeps buffers, so one goroutine uses it at
// a time.
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

// Message builds the request that carries an event, unsigned. The space of m is used again. Header
// lines speak of when the event was triggered, which is the same at every attempt.
func (b *Builder) Message(m *wire.Message, e *fixtures.Event, triggered time.Time) error {
	return b.messenger.Message(*e, triggered, m)
}

// Context returns what a signature covers beyond the message itself, for a request stamped with a
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
