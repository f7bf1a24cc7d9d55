package mockserver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// Provider is the handle of one provider. A name that the catalogue does not have is noticed at its first use:
// fixtures.ErrUnknownProvider.
type Provider struct {
	client    Client
	catalogue *fixtures.Catalogue
	name      string
	seed      uint64
	journeys  *atomic.Uint64 // journeys begun
}

// Provider is the handle of one provider.
func (s *Server) Provider(name string) *Provider {
	return &Provider{client: s.Client(), catalogue: s.catalogue, name: name, seed: s.seed, journeys: &s.journeys}
}

// NewProvider is the handle of a built-in provider of the server that client drives. It draws a new seed for its journeys.
func NewProvider(client Client, name string) *Provider {
	return &Provider{client: client, catalogue: fixtures.Builtin(), name: name, seed: 1 + rand.Uint64N(1_000_000_000), journeys: &atomic.Uint64{}}
}

// Name is the provider's name.
func (p *Provider) Name() string { return p.name }

// Subscribe registers an endpoint: events that match one of the patterns go to url, signed with the secret that the
// provider gives the endpoint. Without a pattern it gets what the provider's own default is. A pattern that selects no event of the
// provider is ErrInvalid.
func (p *Provider) Subscribe(ctx context.Context, url string, patterns ...string) (Endpoint, error) {
	return p.Register(ctx, Endpoint{URL: url, Events: patterns})
}

// Register registers an endpoint with all that can be said of it: secrets, tenant, retry profile, timeout.
func (p *Provider) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	e.Provider = p.name
	return p.client.Register(ctx, e)
}

// Remove deletes an endpoint.
func (p *Provider) Remove(ctx context.Context, endpoint string) error {
	return p.client.Remove(ctx, p.name, endpoint)
}

// Emit emits one event of a fresh entity, drawn from the server's seed, and returns its deliveries, one for each endpoint
// that subscribed to it. Faults are written as on the command line: "duplicate:3", "signature:missing". ErrNoSubscriber: no endpoint
// selects the event, so nothing was sent.
func (p *Provider) Emit(ctx context.Context, event string, faults ...string) ([]Delivery, error) {
	e := Emission{Event: event}
	for _, text := range faults {
		fault, err := ParseFault(text)
		if err != nil {
			return nil, err
		}
		e.Faults = append(e.Faults, fault)
	}
	return p.Send(ctx, e)
}

// Send emits events with all that can be said of them, several as one. ErrNoSubscriber: no endpoint selects any of them.
func (p *Provider) Send(ctx context.Context, e ...Emission) ([]Delivery, error) {
	deliveries, err := p.client.Emit(ctx, p.name, e...)
	if err == nil && len(deliveries) == 0 {
		names := make([]string, len(e))
		for i := range e {
			names[i] = e[i].Event
		}
		err = fmt.Errorf("%s: %s: %w: subscribe an endpoint first, to a pattern that selects it", p.name, strings.Join(names, ", "), ErrNoSubscriber)
	}
	return deliveries, err
}

// JourneyOptions say more of a journey. The zero value is fine.
type JourneyOptions struct {
	Tenant string             // "" is the provider's demo tenant
	Seed   *uint64            // nil is the server's; equal seeds give equal lives
	Set    []fixtures.Setting // members overwritten in every event
	Faults []Fault            // done to every delivery
	Start  time.Time          // the earliest time that the events speak of; zero is the default
}

// Journey emits the events of one entity's life, which agree with each other: those named, in their order, or without
// names a whole life. Each call is another life, drawn from the server's seed and the count of lives before it.
func (p *Provider) Journey(ctx context.Context, journey string, events ...string) ([]Delivery, error) {
	list, err := p.Life(journey, JourneyOptions{}, events...)
	if err != nil {
		return nil, err
	}
	return p.Send(ctx, list...)
}

// Life renders the events of one entity's life and sends nothing: hand them to Send, in any order, as often as you like.
func (p *Provider) Life(journey string, o JourneyOptions, events ...string) ([]Emission, error) {
	known, err := p.catalogue.Provider(p.name)
	if err != nil {
		return nil, err
	}
	draw := fixtures.Draw{Seed: p.seed, Stream: "journey/" + journey}
	if o.Seed != nil {
		draw.Seed = *o.Seed
	} else {
		draw.Index = p.journeys.Add(1) - 1
	}
	life, err := known.Journey(draw, journey, events, fixtures.RenderOptions{Tenant: o.Tenant, Set: o.Set, Start: o.Start})
	if err != nil {
		return nil, err
	}
	list := make([]Emission, len(life))
	for i, e := range life {
		list[i] = Emission{Event: e.Name, Tenant: e.Tenant, ID: e.ID, At: e.At, Headers: e.Headers, Body: e.Body, Faults: o.Faults}
	}
	return list, nil
}
