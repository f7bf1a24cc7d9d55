package subscribfy

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// property is an entity that a customer has: a wallet, a membership, a subscription. Its events
// show the current customer.
type property struct {
	kind  string // of the entity
	root  string // the field that its events show
	shown string // its name in events
	noun  string
}

// view shows a property as its events do, with the current customer.
func (kind property) view(e *fixtures.Entity, c customer) map[string]any {
	text, _ := e.Get(kind.root)
	return map[string]any{kind.shown: json.RawMessage(text), "customer": c}
}

// property returns one of a store.
func (p *panel) property(kind property, store, id string) (*fixtures.Entity, error) {
	e, err := p.Entities.Get(p.name(store, kind.kind, id))
	if err != nil {
		return nil, vendorapi.Errorf(http.StatusNotFound, "The store has no %s %.60q.", kind.noun, id)
	}
	return p.Entities.Restore(&e)
}

// properties lists those of a store, or of one customer, oldest first.
func (p *panel) properties(kind property, store, owner string) ([]map[string]any, error) {
	list := []map[string]any{}
	for _, kept := range p.Entities.List(p.Provider.Name, store, kind.kind) {
		e, err := p.Entities.Restore(&kept)
		if err != nil {
			return nil, err
		}
		id := e.Text("customer.id")
		if owner != "" && owner != id {
			continue
		}
		c, err := p.customer(store, id)
		if err != nil {
			return nil, err
		}
		list = append(list, kind.view(e, c))
	}
	return list, nil
}

// routeProperties adds the routes that read properties of a kind; path is their name in paths.
func (p *panel) routeProperties(rt *vendorapi.Routes, kind property, path string) {
	list := func(w http.ResponseWriter, r *http.Request, store string) error {
		owner := r.PathValue("customer")
		if owner != "" {
			c, err := p.customer(store, owner)
			if err != nil {
				return err
			}
			owner = c.ID
		}
		all, err := p.properties(kind, store, owner)
		if err != nil {
			return err
		}
		return writeList(w, r, all)
	}
	rt.Handle("GET /stores/{store}/"+path, p.withKey(list))
	rt.Handle("GET /stores/{store}/customers/{customer}/"+path, p.withKey(list))
	rt.Handle("GET /stores/{store}/"+path+"/{id}", p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
		e, err := p.property(kind, store, r.PathValue("id"))
		if err != nil {
			return err
		}
		c, err := p.customer(store, e.Text("customer.id"))
		if err != nil {
			return err
		}
		return vendorapi.Write(w, http.StatusOK, resource{Data: kind.view(e, c)})
	}))
}

// acquire creates a property of a customer with its first event. may returns why this customer may
// not have one.
func (p *panel) acquire(
	ctx context.Context, kind property, store, owner, file string, v values, may func(*customer) error,
) (made resource, id string, err error) {
	made.Topics = []string{p.topics.name(file)}
	err = p.with(ctx, store, owner, func(_ *entities.Tx, c *customer) error {
		if may != nil {
			if err := may(c); err != nil {
				return err
			}
		}
		v.put("customer", c)
		e, err := p.Entities.Create(ctx, p.Provider.Name, kind.kind, store, v.given, func(tx *entities.Tx) error {
			_, err := tx.Trigger(fixtures.Step{Event: p.topics.name(file)})
			made.Data = kind.view(tx.Entity, *c)
			return err
		})
		id = e.ID
		return err
	})
	return made, id, err
}

// happen has an event happen to a property; how sets the values of the event.
func (p *panel) trigger(
	ctx context.Context, kind property, store, id, file string, how func(e *fixtures.Entity, c *customer, v *values) error,
) (resource, error) {
	now, err := p.property(kind, store, id)
	if err != nil {
		return resource{}, err
	}
	out := resource{Topics: []string{p.topics.name(file)}}
	err = p.with(ctx, store, now.Text("customer.id"), func(_ *entities.Tx, c *customer) error {
		_, err := p.Entities.Update(ctx, p.name(store, kind.kind, id), func(tx *entities.Tx) error {
			var v values
			v.put("customer", c)
			if err := how(tx.Entity, c, &v); err != nil {
				return err
			}
			if err := v.err(); err != nil {
				return err
			}
			if _, err := tx.Trigger(fixtures.Step{Event: p.topics.name(file), Overrides: v.given}); err != nil {
				return err
			}
			after, err := readCustomer(tx.Entity, nil)
			c.StoreCredits = after.StoreCredits
			out.Data = kind.view(tx.Entity, *c)
			return err
		})
		return err
	})
	return out, err
}
