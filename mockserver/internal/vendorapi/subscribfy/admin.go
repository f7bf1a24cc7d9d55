package subscribfy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// adminKind is a kind of entity that a shop sets up in its loyalty programme.
type adminKind struct {
	noun string // rule, and so the field of the entity
	path string // rules
	// numbers and texts are the members of a body, in addition to status; each number has its
	// lowest value.
	numbers map[string]float64
	texts   []string
	choices map[string][]string
	// common returns those of every programme.
	common func(program) []json.RawMessage
}

func ruleKind() adminKind {
	return adminKind{
		noun: "rule", path: "rules", numbers: map[string]float64{"points": 0}, texts: []string{"name", "type"},
		common: func(pr program) []json.RawMessage {
			return raws(pr.rules, func(it item) json.RawMessage { return it.raw })
		},
	}
}

func tierKind() adminKind {
	return adminKind{
		noun: "tier", path: "tiers", numbers: map[string]float64{"min_points": 0, "points_multiplier": 1}, texts: []string{"name"},
		common: func(pr program) []json.RawMessage {
			return raws(pr.tiers[1:], func(r tier) json.RawMessage { return r.raw })
		},
	}
}

func couponKind() adminKind {
	return adminKind{
		noun: "coupon", path: "coupons", numbers: map[string]float64{"discount_value": 0, "points_cost": 0}, texts: []string{"title"},
		choices: map[string][]string{"discount_type": {"fixed_amount", "percentage", "free_shipping"}},
		common: func(pr program) []json.RawMessage {
			return raws(pr.coupons, func(it item) json.RawMessage { return it.raw })
		},
	}
}

func raws[T any](list []T, raw func(T) json.RawMessage) []json.RawMessage {
	all := make([]json.RawMessage, len(list))
	for i := range list {
		all[i] = raw(list[i])
	}
	return all
}

func adminKinds() []adminKind { return []adminKind{ruleKind(), tierKind(), couponKind()} }

func (k adminKind) kind() string    { return "loyalty_" + k.noun }
func (k adminKind) created() string { return "loyalty/" + k.noun + "_created" }
func (k adminKind) updated() string { return "loyalty/" + k.noun + "_updated" }

// routeAdmin adds the calls for what a shop sets up.
func (p *panel) routeAdmin(rt *vendorapi.Routes, k adminKind) {
	path := "/stores/{store}/loyalty/" + k.path
	rt.Handle("GET "+path, p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error { return p.listAdmin(w, r, store, k) }))
	rt.Handle("POST "+path, p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error { return p.postAdmin(w, r, store, k) }))
	rt.Handle("GET "+path+"/{id}", p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
		if raw, ok := p.common(k, r.PathValue("id")); ok {
			return vendorapi.Write(w, http.StatusOK, resource{Data: raw})
		}
		e, err := p.adminEntity(k, store, r.PathValue("id"))
		if err != nil {
			return err
		}
		return vendorapi.Write(w, http.StatusOK, resource{Data: k.view(e)})
	}))
	rt.Handle("PUT "+path+"/{id}", p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error { return p.putAdmin(w, r, store, k) }))
}

func (k adminKind) view(e *fixtures.Entity) json.RawMessage {
	raw, _ := e.Get(k.noun)
	return raw
}

// adminEntity returns one that the store has set up.
func (p *panel) adminEntity(k adminKind, store, id string) (*fixtures.Entity, error) {
	e, err := p.Entities.Get(p.name(store, k.kind(), id))
	if err != nil {
		return nil, vendorapi.Errorf(http.StatusNotFound, "The store has set up no %s %.60q.", k.noun, id)
	}
	return p.Entities.Restore(&e)
}

