package entities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Options configure New. All but Demo are required.
type Options struct {
	Catalogue  *fixtures.Catalogue
	Store      journal.Store        // New reads it; Close of the store is the caller's
	Dispatcher *delivery.Dispatcher // emits the events, and has the clock
	Seed       uint64               // what entities are generated from
	// Demo adds a tenant with DemoKey to each provider: the provider's own demo tenant.
	Demo bool
}

// Registry keeps the entities and tenants of all providers. Its methods may be called from any
// goroutine.
type Registry struct {
	catalogue  *fixtures.Catalogue
	store      journal.Store
	dispatcher *delivery.Dispatcher
	seed       uint64

	entries entries
	tenants tenants

	shared  journal.Shared // the store, if other servers use it too
	unshare func()
}

// New returns a registry with what the store holds. Call it before the first event is emitted, and
// Close in the end.
func New(ctx context.Context, o Options) (*Registry, error) {
	r := &Registry{catalogue: o.Catalogue, store: o.Store, dispatcher: o.Dispatcher, seed: o.Seed}
	r.share(ctx)
	if err := r.loadTenants(ctx, o.Demo); err != nil {
		r.unshare()
		return nil, err
	}
	if err := r.loadEntities(ctx); err != nil {
		r.unshare()
		return nil, err
	}
	return r, nil
}

// Create makes an entity of a kind, with the values given and the rest generated. It calls update,
// which may be nil, for the first events, stores the entity and emits the events. An error of
// update, and any other, means that nothing was stored and nothing emitted. Without a tenant it is
// the provider's demo tenant. Errors wrap fixtures.ErrUnknownProvider, fixtures.ErrUnknownEntity,
// fixtures.ErrInvalidValue, fixtures.ErrUnknownField, journal.ErrExists when another entity has
// the id, or delivery.ErrInvalid when there are too many.
func (r *Registry) Create(
	ctx context.Context, provider, kind, tenant string, g fixtures.Overrides, update func(*Tx) error,
) (Entity, error) {
	p, err := r.catalogue.Provider(provider)
	if err != nil {
		return Entity{}, err
	}
	key := keyOf(p, kind)
	_, chosen := g[key]
	const redraws = 64
	for try := 0; ; try++ {
		now := r.dispatcher.Clock().Now
		draw := fixtures.Draw{Seed: r.seed, Stream: "entity", Index: r.dispatcher.NextIndex()}
		created, err := p.NewEntity(draw, kind, fixtures.RenderOptions{Tenant: tenant, Start: now}, g)
		if err != nil {
			return Entity{}, err
		}
		e := Entity{Provider: p.Name, ID: created.Text(key), EntityRecord: created.Record(), Created: now}
		en, err := r.entries.reserve(&e)
		if errors.Is(err, journal.ErrExists) && !chosen && try < redraws {
			continue // another entity has the id that was generated
		}
		if err != nil {
			return Entity{}, err
		}
		out, err := r.createReserved(ctx, en, created, update)
		if errors.Is(err, journal.ErrExists) && out.ID == "" && !chosen && try < redraws {
			continue // another server has made one with that id
		}
		return out, err
	}
}

// createReserved runs the first transaction of a reserved entity, which is deleted again when it
// fails or panics.
func (r *Registry) createReserved(
	ctx context.Context, en *entry, created *fixtures.Entity, update func(*Tx) error,
) (out Entity, err error) {
	stored := false
	defer func() {
		if !stored {
			r.entries.delete(en)
		}
		en.mu.Unlock()
	}()
	out, err = r.transact(ctx, en, created, update, true)
	stored = out.ID != ""
	return out, err
}

// Update calls update with the entity locked, stores the result, and emits the events in their
// order. An error of update means that nothing was stored and nothing emitted. Errors wrap
// journal.ErrNotFound.
func (r *Registry) Update(ctx context.Context, name Name, update func(*Tx) error) (Entity, error) {
	p, en, err := r.find(ctx, &name)
	if err != nil {
		return Entity{}, err
	}
	en.mu.Lock()
	defer en.mu.Unlock()
	for {
		if err := r.refresh(ctx, en); err != nil {
			return Entity{}, err
		}
		if en.deleted {
			return Entity{}, notFound(name)
		}
		e, err := p.Restore(en.entity.Load().EntityRecord)
		if err != nil {
			return Entity{}, err
		}
		out, err := r.transact(ctx, en, e, update, false)
		if !errors.Is(err, journal.ErrChanged) {
			return out, err
		}
	}
}

