package entities

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// Entity is one thing that events are about: a pass, a customer, a membership. Its provider,
// tenant, kind and id together name it.
type Entity struct {
	Provider string `json:"provider"`
	// ID is the value of the field that the provider file calls its key.
	ID string `json:"id"`
	fixtures.EntityRecord
	// Order numbers entities as they were created: their times may be equal.
	Order   uint64    `json:"order"`
	Created time.Time `json:"created"` // on the schedule's clock
	// Extra is what a vendor API stores with the entity and no event shows.
	Extra json.RawMessage `json:"extra,omitempty"`
}

// Name names an entity.
type Name struct {
	Provider, Tenant, Kind, ID string
}

// Name returns the name of e.
func (e *Entity) Name() Name { return Name{e.Provider, e.Tenant, e.Kind, e.ID} }

// document returns the key of the document that the entity is stored as.
func (n Name) document() string {
	parts := []string{n.Provider, n.Tenant, n.Kind, n.ID}
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// String returns the name in words: pass "p-1" of neostore.
func (n Name) String() string {
	return fmt.Sprintf("%s %q of %s", strings.ReplaceAll(n.Kind, "_", " "), n.ID, n.Provider)
}

// Tx is a transaction on one entity, which nobody else can change meanwhile. Registry.Create and
// Registry.Update store the entity and emit its events when their function returns nil.
type Tx struct {
	*fixtures.Entity
	// Extra is what a vendor API stores with the entity.
	Extra      json.RawMessage
	events     []delivery.Emission
	dispatcher *delivery.Dispatcher
}

// Trigger has an event happen, at the schedule's time unless s has one. Errors are those of
// fixtures.Entity.Trigger, and have changed nothing.
func (tx *Tx) Trigger(s fixtures.Step) (fixtures.Event, error) {
	if s.At.IsZero() {
		s.At = tx.dispatcher.Clock().Now
	}
	e, err := tx.Entity.Trigger(s)
	if err == nil {
		tx.events = append(tx.events, delivery.Emission{Event: e.Name, Tenant: e.Tenant, ID: e.ID, At: e.At, Headers: e.Headers, Body: e.Body})
	}
	return e, err
}
