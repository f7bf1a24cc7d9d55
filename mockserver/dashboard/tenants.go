package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// tenantIn names a tenant of a provider.
type tenantIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Tenant   string `path:"tenant" doc:"the tenant's name"`
}

// tenantBodyIn names a tenant and carries a body.
type tenantBodyIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Tenant   string `path:"tenant" doc:"the tenant's name"`
	RawBody  []byte
}

// tenantBody has the keys of a tenant for the vendor API.
type tenantBody struct {
	Keys []entities.Key `json:"keys,omitempty" doc:"its keys, each with scopes; a key without scopes allows everything"`
}

func (k *dashboard) listTenants(_ context.Context, in *providerIn) (*response[list[entities.Tenant]], error) {
	if _, err := k.catalogue.Provider(in.Provider); err != nil {
		return nil, err
	}
	return fullList(k.entities.Tenants(in.Provider)), nil
}

func (k *dashboard) putTenant(ctx context.Context, in *tenantBodyIn) (*response[entities.Tenant], error) {
	body, err := strict[tenantBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	t, err := k.entities.PutTenant(ctx, entities.Tenant{Provider: in.Provider, Name: in.Tenant, Keys: body.Keys})
	return &response[entities.Tenant]{t}, err
}

func (k *dashboard) removeTenant(ctx context.Context, in *tenantIn) (*struct{}, error) {
	return nil, k.entities.DeleteTenant(ctx, in.Provider, in.Tenant)
}

func (k *dashboard) listOptions(_ context.Context, in *providerIn) (*response[list[fixtures.Option]], error) {
	p, err := k.catalogue.Provider(in.Provider)
	if err != nil {
		return nil, err
	}
	return fullList(p.Options), nil
}
