package mockserver

import (
	"context"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/provider"
)

// Provider is the handle of one provider of a Server. A name that the catalogue does not have is noticed at its first
// use: fixtures.ErrUnknownProvider.
type Provider struct {
	server *Server
	name   string
}

// Provider is the handle of one provider.
func (s *Server) Provider(name string) *Provider { return &Provider{s, name} }

// Name is the provider's name.
func (p *Provider) Name() string { return p.name }

// Subscribe registers an endpoint: events that match one of the patterns go to url, signed with the secret that the
// provider gives the endpoint. Without a pattern it gets what the provider's own default is.
func (p *Provider) Subscribe(ctx context.Context, url string, patterns ...string) (journal.Endpoint, error) {
	return p.Register(ctx, journal.Endpoint{URL: url, Events: patterns})
}

// Register registers an endpoint with all that can be said of it: secrets, tenant, retry profile, timeout.
func (p *Provider) Register(ctx context.Context, e journal.Endpoint) (journal.Endpoint, error) {
	e.Provider = p.name
	return p.server.Client().Register(ctx, e)
}

// Remove deletes an endpoint.
func (p *Provider) Remove(ctx context.Context, endpoint string) error {
	return p.server.Client().Remove(ctx, p.name, endpoint)
}

// Emit emits one event of a fresh entity, drawn from the rig's seed, and returns its deliveries, one for each endpoint
// that subscribed to it. Faults are written as on the command line: "duplicate:3", "signature:missing".
func (p *Provider) Emit(ctx context.Context, event string, faults ...string) ([]journal.Delivery, error) {
	e := provider.Emission{Event: event}
	for _, text := range faults {
		fault, err := provider.ParseFault(text)
		if err != nil {
			return nil, err
		}
		e.Faults = append(e.Faults, fault)
	}
	return p.Send(ctx, e)
}

// Send emits events with all that can be said of them, several as one.
func (p *Provider) Send(ctx context.Context, e ...provider.Emission) ([]journal.Delivery, error) {
	return p.server.Client().Emit(ctx, p.name, e...)
}

// Journey emits the events of one entity's life, which agree with each other: those named, in their order, or without
// names a whole life. Each call is another life, drawn from the rig's seed and the count of lives before it.
func (p *Provider) Journey(ctx context.Context, journey string, events ...string) ([]journal.Delivery, error) {
	known, err := p.server.catalogue.Provider(p.name)
	if err != nil {
		return nil, err
	}
	draw := fixtures.Draw{Seed: p.server.seed, Stream: "journey/" + journey, Index: p.server.lives.Add(1) - 1}
	life, err := known.Journey(draw, journey, events, fixtures.RenderOptions{})
	if err != nil {
		return nil, err
	}
	list := make([]provider.Emission, len(life))
	for i, e := range life {
		list[i] = provider.Emission{Event: e.Name, Tenant: e.Tenant, ID: e.ID, At: e.At, Body: e.Body}
	}
	return p.Send(ctx, list...)
}
