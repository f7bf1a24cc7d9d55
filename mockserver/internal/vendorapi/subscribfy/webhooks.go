package subscribfy

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// routeWebhooks adds the routes of the settings panel as an API.
func (p *panel) routeWebhooks(rt *vendorapi.Routes) {
	const webhooks = " /stores/{store}/webhooks"
	rt.Handle("GET"+webhooks, p.withKey(p.getWebhooks))
	rt.Handle("GET"+webhooks+"/{topic...}", p.withKey(p.getEvent))
	rt.Handle("PUT"+webhooks+"/{topic...}", p.withKey(p.putEvent))
	rt.Handle("PUT"+webhooks+"/categories/{category}", p.withKey(p.putCategory))
	rt.Handle("PUT"+webhooks+"/settings", p.withKey(p.putRetry))
	rt.Handle("POST"+webhooks+"/token", p.withKey(p.postToken))
	rt.Handle("POST"+webhooks+"/{rest...}", p.withKey(p.postTest)) // …/{topic}/test
}

// eventView is one event of the panel.
type eventView struct {
	Topic      string `json:"topic"`
	Title      string `json:"title"`
	When       string `json:"when"`
	Documented bool   `json:"documented"`
	URLs       string `json:"urls"` // with commas, as the panel's field has them
}

// categoryView is one category of the panel.
type categoryView struct {
	Category string      `json:"category"`
	Title    string      `json:"title"`
	Events   []eventView `json:"events"`
}

func (t topic) view(urls []string) eventView {
	return eventView{t.Name, t.Title, t.When, t.Documented, strings.Join(urls, ", ")}
}

// category returns a category with the saved URLs.
func (p *panel) category(c category, saved map[string][]string) categoryView {
	v := categoryView{Category: c.Key, Title: c.Title, Events: []eventView{}}
	for _, t := range p.topics {
		if t.category == c.Key {
			v.Events = append(v.Events, t.view(saved[t.Name]))
		}
	}
	return v
}

// getWebhooks answers with the whole panel.
func (p *panel) getWebhooks(w http.ResponseWriter, r *http.Request, store string) error {
	s, err := p.settings(r.Context(), store)
	if err != nil {
		return err
	}
	saved, err := p.saved(r.Context(), store)
	if err != nil {
		return err
	}
	v := struct {
		Store      string         `json:"store"`
		Token      tokenView      `json:"token"`
		Retry      string         `json:"retry"`
		Categories []categoryView `json:"categories"`
	}{Store: store, Token: s.shown(), Retry: p.retry(s)}
	for _, c := range categories() {
		v.Categories = append(v.Categories, p.category(c, saved))
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: v})
}

// getEvent answers with one event.
func (p *panel) getEvent(w http.ResponseWriter, r *http.Request, store string) error {
	t, err := p.topics.named(r.PathValue("topic"))
	if err != nil {
		return err
	}
	saved, err := p.saved(r.Context(), store)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: t.view(saved[t.Name])})
}

// entered reads the URLs of a request; given says whether it has a member urls.
func (p *panel) entered(w http.ResponseWriter, r *http.Request) (urls []string, given bool, err error) {
	var in struct {
		URLs json.RawMessage `json:"urls"`
	}
	if err := read(w, r, &in); err != nil {
		return nil, false, err
	}
	text, err := listed(in.URLs)
	if err != nil {
		return nil, false, err
	}
	urls, err = p.urls(text)
	return urls, len(in.URLs) > 0, err
}

// saving reads the URLs to save: an empty list must be written.
func (p *panel) saving(w http.ResponseWriter, r *http.Request) ([]string, error) {
	urls, given, err := p.entered(w, r)
	if err == nil && !given {
		err = invalid("urls", "The urls field is required; it may be empty.")
	}
	return urls, err
}

// putEvent is Save of one event.
func (p *panel) putEvent(w http.ResponseWriter, r *http.Request, store string) error {
	t, err := p.topics.named(r.PathValue("topic"))
	if err != nil {
		return err
	}
	urls, err := p.saving(w, r)
	if err != nil {
		return err
	}
	if err := p.save(r.Context(), store, []string{t.Name}, urls); err != nil {
		return err
	}
	saved, err := p.saved(r.Context(), store)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: t.view(saved[t.Name])})
}

// putCategory is Save of all events of a category (row S-6).
func (p *panel) putCategory(w http.ResponseWriter, r *http.Request, store string) error {
	c, err := categoryNamed(r.PathValue("category"))
	if err != nil {
		return err
	}
	urls, err := p.saving(w, r)
	if err != nil {
		return err
	}
	if err := p.save(r.Context(), store, p.topics.of(c.Key), urls); err != nil {
		return err
	}
	saved, err := p.saved(r.Context(), store)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: p.category(c, saved)})
}

// categoryNamed returns a category, or a 404 that lists all.
func categoryNamed(key string) (category, error) {
	var keys []string
	for _, c := range categories() {
		if c.Key == key {
			return c, nil
		}
		keys = append(keys, c.Key)
	}
	return category{}, vendorapi.Errorf(http.StatusNotFound, "There is no category %.60q: there are %s.", key, strings.Join(keys, ", "))
}

// retry returns the name of a store's retry profile.
func (p *panel) retry(s settings) string {
	return cmp.Or(s.Retry, p.Provider.Delivery.Retry, delivery.NoRetry)
}

// profiles returns the names that a store can choose from.
func (p *panel) profiles() []string {
	return append([]string{delivery.NoRetry}, slices.Sorted(maps.Keys(p.Provider.Delivery.Profiles))...)
}

// profile returns the store's retry profile, which is zero for none.
func (p *panel) profile(s settings) fixtures.Retry { return p.Provider.Delivery.Profiles[p.retry(s)] }

// setRetry chooses a store's retry profile (rows S-8 and S-9).
func (p *panel) setRetry(r *http.Request, store, name string) error {
	if !slices.Contains(p.profiles(), name) {
		return invalid("retry", "The retry %.60q is none of %s.", name, strings.Join(p.profiles(), ", "))
	}
	_, err := p.change(r.Context(), store, func(s *settings) { s.Retry = name })
	return err
}

// putRetry is the call of setRetry.
func (p *panel) putRetry(w http.ResponseWriter, r *http.Request, store string) error {
	var in struct {
		Retry string `json:"retry"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if err := p.setRetry(r, store, in.Retry); err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: in})
}
