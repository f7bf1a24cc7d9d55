package subscribfy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// shopify is the end of the domains of stores.
const shopify = ".myshopify.com"

// store returns the store that a path names, by its domain or by the domain's first part; "" when
// there is none.
func (p *panel) store(name string) string {
	for _, candidate := range []string{name, name + shopify} {
		if t, err := p.Entities.Tenant(p.Provider.Name, candidate); err == nil {
			return t.Name
		}
	}
	return ""
}

// short returns the name of a store in links: the first part of its domain, unless another store
// has that name.
func (p *panel) short(store string) string {
	if first := strings.TrimSuffix(store, shopify); p.store(first) == store {
		return first
	}
	return store
}

// opens says whether a key is one of the store's.
func (p *panel) opens(store, key string) bool {
	t, _, known := p.Entities.KeyOf(p.Provider.Name, key)
	return known && t.Name == store
}

// session returns the session of a request, if its key opens the store.
func (p *panel) session(r *http.Request, store string) (vendorapi.Session, bool) {
	return p.sessions.Get(r, func(key string) bool { return p.opens(store, key) })
}

// storeHandler answers a request for one store.
type storeHandler func(w http.ResponseWriter, r *http.Request, store string) error

// withKey returns a handler that asks for the store's key before it calls h.
func (p *panel) withKey(h storeHandler) vendorapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := r.Header.Get("X-API-KEY")
		_, _, known := p.Entities.KeyOf(p.Provider.Name, key)
		switch {
		case key == "":
			return vendorapi.Errorf(http.StatusUnauthorized, "Unauthenticated: send the store's key as X-API-KEY.")
		case !known:
			return vendorapi.Errorf(http.StatusUnauthorized, "Unauthenticated: the key in X-API-KEY is no store's.")
		}
		store := p.store(r.PathValue("store"))
		if store == "" || !p.opens(store, key) {
			return vendorapi.Errorf(http.StatusForbidden, "The key in X-API-KEY does not open the store %.128q.", r.PathValue("store"))
		}
		return h(w, r, store)
	}
}

// settings are the settings of a store, which are stored as a document. The zero settings are those
// of a new store.
type settings struct {
	// Token signs the store's deliveries; "" until it is generated.
	Token   string    `json:"token,omitempty"`
	Created time.Time `json:"created,omitzero"` // of the token, on the wall clock
	// Retry is a profile's name; "" is the provider's default.
	Retry string `json:"retry,omitempty"`
}

const settingsKind = "subscribfy/store"

func (p *panel) settings(ctx context.Context, store string) (settings, error) {
	var s settings
	doc, err := p.Store.Get(ctx, settingsKind, url.PathEscape(store))
	if errors.Is(err, journal.ErrNotFound) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(doc, &s)
	}
	if err != nil {
		return s, fmt.Errorf("settings of store %q: %w", store, err)
	}
	return s, nil
}

func (p *panel) putSettings(ctx context.Context, store string, s settings) error {
	doc, err := json.Marshal(s)
	if err == nil {
		err = p.Store.Put(ctx, settingsKind, url.PathEscape(store), doc)
	}
	if err != nil {
		return fmt.Errorf("settings of store %q: %w", store, err)
	}
	return nil
}

// errNoToken refuses a Save or a Test Call of a store without a token.
func errNoToken() *vendorapi.Error {
	return invalid("token", "The store has no Subscribfy Token: generate a token first.")
}
