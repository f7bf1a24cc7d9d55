package neostore

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// customer is a customer as the API shows it.
type customer struct {
	ID             string          `json:"id"`
	CreationDate   string          `json:"creationDate"`
	LastUpdateDate string          `json:"lastUpdateDate"`
	FlowName       string          `json:"flowName"` // of the last upsert
	Identifiers    json.RawMessage `json:"identifiers"`
	Attributes     json.RawMessage `json:"attributes"`
}

// customerFields are the fields of the entity.
type customerFields struct {
	Flow        string          `json:"flow"`
	Identifiers json.RawMessage `json:"identifiers"`
	Attributes  json.RawMessage `json:"attributes"`
}

// customerInput is the body of an upsert.
type customerInput struct {
	FlowName    json.RawMessage `json:"flowName"`
	Identifiers json.RawMessage `json:"identifiers"`
	Attributes  json.RawMessage `json:"attributes"`
}

const (
	customerKind = "customer"
	// defaultFlow is the flow of an upsert that names none.
	defaultFlow = "api"
	// upserted is the state of a customer after an upsert through the API.
	upserted = "told"
)

func readCustomer(e *entities.Entity) (customerFields, error) {
	var fields customerFields
	if err := json.Unmarshal(e.Fields, &fields); err != nil {
		return fields, fmt.Errorf("%s: %w", e.Name(), err)
	}
	return fields, nil
}

func newCustomer(e *entities.Entity) (customer, error) {
	fields, err := readCustomer(e)
	return customer{e.ID, stamp(e.Created), stamp(e.At), fields.Flow, fields.Identifiers, fields.Attributes}, err
}

func (a *api) listCustomers(w http.ResponseWriter, r *http.Request, tenant string) error {
	return list(w, r, a.Entities.List(a.Provider.Name, tenant, customerKind), newCustomer)
}

func (a *api) getCustomer(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Entities.Get(entities.Name{Provider: a.Provider.Name, Tenant: tenant, Kind: customerKind, ID: r.PathValue("id")})
	return answerCustomer(w, &e, notFound("customer", r, err))
}

// upsertCustomer updates the customer who has one of the identifiers, or creates one. The body is
// merged into the customer (RFC 7386).
func (a *api) upsertCustomer(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in customerInput
	if err := readInput(w, r, &in); err != nil {
		return err
	}
	wrong, flow := fieldErrors{}, defaultFlow
	if given(in.FlowName) {
		flow = wrong.text("flowName", in.FlowName, 200)
	}
	if !given(in.Identifiers) {
		wrong.add("identifiers", "The identifiers are required.")
	} else if wrong.object("identifiers", in.Identifiers, true, false); len(wrong) == 0 {
		if o, _ := readObject(in.Identifiers); len(o.members) == 0 {
			wrong.add("identifiers", "The object is empty: name at least one identifier.")
		}
	}
	if given(in.Attributes) {
		wrong.object("attributes", in.Attributes, false, false)
	}
	if err := wrong.err(); err != nil {
		return err
	}
	a.upserting.Lock()
	defer a.upserting.Unlock()
	before, err := a.findCustomer(tenant, in.Identifiers)
	if err != nil {
		return err
	}
	now := customerFields{Identifiers: json.RawMessage("{}"), Attributes: json.RawMessage("{}")}
	if before != nil {
		if now, err = readCustomer(before); err != nil {
			return err
		}
	}
	g := fixtures.Overrides{
		"flow": quote(flow), "identifiers": wrong.merged("identifiers", now.Identifiers, in.Identifiers, true),
		"attributes": now.Attributes,
	}
	if given(in.Attributes) {
		g["attributes"] = wrong.merged("attributes", now.Attributes, in.Attributes, false)
	}
	if err := wrong.err(); err != nil {
		return err
	}
	update := func(tx *entities.Tx) error {
		_, err := tx.Trigger(fixtures.Step{Event: a.event("Customer:Upserted"), To: upserted, Overrides: g})
		return err
	}
	var e entities.Entity
	if before != nil {
		e, err = a.Entities.Update(r.Context(), before.Name(), update)
	} else {
		e, err = a.Entities.Create(r.Context(), a.Provider.Name, customerKind, tenant, nil, update)
	}
	return answerCustomer(w, &e, err)
}

// findCustomer finds the oldest customer of a tenant who has one of the identifiers; nil when there
// is none.
func (a *api) findCustomer(tenant string, identifiers json.RawMessage) (*entities.Entity, error) {
	wanted, _ := readObject(identifiers)
	for _, e := range a.Entities.List(a.Provider.Name, tenant, customerKind) {
		fields, err := readCustomer(&e)
		if err != nil {
			return nil, err
		}
		has, _ := readObject(fields.Identifiers)
		if slices.ContainsFunc(wanted.members, func(m member) bool { return sameText(has.get(m.name), m.value) }) {
			return &e, nil
		}
	}
	return nil, nil
}

// sameText says whether two JSON texts are the same, however they are escaped.
func sameText(a, b json.RawMessage) bool {
	var x, y string
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

func answerCustomer(w http.ResponseWriter, e *entities.Entity, err error) error {
	if err != nil {
		return err
	}
	c, err := newCustomer(e)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, c)
}
