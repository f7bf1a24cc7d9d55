package ethpass

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// maxHeaderValue bounds an Authorization value, in bytes.
const maxHeaderValue = 4096

// webhook is the Webhooks section of a project's dashboard.
type webhook struct {
	Endpoint *string `json:"endpoint"`
	// Authorization is sent as it is; nil is no such header line.
	Authorization *string `json:"authorization"`
}

// endpoints returns those of the project, whoever registered them; the dashboard shows the first.
func (a *api) endpoints(ctx context.Context, p project) ([]journal.Endpoint, error) {
	all, err := a.Dispatcher.Endpoints(ctx, a.Provider.Name)
	if err != nil {
		return nil, err
	}
	var mine []journal.Endpoint
	for _, e := range all {
		if e.Tenant == p.Name || e.Tenant == "" && p.Name == a.Provider.Tenant {
			mine = append(mine, e)
		}
	}
	return mine, nil
}

func (a *api) webhookOf(ctx context.Context, p project) (webhook, error) {
	mine, err := a.endpoints(ctx, p)
	if err != nil || len(mine) == 0 {
		return webhook{}, err
	}
	hook := webhook{Endpoint: &mine[0].URL}
	if len(mine[0].Secrets) > 0 {
		hook.Authorization = &mine[0].Secrets[0]
	}
	return hook, nil
}

// update makes url the project's only endpoint.
func (a *api) update(ctx context.Context, p project, url, authorization string) error {
	if strings.TrimSpace(url) == "" {
		return invalid("endpoint: give the URL that events are to go to; DELETE removes it.")
	}
	if err := checkHeaderValue("authorization", authorization); err != nil {
		return err
	}
	a.changing.Lock()
	defer a.changing.Unlock()
	before, err := a.endpoints(ctx, p)
	if err != nil {
		return err
	}
	e := journal.Endpoint{Provider: a.Provider.Name}
	if len(before) > 0 {
		e = before[0]
	}
	e.Tenant, e.URL, e.Events, e.Secrets, e.Disabled = p.Name, url, nil, nil, false
	if authorization != "" {
		e.Secrets = []string{authorization}
	}
	if len(before) > 0 && (authorization != "" || len(before[0].Secrets) == 0) {
		if _, err := a.Dispatcher.Update(ctx, e); err != nil {
			return err
		}
		return a.remove(ctx, before[1:])
	}
	// Secrets cannot be removed from an endpoint, so this is a new one. It is registered before the
	// old one is removed, so that no event is lost.
	e.ID = ""
	if _, err := a.Dispatcher.Register(ctx, e); err != nil {
		return err
	}
	return a.remove(ctx, before)
}

func (a *api) remove(ctx context.Context, list []journal.Endpoint) error {
	for i := range list {
		if err := a.Dispatcher.Remove(ctx, list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// removeWebhook removes all endpoints of the project.
func (a *api) removeWebhook(ctx context.Context, p project) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	list, err := a.endpoints(ctx, p)
	if err != nil {
		return err
	}
	return a.remove(ctx, list)
}

func (a *api) getWebhook(w http.ResponseWriter, r *http.Request, p project) error {
	hook, err := a.webhookOf(r.Context(), p)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, hook)
}

func (a *api) putWebhook(w http.ResponseWriter, r *http.Request, p project) error {
	var in struct{ Endpoint, Authorization string }
	if err := read(w, r, &in, false); err != nil {
		return err
	}
	if err := a.update(r.Context(), p, in.Endpoint, in.Authorization); err != nil {
		return err
	}
	return a.getWebhook(w, r, p)
}

func (a *api) deleteWebhook(w http.ResponseWriter, r *http.Request, p project) error {
	if err := a.removeWebhook(r.Context(), p); err != nil {
		return err
	}
	return a.getWebhook(w, r, p)
}

// checkHeaderValue refuses a text that would arrive changed as the value of a header line.
func checkHeaderValue(name, value string) error {
	switch {
	case len(value) > maxHeaderValue:
		return invalid("%s: %d bytes, at most %d.", name, len(value), maxHeaderValue)
	case strings.Trim(value, " \t") != value:
		return invalid("%s %.80q: white space at its ends does not arrive.", name, value)
	case !utf8.ValidString(value):
		return invalid("%s %.80q: it is not UTF-8.", name, value)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return invalid("%s %.80q: a header's value holds no control characters.", name, value)
	}
	return nil
}
