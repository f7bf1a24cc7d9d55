package subscribfy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
)

// program is what the provider file gives a loyalty programme to begin with: tiers, rules and coupons.
type program struct {
	tiers          ladder
	rules, coupons []item
}

// item is a rule or a coupon, as events show it, and what counts of it.
type item struct {
	ID         int     `json:"id"`
	Points     float64 `json:"points"`      // of a rule
	PointsCost float64 `json:"points_cost"` // of a coupon
	Status     string  `json:"status"`
	raw        json.RawMessage
}

func readItem(raw json.RawMessage) (item, error) {
	it := item{raw: raw}
	err := json.Unmarshal(raw, &it)
	return it, err
}

// rung is a tier: who has its points holds it. The rung at the bottom is no tier.
type rung struct {
	Name      string  `json:"name"`
	MinPoints float64 `json:"min_points"`
	Status    string  `json:"status"`
	raw       json.RawMessage
}

func (r rung) tierName() *string {
	if r.Name == "" {
		return nil
	}
	return &r.Name
}

// ladder are the tiers from the bottom up, no tier first.
type ladder []rung

// summit is what nobody's points reach.
const summit = 1_000_000_000_000_000

// readProgram reads what every account is born with.
func readProgram(born *fixtures.Entity) (program, error) {
	var pr program
	for field, add := range map[string]func(json.RawMessage) error{
		"ladder": func(raw json.RawMessage) error {
			r, err := readRung(raw)
			pr.tiers = append(pr.tiers, r)
			return err
		},
		"rules": func(raw json.RawMessage) error {
			it, err := readItem(raw)
			pr.rules = append(pr.rules, it)
			return err
		},
		"coupons": func(raw json.RawMessage) error {
			it, err := readItem(raw)
			pr.coupons = append(pr.coupons, it)
			return err
		},
	} {
		var list []json.RawMessage
		text, _ := born.Get(field)
		err := json.Unmarshal(text, &list)
		for i := 0; i < len(list) && err == nil; i++ {
			err = add(list[i])
		}
		if err != nil {
			return pr, fmt.Errorf("%s of a %s: %w", field, born.Kind(), err)
		}
	}
	return pr, nil
}

func readRung(raw json.RawMessage) (rung, error) {
	r := rung{raw: raw}
	err := json.Unmarshal(raw, &r)
	return r, err
}

// ladder is that of a store: the tiers of the file and the store's own that are active. One of the store's own takes the
// place of the one of its name in the file.
func (p *panel) ladder(store string) (ladder, error) {
	l := slices.Clone(p.program.tiers)
	for _, kept := range p.Entities.List(p.Provider.Name, store, "loyalty_tier") {
		e, err := p.Entities.Revive(&kept)
		if err != nil {
			return nil, err
		}
		raw, _ := e.Get("tier")
		r, err := readRung(raw)
		if err != nil {
			return nil, fmt.Errorf("tier %s: %w", kept.ID, err)
		}
		l = slices.DeleteFunc(l, func(other rung) bool { return other.Name == r.Name })
		if r.Status == "Active" {
			l = append(l, r)
		}
	}
	slices.SortStableFunc(l[1:], func(a, b rung) int { return cmp.Compare(a.MinPoints, b.MinPoints) })
	return l, nil
}

// place is the highest rung that points reach.
func (l ladder) place(points float64) int {
	at := 0
	for i, r := range l {
		if i > 0 && points >= r.MinPoints {
			at = i
		}
	}
	return at
}

// held is the rung of a customer: the one of its tier, or where its points belong when there is no such tier any more.
func (l ladder) held(c *customer) int {
	if c.Tier == nil {
		return 0
	}
	if i := slices.IndexFunc(l, func(r rung) bool { return r.Name == *c.Tier }); i > 0 {
		return i
	}
	return l.place(c.LoyaltyPoints)
}

// floor is what a rung takes, and ceiling what the next one does.
func (l ladder) floor(at int) float64 {
	switch {
	case at >= len(l):
		return summit
	case at == 0:
		return 0
	}
	return l[at].MinPoints
}

// give gives an account the ladder, and where its customer stands on it.
func (l ladder) give(v *values, c *customer) {
	floors := make([]float64, len(l)+1)
	tiers := make([]json.RawMessage, len(l))
	for i := range floors {
		floors[i] = l.floor(i)
	}
	for i := range tiers {
		tiers[i] = l[i].raw
	}
	at := l.held(c)
	v.put("floors", floors)
	v.put("ladder", tiers)
	v.put("level", at)
	v.put("floor", floors[at])
	v.put("ceiling", floors[at+1])
}

// cents rounds to two decimals.
func cents(n float64) float64 { return math.Round(n*100) / 100 }
