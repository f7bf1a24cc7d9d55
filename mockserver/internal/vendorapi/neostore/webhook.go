package neostore

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// webhook is a webhook as the API shows it, members in the order of the documents' examples (N0,
// N1). It is an endpoint of the server.
type webhook struct {
	ID              string   `json:"id"`
	SignatureSecret string   `json:"signatureSecret"`
	Description     *string  `json:"description"`
	Events          []string `json:"events"`
	Endpoint        string   `json:"endpoint"`
	Enabled         bool     `json:"enabled"`
}

// redacted replaces a secret that is not shown.
const redacted = "********"

func newWebhook(e journal.Endpoint) webhook {
	h := webhook{ID: e.ID, Events: e.Events, Endpoint: e.URL, Enabled: !e.Disabled}
	if len(e.Secrets) > 0 {
		h.SignatureSecret = e.Secrets[0]
	}
	if e.Description != "" {
		h.Description = &e.Description
	}
	return h
}

// shown returns a webhook as it is shown after its creation.
func (a *api) shown(e journal.Endpoint) webhook {
	h := newWebhook(e)
	if a.options.redactSecret {
		h.SignatureSecret = redacted
	}
	return h
}

func (a *api) listWebhooks(w http.ResponseWriter, r *http.Request, tenant string) error {
	all, err := a.Dispatcher.Endpoints(r.Context(), a.Provider.Name)
	if err != nil {
		return err
	}
	list := []webhook{}
	for _, e := range all {
		if a.owner(&e) == tenant {
			list = append(list, a.shown(e))
		}
	}
	return vendorapi.Write(w, http.StatusOK, list)
}

func (a *api) createWebhook(w http.ResponseWriter, r *http.Request, tenant string) error {
	in, err := a.readWebhook(w, r)
	if err != nil {
		return err
	}
	e := journal.Endpoint{Provider: a.Provider.Name, Tenant: tenant}
	if err := a.fill(&e, in); err != nil {
		return err
	}
	if e, err = a.Dispatcher.Register(r.Context(), e); err != nil {
		return err
	}
	a.warn(e)
	return vendorapi.Write(w, http.StatusOK, newWebhook(e))
}

func (a *api) getWebhook(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Dispatcher.Endpoint(r.Context(), r.PathValue("id"))
	if err == nil {
		err = a.owned(&e, r, tenant)
	}
	if err != nil {
		return notFound("webhook", r, err)
	}
	return vendorapi.Write(w, http.StatusOK, a.shown(e))
}

// putWebhook replaces the four fields that can change (row N-3).
func (a *api) putWebhook(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.changeWebhook(w, r, tenant, func(e *journal.Endpoint) {
		e.URL, e.Events, e.Description, e.Disabled = "", nil, "", false
	})
	if err != nil {
		return err
	}
	if a.options.putReturns {
		return vendorapi.Write(w, http.StatusOK, a.shown(e))
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// patchWebhook merges (RFC 7386).
func (a *api) patchWebhook(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.changeWebhook(w, r, tenant, func(*journal.Endpoint) {})
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, a.shown(e))
}

// changeWebhook changes a webhook by prepare, and then as the request says.
func (a *api) changeWebhook(w http.ResponseWriter, r *http.Request, tenant string, prepare func(*journal.Endpoint)) (journal.Endpoint, error) {
	in, err := a.readWebhook(w, r)
	if err != nil {
		return journal.Endpoint{}, err
	}
	e, err := a.Dispatcher.Change(r.Context(), r.PathValue("id"), func(e *journal.Endpoint) error {
		if err := a.owned(e, r, tenant); err != nil {
			return err
		}
		prepare(e)
		return a.fill(e, in)
	})
	if err != nil {
		return e, notFound("webhook", r, err)
	}
	if in.Events != nil {
		a.warn(e)
	}
	return e, nil
}

func (a *api) deleteWebhook(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Dispatcher.Endpoint(r.Context(), r.PathValue("id"))
	if err == nil {
		err = a.owned(&e, r, tenant)
	}
	if err == nil {
		err = a.Dispatcher.Remove(r.Context(), e.ID)
	}
	if err != nil {
		return notFound("webhook", r, err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// owner returns the tenant of an endpoint.
func (a *api) owner(e *journal.Endpoint) string { return cmp.Or(e.Tenant, a.Provider.Tenant) }

// owned returns journal.ErrNotFound for an endpoint of another tenant.
func (a *api) owned(e *journal.Endpoint, r *http.Request, tenant string) error {
	if e.Provider != a.Provider.Name || a.owner(e) != tenant {
		return fmt.Errorf("webhook %q: %w", r.PathValue("id"), journal.ErrNotFound)
	}
	return nil
}

// warn logs the patterns of a webhook that select no event.
func (a *api) warn(e journal.Endpoint) {
	for _, pattern := range e.Events {
		if !a.selects(pattern) {
			a.Log.Warn("a webhook asks for what no event is called", "webhook", e.ID, "tenant", a.owner(&e), "pattern", pattern)
		}
	}
}

// selects says whether a pattern selects any event.
func (a *api) selects(pattern string) bool {
	for i := range a.Provider.Events {
		if _, ok := a.Provider.Subscription.Match([]string{pattern}, a.Provider.Events[i].Name); ok {
			return true
		}
	}
	return false
}
