package entities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// share takes over the tenants and entities that other servers with the same store change, until
// Close.
func (r *Registry) share(ctx context.Context) {
	r.unshare = func() {}
	r.shared, _ = r.store.(journal.Shared)
	if r.shared == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := r.shared.OnDocument(func(kind, key string) error {
		switch kind {
		case tenantKind:
			return r.reloadTenant(ctx, key)
		case entityKind:
			return r.reloadEntity(ctx, key)
		case "":
			return errors.Join(r.reloadTenants(ctx), r.reloadEntities(ctx))
		}
		return nil
	})
	r.unshare = func() {
		cancel()
		stop()
	}
}

// Close ends what the registry takes over from other servers.
func (r *Registry) Close() { r.unshare() }

// document reads a document; nil is none.
func (r *Registry) document(ctx context.Context, kind, key string) (json.RawMessage, error) {
	doc, err := r.store.Get(ctx, kind, key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, nil
	}
	return doc, err
}

// reloadTenant reads a tenant again.
func (r *Registry) reloadTenant(ctx context.Context, key string) error {
	r.tenants.changing.Lock()
	defer r.tenants.changing.Unlock()
	doc, err := r.document(ctx, tenantKind, key)
	if err != nil {
		return err
	}
	var t Tenant
	if doc == nil {
		if parts, ok := parseKey(key, 2); ok {
			t.Provider, t.Name = parts[0], parts[1]
			r.tenants.delete(t)
		}
		return nil
	}
	if json.Unmarshal(doc, &t) == nil {
		r.tenants.put(t)
	}
	return nil
}

// reloadTenants reads all tenants again.
func (r *Registry) reloadTenants(ctx context.Context) error {
	documents, err := r.store.List(ctx, tenantKind)
	if err != nil {
		return err
	}
	stored := map[string]bool{}
	var errs []error
	for _, doc := range documents {
		stored[doc.Key] = true
		errs = append(errs, r.reloadTenant(ctx, doc.Key))
	}
	for _, t := range r.tenants.all() {
		if !t.Demo && !stored[t.document()] {
			errs = append(errs, r.reloadTenant(ctx, t.document()))
		}
	}
	return errors.Join(errs...)
}

// reloadEntity reads an entity again.
func (r *Registry) reloadEntity(ctx context.Context, key string) error {
	parts, ok := parseKey(key, 4)
	if !ok {
		return nil
	}
	name := Name{parts[0], parts[1], parts[2], parts[3]}
	if en, err := r.entries.find(name); err == nil {
		en.mu.Lock()
		err := r.refresh(ctx, en)
		deleted := en.deleted
		en.mu.Unlock()
		if err != nil || !deleted {
			return err
		}
	}
	doc, err := r.document(ctx, entityKind, key)
	if err != nil || doc == nil {
		return err
	}
	e := &Entity{}
	if json.Unmarshal(doc, e) == nil {
		r.entries.add(e, doc)
	}
	return nil
}

// reloadEntities reads all entities again.
func (r *Registry) reloadEntities(ctx context.Context) error {
	documents, err := r.store.List(ctx, entityKind)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, doc := range documents {
		names[doc.Key] = true
	}
	for _, name := range r.entries.names() {
		names[name.document()] = true
	}
	var errs []error
	for name := range names {
		errs = append(errs, r.reloadEntity(ctx, name))
	}
	return errors.Join(errs...)
}

// refresh reads an entity again, whose entry is locked. It marks one that another server has
// deleted.
func (r *Registry) refresh(ctx context.Context, en *entry) error {
	if r.shared == nil || en.deleted {
		return nil
	}
	name := en.entity.Load().Name()
	doc, err := r.document(ctx, entityKind, name.document())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if doc == nil {
		r.entries.delete(en)
		return nil
	}
	e := &Entity{}
	if err := json.Unmarshal(doc, e); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	en.doc = doc
	en.entity.Store(e)
	return nil
}

// parseKey splits the key of a document into its parts.
func parseKey(key string, parts int) ([]string, bool) {
	list := strings.Split(key, "/")
	for i, part := range list {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return nil, false
		}
		list[i] = plain
	}
	return list, len(list) == parts
}
