package subscribfy

import (
	"context"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// panel is the settings panel of every store, and the calls that have events.
type panel struct {
	vendorapi.Backend
	topics   topics
	program  program // of every store, without the store's own rules, tiers and coupons
	sessions vendorapi.Sessions
	routes   *vendorapi.Routes
	changing sync.Mutex // now by a change of a store's settings or subscriptions
	pages    func() (*template.Template, error)
}

// New returns the vendor API of Subscribfy; it is a vendorapi.Factory.
func New(_ context.Context, server vendorapi.Backend) (http.Handler, error) {
	p := &panel{Backend: server, topics: newTopics(server.Provider)}
	p.sessions.Cookie, p.sessions.Lifetime = "subscribfy_session", 12*time.Hour
	p.pages = sync.OnceValues(p.parsePages)
	born, err := server.Provider.NewEntity(fixtures.Draw{}, kindCustomer, fixtures.RenderOptions{}, nil)
	if err != nil {
		return nil, err
	}
	if p.program, err = readProgram(born); err != nil {
		return nil, err
	}
	rt := vendorapi.NewRoutes(p.Log, http.StatusUnprocessableEntity, p.writeError)
	p.routes = rt
	p.routePages(rt)
	p.routeWebhooks(rt)
	p.routeCustomers(rt)
	p.routeWallets(rt)
	for _, c := range contracts() {
		p.routeContracts(rt, c)
	}
	p.routeLoyalty(rt)
	for _, k := range adminKinds() {
		p.routeAdmin(rt, k)
	}
	return rt, nil
}
