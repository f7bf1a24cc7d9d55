package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// providerIn names a provider.
type providerIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
}

// providerBodyIn names a provider and carries a body.
type providerBodyIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	RawBody  []byte
}

// endpointIn names an endpoint of a provider.
type endpointIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Endpoint string `path:"endpoint" doc:"the endpoint's id"`
}

// providerInfo is a summary of a provider.
type providerInfo struct {
	Name         string            `json:"name"`
	Title        string            `json:"title"`
	Events       int               `json:"events" doc:"how many events it sends"`
	Journeys     []string          `json:"journeys" doc:"the journeys of its entities"`
	Subscription string            `json:"subscription" doc:"how consumers subscribe: patterns, urls_per_event, one_endpoint"`
	Secret       string            `json:"secret" doc:"when the provider shows an endpoint's secret: always or once; none when it has no secrets"`
	Retry        string            `json:"retry,omitempty" doc:"the default retry profile of endpoints"`
	Profiles     []string          `json:"profiles,omitempty" doc:"the names of all retry profiles"`
	Sources      []fixtures.Source `json:"sources,omitempty" doc:"the documents that describe the provider"`
}

func newProviderInfo(p *fixtures.Provider) providerInfo {
	out := providerInfo{
		Name: p.Name, Title: p.Title, Events: len(p.Events), Journeys: []string{},
		Subscription: p.Subscription.Kind, Secret: p.Subscription.Secret.Shown,
		Retry: p.Delivery.Retry, Profiles: slices.Sorted(maps.Keys(p.Delivery.Profiles)), Sources: p.Sources,
	}
	if p.Subscription.Secret.Minted == "none" {
		out.Secret = "none"
	}
	for _, j := range p.Journeys {
		out.Journeys = append(out.Journeys, j.Name)
	}
	return out
}

func (k *dashboard) listProviders(context.Context, *struct{}) (*response[list[providerInfo]], error) {
	var out []providerInfo
	for _, p := range k.catalogue.Providers() {
		out = append(out, newProviderInfo(p))
	}
	return fullList(out), nil
}

func (k *dashboard) getProvider(_ context.Context, in *providerIn) (*response[providerInfo], error) {
	p, err := k.catalogue.Provider(in.Provider)
	if err != nil {
		return nil, err
	}
	return &response[providerInfo]{newProviderInfo(p)}, nil
}

// eventType is one event type of the catalogue.
type eventType struct {
	Provider   string          `json:"provider"`
	Name       string          `json:"name"`
	Title      string          `json:"title,omitempty"`
	When       string          `json:"when,omitempty" doc:"when the provider sends it"`
	Documented bool            `json:"documented" doc:"whether the vendor's documents describe its body"`
	Assumed    []string        `json:"assumed,omitempty" doc:"the facts that no document states"`
	Schema     json.RawMessage `json:"schema,omitempty" doc:"JSON Schema 2020-12 of the body"`
}

func (k *dashboard) listEvents(_ context.Context, in *providerIn) (*response[list[eventType]], error) {
	p, err := k.catalogue.Provider(in.Provider)
	if err != nil {
		return nil, err
	}
	var out []eventType
	for _, e := range p.Events {
		out = append(out, eventType{p.Name, e.Name, e.Title, e.When, e.Documented, e.Assumed, e.Schema})
	}
	return fullList(out), nil
}

func (k *dashboard) emit(ctx context.Context, in *providerBodyIn) (*response[list[delivered]], error) {
	body, err := strict[emissions](in.RawBody)
	if err != nil {
		return nil, err
	}
	list := make([]delivery.Emission, len(body))
	for i, e := range body {
		list[i] = e.emission()
	}
	var made []journal.Delivery
	switch len(list) {
	case 0:
		return nil, fmt.Errorf("%w: no event to emit", delivery.ErrInvalid)
	case 1:
		made, err = k.providers.Emit(ctx, in.Provider, list[0])
	default:
		made, err = k.providers.EmitAll(ctx, in.Provider, list)
	}
	if err != nil {
		return nil, err
	}
	return fullList(k.delivereds(made)), nil
}

// endpointBody is an endpoint to register. It accepts a single secret. The server ignores the
// members that it sets itself, such as id and created.
type endpointBody struct {
	journal.Endpoint
	Secret string `json:"secret,omitempty" doc:"a single secret, instead of secrets; default: a new one if this provider makes secrets"`
}

func (k *dashboard) register(ctx context.Context, in *providerBodyIn) (*response[registered], error) {
	b, err := strict[endpointBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	e := b.Endpoint
	if e.Provider != "" && e.Provider != in.Provider {
		return nil, fmt.Errorf("%w: provider %q does not match the path: want %s", delivery.ErrInvalid, e.Provider, in.Provider)
	}
	e.Provider = in.Provider
	if b.Secret != "" {
		e.Secrets = append([]string{b.Secret}, e.Secrets...)
	}
	if p, err := k.catalogue.Provider(e.Provider); err == nil { // Register reports the error
		if err := delivery.CheckPatterns(p, e.Events); err != nil {
			return nil, err
		}
	}
	e, err = k.providers.Register(ctx, e)
	return &response[registered]{newRegistered(e)}, err
}

func (k *dashboard) listEndpoints(ctx context.Context, in *providerIn) (*response[list[registered]], error) {
	if _, err := k.catalogue.Provider(in.Provider); err != nil {
		return nil, err
	}
	return k.endpoints(ctx, in.Provider)
}

func (k *dashboard) listAllEndpoints(ctx context.Context, _ *struct{}) (*response[list[registered]], error) {
	return k.endpoints(ctx, "")
}

func (k *dashboard) endpoints(ctx context.Context, provider string) (*response[list[registered]], error) {
	found, err := k.providers.Endpoints(ctx, provider)
	if err != nil {
		return nil, err
	}
	out := make([]registered, len(found))
	for i, e := range found {
		out[i] = k.visible(e)
	}
	return fullList(out), nil
}

func (k *dashboard) getEndpoint(ctx context.Context, in *endpointIn) (*response[registered], error) {
	e, err := k.endpoint(ctx, in)
	return &response[registered]{k.visible(e)}, err
}

func (k *dashboard) removeEndpoint(ctx context.Context, in *endpointIn) (*struct{}, error) {
	if _, err := k.endpoint(ctx, in); err != nil {
		return nil, err
	}
	return nil, k.providers.Remove(ctx, in.Endpoint)
}

// endpoint returns an endpoint of a provider. An endpoint of another provider is not found.
func (k *dashboard) endpoint(ctx context.Context, in *endpointIn) (journal.Endpoint, error) {
	e, err := k.providers.Endpoint(ctx, in.Endpoint)
	if err == nil && e.Provider != in.Provider {
		return journal.Endpoint{}, fmt.Errorf("endpoint %q of %s: %w: it belongs to %s", in.Endpoint, in.Provider, journal.ErrNotFound, e.Provider)
	}
	return e, err
}

// visible returns e without its secrets, unless its provider always shows them.
func (k *dashboard) visible(e journal.Endpoint) registered {
	if p, err := k.catalogue.Provider(e.Provider); err != nil || p.Subscription.Secret.Shown != "always" {
		e.Secrets = nil
	}
	return newRegistered(e)
}

// faultSchema describes delivery.Fault: "kind:arg", or an object.
type faultSchema struct{}

// Schema describes both forms.
func (faultSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "KIND or KIND:ARG", Examples: []any{"signature:missing"}},
		{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
			"kind":     {Type: huma.TypeString},
			"arg":      {Type: huma.TypeString},
			"attempts": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeInteger}},
		}, Required: []string{"kind"}},
	}}
}
