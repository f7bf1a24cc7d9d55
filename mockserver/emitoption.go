package mockserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// EmitOption is an option for the events that a Provider emits: see Provider.With. The call that
// emits reports a wrong option, such as an unknown fault: ErrInvalid.
type EmitOption func(*emitOptions)

// emitOptions are the values that the EmitOptions of a Provider set.
type emitOptions struct {
	tenant   string
	seed     *uint64
	set      []fixtures.Setting
	faults   []Fault
	endpoint string
	start    time.Time
	shuffled bool
	err      error // of the first wrong option
}

// InTenant emits the events of a tenant, to the endpoints of that tenant. Without it they belong to
// the provider's demo tenant.
func InTenant(id string) EmitOption { return func(o *emitOptions) { o.tenant = id } }

// Seed renders events and journeys from this seed instead of the server's. Two handles with the
// same seed emit the same events.
func Seed(seed uint64) EmitOption { return func(o *emitOptions) { o.seed = &seed } }

// Set overwrites the member at a JSON pointer in every body, as in Set("/customer/points", 5). The
// value is anything that encoding/json writes. Several Sets add up.
func Set(pointer string, value any) EmitOption {
	return func(o *emitOptions) {
		raw, err := json.Marshal(value)
		if err != nil {
			o.fail(fmt.Errorf("set %s: %w: %w", pointer, ErrInvalid, err))
			return
		}
		o.set = append(o.set, fixtures.Setting{Pointer: pointer, Value: raw})
	}
}

// Faults applies faults to every delivery. They are written as on the command line: "duplicate:3",
// "signature:missing". Several calls add up.
func Faults(texts ...string) EmitOption {
	return func(o *emitOptions) {
		for _, text := range texts {
			fault, err := ParseFault(text)
			if err != nil {
				o.fail(err)
				return
			}
			o.faults = append(o.faults, fault)
		}
	}
}

// To emits to this endpoint only, whatever it is subscribed to.
func To(e Endpoint) EmitOption { return func(o *emitOptions) { o.endpoint = e.ID } }

// StartAt is the earliest time in the events of a journey.
func StartAt(t time.Time) EmitOption { return func(o *emitOptions) { o.start = t } }

// Shuffled emits the events of a journey in a random order. The same seed gives the same order.
func Shuffled() EmitOption { return func(o *emitOptions) { o.shuffled = true } }

func (o *emitOptions) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// clone returns a copy whose lists may grow without changing those of o.
func (o *emitOptions) clone() emitOptions {
	c := *o
	c.set, c.faults = slices.Clip(o.set), slices.Clip(o.faults)
	return c
}

// apply fills in the fields that the emissions leave empty. An event with a body is rendered
// already, so Set does not change it.
func (o *emitOptions) apply(list []Emission) ([]Emission, error) {
	if o.err != nil {
		return nil, o.err
	}
	list = slices.Clone(list)
	for i := range list {
		e := &list[i]
		if e.Tenant == "" {
			e.Tenant = o.tenant
		}
		if e.Endpoint == "" {
			e.Endpoint = o.endpoint
		}
		if e.Body == nil {
			e.Set = append(slices.Clone(o.set), e.Set...)
		}
		e.Faults = append(slices.Clone(o.faults), e.Faults...)
	}
	return list, nil
}
