package ethpass

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// api is ethpass over one server.
type api struct {
	vendorapi.Backend
	events   events
	changing sync.Mutex // locked by a change of a webhook, and by a check of signatures
	sessions vendorapi.Sessions
}

// events are the names of the five events on the wire.
type events struct {
	create, register, unregister, expire, scan string
}

// New returns the API and the dashboard of ethpass. It starts nothing.
func New(_ context.Context, server vendorapi.Backend) (http.Handler, error) {
	a := &api{Backend: server}
	a.sessions.Cookie = "ethpass_session"
	for title, name := range map[string]*string{
		"PassCreated": &a.events.create, "PassRegister": &a.events.register, "PassUnregister": &a.events.unregister,
		"PassExpired": &a.events.expire, "PassScan": &a.events.scan,
	} {
		for i := range server.Provider.Events {
			if server.Provider.Events[i].Title == title {
				*name = server.Provider.Events[i].Name
			}
		}
		if *name == "" {
			return nil, fmt.Errorf("%s has no event titled %s: %w", server.Provider.Name, title, fixtures.ErrUnknownEvent)
		}
	}
	rt := vendorapi.NewRoutes(a.Log, http.StatusBadRequest, writeError)
	for _, root := range []string{"/v0", "/api/v0"} {
		a.serveAPI(rt, root)
	}
	if err := a.serveDashboard(rt); err != nil {
		return nil, err
	}
	return rt, nil
}

// serveAPI adds the routes of the API below a root.
func (a *api) serveAPI(rt *vendorapi.Routes, root string) {
	for pattern, h := range map[string]projectHandler{
		"GET %s/project":            a.getProject,
		"GET %s/project/secret":     a.getSecret,
		"POST %s/project/secret":    a.postSecret,
		"GET %s/project/webhook":    a.getWebhook,
		"PUT %s/project/webhook":    a.putWebhook,
		"DELETE %s/project/webhook": a.deleteWebhook,

		"POST %s/passes":                  a.postPass,
		"GET %s/passes":                   a.listPasses,
		"GET %s/passes/{id}":              a.getPass,
		"PATCH %s/passes/{id}":            a.patchPass,
		"DELETE %s/passes/{id}":           a.deletePass,
		"PUT %s/passes/{id}/ownership":    a.putOwnership,
		"GET %s/passes/{id}/distribution": a.getDistribution,

		"POST %s/passes/{id}/registrations":                  a.postRegistration,
		"DELETE %s/passes/{id}/registrations/{registration}": a.deleteRegistration,

		"GET %s/scan":     a.scan,
		"GET %s/scan/{$}": a.scan,
	} {
		rt.Handle(fmt.Sprintf(pattern, root), a.authorized(h))
	}
	rt.Handle("GET "+root+"/files/{project}/{id}", a.getFile)
}
