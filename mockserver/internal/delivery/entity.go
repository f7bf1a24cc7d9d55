package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Entity is one thing that events are about, as it stands: a pass, a customer, a membership. Its provider, tenant, kind
// and id together name it.
type Entity struct {
	Provider string `json:"provider"`
	// ID is the value of the field that the provider file calls its key.
	ID string `json:"id"`
	fixtures.EntityRecord
	// Order numbers entities as they were created: their times may be equal.
	Order   uint64    `json:"order"`
	Created time.Time `json:"created"` // on the schedule's clock
	// Extra is what a system's own API keeps of it besides, and no event shows.
	Extra json.RawMessage `json:"extra,omitempty"`
}

// EntityName names an entity.
type EntityName struct {
	Provider, Tenant, Kind, ID string
}

// Name is e's name.
func (e *Entity) Name() EntityName { return EntityName{e.Provider, e.Tenant, e.Kind, e.ID} }

// document is the key of the document that the entity is kept as.
func (n EntityName) document() string {
	parts := []string{n.Provider, n.Tenant, n.Kind, n.ID}
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// String says it in words.
func (n EntityName) String() string {
	return fmt.Sprintf("%s %q of %s", strings.ReplaceAll(n.Kind, "_", " "), n.ID, n.Provider)
}

// Life is an entity that nobody else can change now. What happens to it is kept and emitted when the function that was
// given it returns.
type Life struct {
	*fixtures.Entity
	// Extra is what a system's own API keeps of the entity.
	Extra  json.RawMessage
	events []Emission
	clock  func() time.Time
}

// Happen lets an event happen, at the schedule's time unless s has one. Errors are those of fixtures.Entity.Happen, and
// have changed nothing.
func (l *Life) Happen(s fixtures.Step) (fixtures.Event, error) {
	if s.At.IsZero() {
		s.At = l.clock()
	}
	e, err := l.Entity.Happen(s)
	if err == nil {
		l.events = append(l.events, Emission{Event: e.Name, Tenant: e.Tenant, ID: e.ID, At: e.At, Headers: e.Headers, Body: e.Body})
	}
	return e, err
}

// Create makes an entity of a kind, of the provider's demo tenant without another, with the values given and the rest
// drawn, has live live its first events, keeps it, and emits what happened. An error of live, and any other, means that
// nothing was kept and nothing emitted. Errors wrap fixtures.ErrUnknownProvider, fixtures.ErrUnknownEntity,
// fixtures.ErrInvalidGiven, fixtures.ErrUnknownField, journal.ErrExists when another has its id, or ErrInvalid when
// there are too many.
func (d *Dispatcher) Create(ctx context.Context, provider, kind, tenant string, g fixtures.Given, live func(*Life) error) (Entity, error) {
	p, err := d.catalogue.Provider(provider)
	if err != nil {
		return Entity{}, err
	}
	key := keyOf(p, kind)
	_, chosen := g[key]
	const redraws = 64
	for try := 0; ; try++ {
		now := d.schedule.time()
		draw := fixtures.Draw{Seed: d.seed, Stream: "entity", Index: d.drawn.Add(1) - 1}
		born, err := p.Born(draw, kind, fixtures.RenderOptions{Tenant: tenant, Start: now}, g)
		if err != nil {
			return Entity{}, err
		}
		e := Entity{Provider: p.Name, ID: born.Text(key), EntityRecord: born.Record(), Created: now}
		held, err := d.entities.reserve(&e)
		if errors.Is(err, journal.ErrExists) && !chosen && try < redraws {
			continue // an id that was drawn is another's
		}
		if err != nil {
			return Entity{}, err
		}
		return d.begin(ctx, p, held, born, live)
	}
}

// begin has a reserved entity live for the first time. It is forgotten again when that fails, whatever way.
func (d *Dispatcher) begin(ctx context.Context, p *fixtures.Provider, held *heldEntity, born *fixtures.Entity, live func(*Life) error) (out Entity, err error) {
	begun := false
	defer func() {
		if !begun {
			d.entities.forget(held)
		}
		held.mu.Unlock()
	}()
	out, err = d.live(ctx, p, held, born, live, true)
	begun = out.ID != ""
	return out, err
}

// Live has live change an entity, keeps it, and emits what happened, in its order. An error of live means that nothing
// was kept and nothing emitted. Errors wrap journal.ErrNotFound.
func (d *Dispatcher) Live(ctx context.Context, name EntityName, live func(*Life) error) (Entity, error) {
	p, err := d.catalogue.Provider(name.Provider)
	if err != nil {
		return Entity{}, err
	}
	name.Tenant = tenant(p, name.Tenant)
	held, err := d.entities.find(name)
	if err != nil {
		return Entity{}, err
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	if held.gone {
		return Entity{}, notFound(name)
	}
	e, err := p.Revive(held.entity.Load().EntityRecord)
	if err != nil {
		return Entity{}, err
	}
	return d.live(ctx, p, held, e, live, false)
}

// live has an entity live, with its lock held; newborn, it was not kept before. An error means that nothing was kept and nothing emitted.
func (d *Dispatcher) live(ctx context.Context, p *fixtures.Provider, held *heldEntity, e *fixtures.Entity, live func(*Life) error, newborn bool) (Entity, error) {
	if err := d.open(); err != nil {
		return Entity{}, err
	}
	now := held.entity.Load()
	l := &Life{Entity: e, Extra: now.Extra, clock: d.schedule.time}
	if live != nil {
		if err := live(l); err != nil {
			return Entity{}, err
		}
	}
	after := *now
	after.EntityRecord, after.Extra = e.Record(), l.Extra
	doc, err := json.Marshal(after)
	if err != nil {
		return Entity{}, fmt.Errorf("%s: %w", after.Name(), err)
	}
	if err := d.store.Put(ctx, entityKind, after.Name().document(), doc); err != nil {
		return Entity{}, fmt.Errorf("%s: %w", after.Name(), err)
	}
	held.entity.Store(&after) // before the events are sent: a consumer may ask at once
	if len(l.events) > 0 {
		// It has happened, so it is told, whoever waits for the answer.
		emitted, err := d.EmitAll(context.WithoutCancel(ctx), p.Name, l.events)
		if err != nil && len(emitted) == 0 {
			held.entity.Store(now)
			return Entity{}, errors.Join(fmt.Errorf("%s: emit what happened: %w", after.Name(), err), d.undo(ctx, now, newborn))
		}
		if err != nil { // some of it was told, so it has happened
			return after, fmt.Errorf("%s: emit what happened: %w", after.Name(), err)
		}
	}
	return after, nil
}

// undo puts the document of an entity back to what it was; one that was just born has none.
func (d *Dispatcher) undo(ctx context.Context, was *Entity, newborn bool) error {
	ctx = context.WithoutCancel(ctx)
	if newborn {
		return d.store.Delete(ctx, entityKind, was.Name().document())
	}
	doc, err := json.Marshal(was)
	if err != nil {
		return err
	}
	return d.store.Put(ctx, entityKind, was.Name().document(), doc)
}

// Entity returns one entity; journal.ErrNotFound.
func (d *Dispatcher) Entity(name EntityName) (Entity, error) {
	p, err := d.catalogue.Provider(name.Provider)
	if err != nil {
		return Entity{}, err
	}
	name.Tenant = tenant(p, name.Tenant)
	held, err := d.entities.find(name)
	if err != nil {
		return Entity{}, err
	}
	return *held.entity.Load(), nil
}

// Revive is the entity as fixtures has it, to ask what its events would say or what can happen next. What happens to it
// is not kept.
func (d *Dispatcher) Revive(e *Entity) (*fixtures.Entity, error) {
	p, err := d.catalogue.Provider(e.Provider)
	if err != nil {
		return nil, err
	}
	return p.Revive(e.EntityRecord)
}

// Entities lists the entities of a provider's tenant, oldest first; kind "" is every kind.
func (d *Dispatcher) Entities(provider, ofTenant, kind string) []Entity {
	p, err := d.catalogue.Provider(provider)
	if err != nil {
		return nil
	}
	return d.entities.list(provider, tenant(p, ofTenant), kind)
}

// Forget deletes an entity without an event; journal.ErrNotFound.
func (d *Dispatcher) Forget(ctx context.Context, name EntityName) error {
	p, err := d.catalogue.Provider(name.Provider)
	if err != nil {
		return err
	}
	name.Tenant = tenant(p, name.Tenant)
	held, err := d.entities.find(name)
	if err != nil {
		return err
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	if held.gone {
		return notFound(name)
	}
	if err := d.store.Delete(ctx, entityKind, name.document()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	d.entities.forget(held)
	return nil
}

// keyOf is the field that tells entities of a kind apart.
func keyOf(p *fixtures.Provider, kind string) string {
	for _, j := range p.Journeys {
		if j.Entity == kind {
			return j.Key
		}
	}
	return ""
}