// common returns one of every programme.
func (p *panel) common(k adminKind, id string) (json.RawMessage, bool) {
	all := k.common(p.program)
	i := slices.IndexFunc(all, func(raw json.RawMessage) bool {
		it, err := readItem(raw)
		return err == nil && strconv.Itoa(it.ID) == id
	})
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// listAdmin lists those of every programme, and then the store's own.
func (p *panel) listAdmin(w http.ResponseWriter, r *http.Request, store string, k adminKind) error {
	list := k.common(p.program)
	for _, kept := range p.Entities.List(p.Provider.Name, store, k.kind()) {
		e, err := p.Entities.Restore(&kept)
		if err != nil {
			return err
		}
		list = append(list, k.view(e))
	}
	return writeList(w, r, list)
}

// given reads the members of a body; some says whether there is any.
func (k adminKind) given(w http.ResponseWriter, r *http.Request) (v values, some bool, err error) {
	in := map[string]json.RawMessage{}
	if err := read(w, r, &in); err != nil {
		return v, false, err
	}
	check := func(name string, into func(raw json.RawMessage) error) {
		raw, ok := in[name]
		if !ok || string(raw) == "null" {
			return
		}
		some = true
		if err := into(raw); err != nil {
			v.refuse(name, "The %s is of the wrong type: %.60q.", name, raw)
		}
	}
	for name, least := range k.numbers {
		check(name, func(raw json.RawMessage) error {
			var n float64
			err := json.Unmarshal(raw, &n)
			if err == nil {
				v.number(name, k.noun+"."+name, &n, least)
			}
			return err
		})
	}
	text := func(name string, take func(s *string)) {
		check(name, func(raw json.RawMessage) error {
			var s string
			err := json.Unmarshal(raw, &s)
			if err == nil {
				take(&s)
			}
			return err
		})
	}
	for _, name := range k.texts {
		text(name, func(s *string) { v.text(name, k.noun+"."+name, s) })
	}
	for name, of := range k.choices {
		text(name, func(s *string) { v.choice(name, k.noun+"."+name, s, of...) })
	}
	text("status", func(s *string) { v.choice("status", k.noun+".status", s, "Active", "Inactive") })
	return v, some, v.err()
}

// postAdmin sets one up.
func (p *panel) postAdmin(w http.ResponseWriter, r *http.Request, store string, k adminKind) error {
	v, _, err := k.given(w, r)
	if err != nil {
		return err
	}
	out := resource{Topics: []string{p.topics.name(k.created())}}
	made, err := p.Entities.Create(r.Context(), p.Provider.Name, k.kind(), store, v.given, func(tx *entities.Tx) error {
		_, err := tx.Trigger(fixtures.Step{Event: out.Topics[0]})
		out.Data = k.view(tx.Entity)
		return err
	})
	if err != nil {
		return err
	}
	located(w, r, "/stores/%s/loyalty/%s/%s", p.short(store), k.path, made.ID)
	return vendorapi.Write(w, http.StatusCreated, out)
}

// putAdmin changes one. A member that is left out stays; when all are left out the change is
// generated.
func (p *panel) putAdmin(w http.ResponseWriter, r *http.Request, store string, k adminKind) error {
	if _, ok := p.common(k, r.PathValue("id")); ok {
		return vendorapi.Errorf(http.StatusConflict, "The %s %s is one that every programme has: set up one of the store's own.", k.noun, r.PathValue("id"))
	}
	if _, err := p.adminEntity(k, store, r.PathValue("id")); err != nil {
		return err
	}
	v, some, err := k.given(w, r)
	if err != nil {
		return err
	}
	out := resource{Topics: []string{p.topics.name(k.updated())}}
	_, err = p.Entities.Update(r.Context(), p.name(store, k.kind(), r.PathValue("id")), func(tx *entities.Tx) error {
		if some {
			k.stay(tx.Entity, &v)
		}
		_, err := tx.Trigger(fixtures.Step{Event: out.Topics[0], Overrides: v.given})
		out.Data = k.view(tx.Entity)
		return err
	})
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, out)
}

// stay sets every missing member to its current value, so that none is generated.
func (k adminKind) stay(e *fixtures.Entity, v *values) {
	for name := range k.numbers {
		k.keep(e, v, name)
	}
	k.keep(e, v, "status")
}

func (k adminKind) keep(e *fixtures.Entity, v *values, name string) {
	path := k.noun + "." + name
	if _, ok := v.given[path]; ok {
		return
	}
	if now, ok := e.Get(path); ok {
		v.put(path, json.RawMessage(now))
	}
}
