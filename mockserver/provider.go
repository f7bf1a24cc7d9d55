package mockserver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"github.com/hookrig/hookrig/fixtures"
)

// Provider is the handle of one provider. A name that the catalogue does not have is reported when
// you first use the handle: fixtures.ErrUnknownProvider.
type Provider struct {
	client    *Client
	catalogue *fixtures.Catalogue
	name      string
	seed      uint64
	journeys  *atomic.Uint64 // how many journeys it has rendered
	emit      emitOptions
}

// Provider is the handle of one provider. If the catalogue has no provider of that name, the first
// call on the handle says so: fixtures.ErrUnknownProvider.
func (s *Server) Provider(name string) *Provider {
	return &Provider{client: s.Client(), catalogue: s.catalogue, name: name, seed: s.seed, journeys: &s.journeys}
}

// NewProvider returns the handle of a built-in provider of the server that client drives. Its
// journeys use a new random seed.
func NewProvider(client *Client, name string) *Provider {
	return &Provider{client: client, catalogue: fixtures.Builtin(), name: name, seed: 1 + rand.Uint64N(1_000_000_000), journeys: &atomic.Uint64{}}
}

// Name returns the provider's name.
func (p *Provider) Name() string { return p.name }

// With returns a new handle of the same provider that adds these options to its emissions. It does
// not change p.
//
//	forged := neostore.With(mockserver.Faults("signature:missing"), mockserver.Set("/points", 5))
func (p *Provider) With(options ...EmitOption) *Provider {
	with := *p
	with.emit = p.emit.clone()
	for _, option := range options {
		option(&with.emit)
	}
	if with.emit.seed != nil && with.emit.seed != p.emit.seed {
		with.seed, with.journeys = *with.emit.seed, &atomic.Uint64{}
	}
	return &with
}

// Subscribe registers an endpoint: events that match one of the patterns go to url, signed with the
// endpoint's secret, which the provider makes. Without patterns it uses the provider's default.
// ErrInvalid when a pattern matches no event of the provider.
func (p *Provider) Subscribe(ctx context.Context, url string, patterns ...string) (Endpoint, error) {
	return p.Register(ctx, Endpoint{URL: url, Events: patterns})
}

// Register registers an endpoint with all its settings: secrets, tenant, retry profile, timeout. An
// endpoint without a tenant gets the tenant set by With.
func (p *Provider) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	e.Provider = p.name
	if e.Tenant == "" {
		e.Tenant = p.emit.tenant
	}
	return p.client.Register(ctx, e)
}

// Remove deletes an endpoint.
func (p *Provider) Remove(ctx context.Context, endpoint string) error {
	return p.client.Remove(ctx, p.name, endpoint)
}

// Emit emits one event of a new entity, rendered from the server's seed, and returns its
// deliveries, one for each subscribed endpoint. It applies these faults and those set by With,
// written as on the command line: "duplicate:3", "signature:missing". ErrNoSubscriber when no
// endpoint is subscribed to the event, so nothing was sent.
func (p *Provider) Emit(ctx context.Context, event string, faults ...string) ([]Delivery, error) {
	return p.With(Faults(faults...)).Send(ctx, Emission{Event: event})
}

// Send emits events, several in one step, and returns their deliveries. An empty field of an
// Emission gets the value set by With. ErrNoSubscriber when no endpoint is subscribed to any of
// them.
func (p *Provider) Send(ctx context.Context, e ...Emission) ([]Delivery, error) {
	list, err := p.emit.apply(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	for i := range list {
		if p.emit.seed != nil && list[i].Seed == nil && list[i].Body == nil {
			index := p.journeys.Add(1) - 1
			list[i].Seed, list[i].Index = p.emit.seed, &index
		}
	}
	deliveries, err := p.client.Emit(ctx, p.name, list...)
	if err == nil && len(deliveries) == 0 {
		names := make([]string, len(e))
		for i := range e {
			names[i] = e[i].Event
		}
		err = fmt.Errorf("%s: %s: %w: first subscribe an endpoint to a pattern that matches it", p.name, strings.Join(names, ", "), ErrNoSubscriber)
	}
	return deliveries, err
}

// Journey emits the consistent events of one entity: the named events in this order, or a whole
// journey without names. Each call is about another entity, rendered from the server's seed and the
// number of journeys before it.
func (p *Provider) Journey(ctx context.Context, journey string, events ...string) ([]Delivery, error) {
	list, err := p.Hold(journey, events...)
	if err != nil {
		return nil, err
	}
	if p.emit.shuffled {
		rand.New(rand.NewPCG(p.seed, p.journeys.Load())).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return p.Send(ctx, list...)
}

// Hold renders the events of one entity's journey and sends nothing. Pass them to Send in any
// order, as often as you like.
func (p *Provider) Hold(journey string, events ...string) ([]Emission, error) {
	if p.emit.err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, p.emit.err)
	}
	known, err := p.catalogue.Provider(p.name)
	if err != nil {
		return nil, err
	}
	draw := fixtures.Draw{Seed: p.seed, Stream: "journey/" + journey, Index: p.journeys.Add(1) - 1}
	rendered, err := known.Journey(draw, journey, events, fixtures.RenderOptions{Tenant: p.emit.tenant, Set: p.emit.set, Start: p.emit.start})
	if err != nil {
		return nil, err
	}
	list := make([]Emission, len(rendered))
	for i, e := range rendered {
		list[i] = Emission{Event: e.Name, Tenant: e.Tenant, ID: e.ID, At: e.At, Headers: e.Headers, Body: e.Body}
	}
	return list, nil
}
