package subscribfy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// kindCustomer is the kind of a customer: an account in the loyalty programme. Its creation has no
// event.
const kindCustomer = "loyalty_account"

// gidCustomer begins the ids of customers in bodies and in the server; paths have the digits alone.
const gidCustomer = "gid://shopify/Customer/"

// customer is a customer as events show it.
type customer struct {
	ID            string  `json:"id"`
	Email         string  `json:"email"`
	Name          string  `json:"name"`
	LoyaltyPoints float64 `json:"loyalty_points"`
	BirthDate     *string `json:"birth_date"`
	StoreCredits  float64 `json:"store_credits"`
	Tier          *string `json:"tier"`
}

// shared is what other entities of a customer, or the store's own tiers, change of the customer. It
// is stored with the account; the account's own fields follow with its next event.
type shared struct {
	StoreCredits float64 `json:"store_credits"`
	Tier         *string `json:"tier"`
}

// readCustomer returns the current customer of an account.
func readCustomer(e *fixtures.Entity, extra json.RawMessage) (customer, error) {
	var c customer
	text, _ := e.Get("customer")
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("customer: %w", err)
	}
	if len(extra) == 0 {
		return c, nil
	}
	var s shared
	if err := json.Unmarshal(extra, &s); err != nil {
		return c, fmt.Errorf("customer %s: %w", c.ID, err)
	}
	c.StoreCredits, c.Tier = s.StoreCredits, s.Tier
	return c, nil
}

// keep stores the customer with the account.
func (c *customer) keep(tx *entities.Tx) error {
	text, err := json.Marshal(shared{c.StoreCredits, c.Tier})
	if err != nil {
		return fmt.Errorf("customer %s: %w", c.ID, err)
	}
	tx.Extra = text
	return nil
}

// name names an entity of a store.
func (p *panel) name(store, kind, id string) entities.Name {
	if kind == kindCustomer && !strings.HasPrefix(id, gidCustomer) {
		id = gidCustomer + id
	}
	return entities.Name{Provider: p.Provider.Name, Tenant: store, Kind: kind, ID: id}
}

// customer returns the current state of a customer of a store.
func (p *panel) customer(store, id string) (customer, error) {
	e, err := p.Entities.Get(p.name(store, kindCustomer, id))
	if err != nil {
		return customer{}, vendorapi.Errorf(http.StatusNotFound, "The store has no customer %.60q.", id)
	}
	return p.customerOf(&e)
}

func (p *panel) customerOf(e *entities.Entity) (customer, error) {
	revived, err := p.Entities.Restore(e)
	if err != nil {
		return customer{}, err
	}
	return readCustomer(revived, e.Extra)
}

// routeCustomers adds the routes of customers.
func (p *panel) routeCustomers(rt *vendorapi.Routes) {
	rt.Handle("GET /stores/{store}/customers", p.withKey(p.listCustomers))
	rt.Handle("POST /stores/{store}/customers", p.withKey(p.postCustomer))
	rt.Handle("GET /stores/{store}/customers/{id}", p.withKey(p.getCustomer))
}

func (p *panel) listCustomers(w http.ResponseWriter, r *http.Request, store string) error {
	list := []customer{}
	for _, e := range p.Entities.List(p.Provider.Name, store, kindCustomer) {
		c, err := p.customerOf(&e)
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	return writeList(w, r, list)
}

func (p *panel) getCustomer(w http.ResponseWriter, r *http.Request, store string) error {
	c, err := p.customer(store, r.PathValue("id"))
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: c})
}

// postCustomer makes a customer.
func (p *panel) postCustomer(w http.ResponseWriter, r *http.Request, store string) error {
	var in struct {
		Email         *string  `json:"email"`
		Name          *string  `json:"name"`
		LoyaltyPoints *float64 `json:"loyalty_points"`
		BirthDate     *string  `json:"birth_date"`
		StoreCredits  *float64 `json:"store_credits"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var v values
	v.text("email", "customer.email", in.Email)
	v.text("name", "customer.name", in.Name)
	v.number("loyalty_points", "points", in.LoyaltyPoints, 0)
	v.number("store_credits", "customer.store_credits", in.StoreCredits, 0)
	v.date("birth_date", "customer.birth_date", in.BirthDate, time.DateOnly)
	if err := v.err(); err != nil {
		return err
	}
	l, err := p.tiers(store)
	if err != nil {
		return err
	}
	var c customer
	_, err = p.Entities.Create(r.Context(), p.Provider.Name, kindCustomer, store, v.given, func(life *entities.Tx) error {
		if c, err = readCustomer(life.Entity, nil); err != nil {
			return err
		}
		c.Tier = l[l.reached(c.LoyaltyPoints)].tierName()
		if err := p.fits(c); err != nil {
			return err
		}
		return c.keep(life)
	})
	if err != nil {
		return err
	}
	located(w, r, "/stores/%s/customers/%s", p.short(store), strings.TrimPrefix(c.ID, gidCustomer))
	return vendorapi.Write(w, http.StatusCreated, resource{Data: c})
}

// fits returns which values of a customer no event could show: no event of the creation would find
// out.
func (p *panel) fits(c customer) error {
	const day = "2026-01-15T00:00:00.000000Z"
	name := p.topics.name("wallet_pass/created")
	body, err := json.Marshal(map[string]any{"topic": name, "data": map[string]any{
		"customer":      c,
		"pass_instance": map[string]any{"status": "Created", "serial_number": "000000000", "created_at": day, "deleted_at": nil},
	}})
	if err != nil {
		return fmt.Errorf("customer %s: %w", c.ID, err)
	}
	return p.Provider.Validate(name, body)
}

// with calls do with a customer locked, and stores the customer.
func (p *panel) with(ctx context.Context, store, id string, do func(tx *entities.Tx, c *customer) error) error {
	name := p.name(store, kindCustomer, id)
	if _, err := p.Entities.Get(name); err != nil {
		return vendorapi.Errorf(http.StatusNotFound, "The store has no customer %.60q.", id)
	}
	_, err := p.Entities.Update(ctx, name, func(tx *entities.Tx) error {
		c, err := readCustomer(tx.Entity, tx.Extra)
		if err != nil {
			return err
		}
		if err := do(tx, &c); err != nil {
			return err
		}
		return c.keep(tx)
	})
	return err
}
