package entities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Tenant is a customer of a provider: a tenant of Neostore, a store of Subscribfy, a project of
// ethpass.
type Tenant struct {
	Provider string    `json:"provider"`
	Name     string    `json:"name"`
	Keys     []Key     `json:"keys,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	// Demo marks a demo tenant, which is in no store.
	Demo bool `json:"demo,omitempty"`
}

// Key lets its bearer call the provider's own API for one tenant.
type Key struct {
	Key string `json:"key"`
	// Scopes are what the bearer may do; none is everything.
	Scopes []string `json:"scopes,omitempty"`
}

// Allows says whether the key has a scope.
func (k Key) Allows(scope string) bool { return len(k.Scopes) == 0 || slices.Contains(k.Scopes, scope) }

// DemoKey is the key of the demo tenants.
const DemoKey = "demo-key"

const tenantKind = "tenant"

// Bounds of tenants.
const (
	maxTenants    = 10_000
	maxKeys       = 32
	maxKey        = 512
	maxTenantName = 128
)

// tenants are the tenants of all providers. The zero tenants is empty.
type tenants struct {
	changing sync.Mutex // locked by whoever changes tenants, in the store too

	mu     sync.RWMutex
	byName map[[2]string]Tenant // by provider and name
}

// PutTenant adds a tenant or replaces one. Errors wrap delivery.ErrInvalid or
// fixtures.ErrUnknownProvider.
func (r *Registry) PutTenant(ctx context.Context, t Tenant) (Tenant, error) {
	if _, err := r.catalogue.Provider(t.Provider); err != nil {
		return Tenant{}, err
	}
	if err := t.check(); err != nil {
		return Tenant{}, err
	}
	r.tenants.changing.Lock()
	defer r.tenants.changing.Unlock()
	before, known, count := r.tenants.find(t.Provider, t.Name)
	if !known && count >= maxTenants {
		return Tenant{}, fmt.Errorf("%w: tenant %q: the server keeps %d tenants and no more", delivery.ErrInvalid, t.Name, maxTenants)
	}
	t.Demo, t.Created = false, cmp.Or(before.Created, r.dispatcher.Clock().Now)
	t.Keys = slices.Clone(t.Keys)
	doc, err := json.Marshal(t)
	if err == nil {
		err = r.store.Put(ctx, tenantKind, t.document(), doc)
	}
	if err != nil {
		return Tenant{}, fmt.Errorf("tenant %q of %s: %w", t.Name, t.Provider, err)
	}
	r.tenants.put(t)
	return t.clone(), nil
}

// Tenant returns a tenant of a provider; journal.ErrNotFound.
func (r *Registry) Tenant(provider, name string) (Tenant, error) {
	t, known, _ := r.tenants.find(provider, name)
	if !known {
		return Tenant{}, fmt.Errorf("tenant %q of %s: %w", name, provider, journal.ErrNotFound)
	}
	return t.clone(), nil
}

// Tenants lists a provider's tenants by name.
func (r *Registry) Tenants(provider string) []Tenant {
	s := &r.tenants
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []Tenant{}
	for _, t := range s.byName {
		if t.Provider == provider {
			list = append(list, t.clone())
		}
	}
	slices.SortFunc(list, func(a, b Tenant) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// DeleteTenant deletes a tenant and its keys; its endpoints and entities stay. It returns
// journal.ErrNotFound, or delivery.ErrInvalid for a demo tenant.
func (r *Registry) DeleteTenant(ctx context.Context, provider, name string) error {
	r.tenants.changing.Lock()
	defer r.tenants.changing.Unlock()
	t, known, _ := r.tenants.find(provider, name)
	switch {
	case !known:
		return fmt.Errorf("tenant %q of %s: %w", name, provider, journal.ErrNotFound)
	case t.Demo:
		return fmt.Errorf("%w: tenant %q of %s is the demo's: start the server without it", delivery.ErrInvalid, name, provider)
	}
	if err := r.store.Delete(ctx, tenantKind, t.document()); err != nil {
		return fmt.Errorf("tenant %q of %s: %w", name, provider, err)
	}
	r.tenants.delete(t)
	return nil
}

// KeyOf finds the tenant of a provider that a key belongs to, and the key with its scopes.
func (r *Registry) KeyOf(provider, key string) (Tenant, Key, bool) {
	s := &r.tenants
	s.mu.RLock()
	defer s.mu.RUnlock()
	sum := sha256.Sum256([]byte(key))
	for _, t := range s.byName {
		if t.Provider != provider {
			continue
		}
		for _, k := range t.Keys {
			have := sha256.Sum256([]byte(k.Key))
			if subtle.ConstantTimeCompare(sum[:], have[:]) == 1 {
				return t.clone(), k, true
			}
		}
	}
	return Tenant{}, Key{}, false
}

func (t Tenant) clone() Tenant {
	t.Keys = slices.Clone(t.Keys)
	return t
}

func (t *Tenant) document() string { return url.PathEscape(t.Provider) + "/" + url.PathEscape(t.Name) }

// check returns what is wrong with a tenant.
func (t *Tenant) check() error {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if t.Name == "" || len(t.Name) > maxTenantName || strings.Trim(t.Name, letters+"-_.") != "" || strings.Trim(t.Name, ".") == "" {
		return fmt.Errorf("%w: tenant %.80q: want 1 to %d letters, digits, hyphens, underscores and dots", delivery.ErrInvalid, t.Name, maxTenantName)
	}
	if len(t.Keys) > maxKeys {
		return fmt.Errorf("%w: tenant %q: %d keys, at most %d", delivery.ErrInvalid, t.Name, len(t.Keys), maxKeys)
	}
	for i, k := range t.Keys {
		if k.Key == "" || len(k.Key) > maxKey || strings.ContainsFunc(k.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%w: tenant %q: key %d: want 1 to %d visible ASCII characters", delivery.ErrInvalid, t.Name, i+1, maxKey)
		}
		if len(k.Scopes) > maxKeys {
			return fmt.Errorf("%w: tenant %q: key %d: %d scopes, at most %d", delivery.ErrInvalid, t.Name, i+1, len(k.Scopes), maxKeys)
		}
	}
	return nil
}

// find returns a tenant, and how many there are.
func (s *tenants) find(provider, name string) (t Tenant, known bool, count int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, known = s.byName[[2]string{provider, name}]
	return t, known, len(s.byName)
}

// all returns the tenants of all providers.
func (s *tenants) all() []Tenant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.byName))
}

func (s *tenants) put(t Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byName = map[[2]string]Tenant{}
	}
	s.byName[[2]string{t.Provider, t.Name}] = t
}

func (s *tenants) delete(t Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byName, [2]string{t.Provider, t.Name})
}

// loadTenants loads the tenants of the store, and adds the demo tenants.
func (r *Registry) loadTenants(ctx context.Context, demo bool) error {
	documents, err := r.store.List(ctx, tenantKind)
	if err != nil {
		return fmt.Errorf("load tenants: %w", err)
	}
	if demo {
		for _, p := range r.catalogue.Providers() {
			if p.Tenant != "" {
				r.tenants.put(Tenant{Provider: p.Name, Name: p.Tenant, Keys: []Key{{Key: DemoKey}}, Demo: true})
			}
		}
	}
	for _, doc := range documents {
		var t Tenant
		if err := json.Unmarshal(doc.Doc, &t); err != nil {
			return fmt.Errorf("load tenant %q: %w", doc.Key, err)
		}
		r.tenants.put(t)
	}
	return nil
}