// transact runs one transaction; the caller has locked the entry. An error without an entity means
// that nothing was stored and nothing emitted.
func (r *Registry) transact(
	ctx context.Context, en *entry, e *fixtures.Entity, update func(*Tx) error, isNew bool,
) (Entity, error) {
	if err := r.dispatcher.Err(); err != nil {
		return Entity{}, err
	}
	before := en.entity.Load()
	tx := &Tx{Entity: e, Extra: before.Extra, dispatcher: r.dispatcher}
	if update != nil {
		if err := update(tx); err != nil {
			return Entity{}, err
		}
	}
	after := *before
	after.EntityRecord, after.Extra = e.Record(), tx.Extra
	if err := r.replace(ctx, en, &after); err != nil {
		return Entity{}, err
	}
	en.entity.Store(&after) // before the events are sent: a consumer may ask for the entity at once
	if len(tx.events) == 0 {
		return after, nil
	}
	// The entity has changed, so its events are emitted even when the caller does not wait any
	// longer.
	ctx = context.WithoutCancel(ctx)
	emitted, err := r.dispatcher.EmitAll(ctx, before.Provider, tx.events)
	if err == nil {
		return after, nil
	}
	err = fmt.Errorf("%s: emit its events: %w", after.Name(), err)
	if len(emitted) > 0 { // some events are queued, so the change stays
		return after, err
	}
	en.entity.Store(before)
	if isNew {
		return Entity{}, errors.Join(err, r.store.Delete(ctx, entityKind, before.Name().document()))
	}
	return Entity{}, errors.Join(err, r.put(ctx, en, before))
}

// replace stores an entity, if no other server has changed it since it was read: else it returns
// journal.ErrChanged, or journal.ErrExists for a new one.
func (r *Registry) replace(ctx context.Context, en *entry, e *Entity) error {
	if r.shared == nil {
		return r.put(ctx, en, e)
	}
	doc, err := json.Marshal(e)
	if err == nil {
		err = r.shared.Swap(ctx, entityKind, e.Name().document(), en.doc, doc)
	}
	if errors.Is(err, journal.ErrChanged) && en.doc == nil {
		err = journal.ErrExists
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name(), err)
	}
	en.doc = doc
	return nil
}

// put stores an entity.
func (r *Registry) put(ctx context.Context, en *entry, e *Entity) error {
	doc, err := json.Marshal(e)
	if err == nil {
		err = r.store.Put(ctx, entityKind, e.Name().document(), doc)
		en.doc = doc
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.Name(), err)
	}
	return nil
}

// Get returns one entity; journal.ErrNotFound.
func (r *Registry) Get(name Name) (Entity, error) {
	_, en, err := r.find(context.Background(), &name)
	if err != nil {
		return Entity{}, err
	}
	return *en.entity.Load(), nil
}

// List returns the entities of a provider's tenant, oldest first; kind "" is every kind.
func (r *Registry) List(provider, tenant, kind string) []Entity {
	p, err := r.catalogue.Provider(provider)
	if err != nil {
		return nil
	}
	return r.entries.list(provider, cmp.Or(tenant, p.Tenant), kind)
}

// Delete deletes an entity without an event; journal.ErrNotFound.
func (r *Registry) Delete(ctx context.Context, name Name) error {
	_, en, err := r.find(ctx, &name)
	if err != nil {
		return err
	}
	en.mu.Lock()
	defer en.mu.Unlock()
	if en.deleted {
		return notFound(name)
	}
	if err := r.store.Delete(ctx, entityKind, name.document()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.entries.delete(en)
	return nil
}

// Restore returns the entity as package fixtures has it, to ask for its fields and for the events
// that can happen next. What happens to it is not stored.
func (r *Registry) Restore(e *Entity) (*fixtures.Entity, error) {
	p, err := r.catalogue.Provider(e.Provider)
	if err != nil {
		return nil, err
	}
	return p.Restore(e.EntityRecord)
}

// find returns an entity's provider and entry. It gives a name without a tenant the provider's demo
// tenant.
func (r *Registry) find(ctx context.Context, name *Name) (*fixtures.Provider, *entry, error) {
	p, err := r.catalogue.Provider(name.Provider)
	if err != nil {
		return nil, nil, err
	}
	name.Tenant = cmp.Or(name.Tenant, p.Tenant)
	en, err := r.entries.find(*name)
	if err != nil && r.shared != nil { // another server may have made it just now
		if err := r.reloadEntity(ctx, name.document()); err != nil {
			return p, nil, err
		}
		en, err = r.entries.find(*name)
	}
	return p, en, err
}

// keyOf returns the field that identifies entities of a kind.
func keyOf(p *fixtures.Provider, kind string) string {
	for _, j := range p.Journeys {
		if j.Entity == kind {
			return j.Key
		}
	}
	return ""
}
