package neostore

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// New makes the API of The Wallet Crew over a server. It starts nothing.
func New(_ context.Context, server vendorapi.Backend) (http.Handler, error) {
	return newAPI(server, time.Now)
}

// api is the API over one server.
type api struct {
	vendorapi.Backend
	events  map[string]string // what events are called, by their names in the provider file
	options options
	now     func() time.Time // the wall clock of tokens and of the limit of calls
	tokens  *tokens
	calls   *limiter
	page    *template.Template

	upserting sync.Mutex // locked by an upsert, so that two do not make one customer twice
	// locked by a creation: the ids of redirects are unique in the server, as /r/{id} names no
	// tenant
	redirecting sync.Mutex
}

// options are the options of the provider file that are about the API.
type options struct {
	putReturns, refuseImmutable, redactSecret, rateLimit, production bool
}

func newAPI(server vendorapi.Backend, now func() time.Time) (http.Handler, error) {
	page, err := template.New("authorize").Parse(authorizePage)
	if err != nil {
		return nil, err
	}
	a := &api{
		Backend: server, events: renamed(server.Provider.Option("rename")), now: now, page: page,
		tokens: &tokens{store: server.Store, now: now}, calls: &limiter{now: now},
		options: options{
			putReturns:      server.Provider.Option("put_returns") == "object",
			refuseImmutable: server.Provider.Option("immutable") == "refuse",
			redactSecret:    server.Provider.Option("redact_secret") == "on",
			rateLimit:       server.Provider.Option("rate_limit") == "on",
			production:      server.Provider.Option("production") == "on",
		},
	}
	return a.routes(), nil
}

// routes returns the router, with the scope of each route.
func (a *api) routes() http.Handler {
	rt := vendorapi.NewRoutes(a.Log, http.StatusBadRequest, writeProblem)
	rt.Handle("GET /api/{tenantId}/webhooks", a.requireScope(webhookRead, a.listWebhooks))
	rt.Handle("POST /api/{tenantId}/webhooks", a.requireScope(webhookWrite, a.createWebhook))
	rt.Handle("GET /api/{tenantId}/webhooks/{id}", a.requireScope(webhookRead, a.getWebhook))
	rt.Handle("PUT /api/{tenantId}/webhooks/{id}", a.requireScope(webhookWrite, a.putWebhook))
	rt.Handle("PATCH /api/{tenantId}/webhooks/{id}", a.requireScope(webhookWrite, a.patchWebhook))
	rt.Handle("DELETE /api/{tenantId}/webhooks/{id}", a.requireScope(webhookWrite, a.deleteWebhook))

	rt.Handle("GET /api/{tenantId}/passes", a.requireScope(passRead, a.listPasses))
	rt.Handle("POST /api/{tenantId}/passes", a.requireScope(passWrite, a.createPass))
	rt.Handle("GET /api/{tenantId}/passes/{id}", a.requireScope(passRead, a.getPass))
	rt.Handle("PATCH /api/{tenantId}/passes/{id}", a.requireScope(passWrite, a.patchPass))
	rt.Handle("GET /api/{tenantId}/passes/{id}/devices", a.requireScope(passRead, a.listDevices))
	rt.Handle("POST /api/{tenantId}/passes/{id}/devices", a.requireScope(passWrite, a.install))
	rt.Handle("DELETE /api/{tenantId}/passes/{id}/devices/{deviceIdentifier}", a.requireScope(passWrite, a.uninstall))

	rt.Handle("GET /api/{tenantId}/customers", a.requireScope(customerRead, a.listCustomers))
	rt.Handle("POST /api/{tenantId}/customers", a.requireScope(customerWrite, a.upsertCustomer))
	rt.Handle("GET /api/{tenantId}/customers/{id}", a.requireScope(customerRead, a.getCustomer))

	rt.Handle("GET /api/{tenantId}/redirects", a.requireScope(redirectRead, a.listRedirects))
	rt.Handle("POST /api/{tenantId}/redirects", a.requireScope(redirectWrite, a.createRedirect))
	rt.Handle("GET /api/{tenantId}/redirects/{id}", a.requireScope(redirectRead, a.getRedirect))
	rt.Handle("DELETE /api/{tenantId}/redirects/{id}", a.requireScope(redirectWrite, a.deleteRedirect))
	rt.Handle("GET /r/{id}", a.follow)

	rt.Handle("GET /authorize", a.authorize)
	rt.Handle("POST /authorize", a.authorize)
	rt.Handle("GET /.well-known/openid-configuration", a.configuration)
	rt.Handle("GET /.well-known/jwks.json", a.keys)
	return rt
}

// renamed reads the option rename: "OLD=NEW OLD=NEW".
func renamed(option string) map[string]string {
	names := map[string]string{}
	for _, renaming := range strings.Fields(option) {
		old, name, _ := strings.Cut(renaming, "=")
		names[old] = name
	}
	return names
}

// event returns the name on the wire of an event of the provider file.
func (a *api) event(name string) string { return cmp.Or(a.events[name], name) }
