package subscribfy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
)

// program is what the provider file has for every loyalty programme: tiers, rules and coupons.
type program struct {
	tiers          tiers
	rules, coupons []item
}

// item is a rule or a coupon, as events show it.
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

// tier is a tier of customers with at least its points. The lowest, without a name, is no tier.
type tier struct {
	Name      string  `json:"name"`
	MinPoints float64 `json:"min_points"`
	Status    string  `json:"status"`
	raw       json.RawMessage
}

func (r tier) tierName() *string {
	if r.Name == "" {
		return nil
	}
	return &r.Name
}

// tiers are sorted by their points; no tier is the first.
type tiers []tier

// maxPoints is more than any customer has.
const maxPoints = 1_000_000_000_000_000

// readProgram reads the programme from a new account.
func readProgram(born *fixtures.Entity) (program, error) {
	var pr program
	for field, add := range map[string]func(json.RawMessage) error{
		"ladder": func(raw json.RawMessage) error {
			r, err := readTier(raw)
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

func readTier(raw json.RawMessage) (tier, error) {
	r := tier{raw: raw}
	err := json.Unmarshal(raw, &r)
	return r, err
}

// tiers returns the tiers of a store: those of the file and the store's own active ones, which
// replace those of the same name.
func (p *panel) tiers(store string) (tiers, error) {
	l := slices.Clone(p.program.tiers)
	for _, kept := range p.Entities.List(p.Provider.Name, store, "loyalty_tier") {
		e, err := p.Entities.Restore(&kept)
		if err != nil {
			return nil, err
		}
		raw, _ := e.Get("tier")
		r, err := readTier(raw)
		if err != nil {
			return nil, fmt.Errorf("tier %s: %w", kept.ID, err)
		}
		l = slices.DeleteFunc(l, func(other tier) bool { return other.Name == r.Name })
		if r.Status == "Active" {
			l = append(l, r)
		}
	}
	slices.SortStableFunc(l[1:], func(a, b tier) int { return cmp.Compare(a.MinPoints, b.MinPoints) })
	return l, nil
}

// reached returns the highest tier that points reach.
func (l tiers) reached(points float64) int {
	at := 0
	for i, r := range l {
		if i > 0 && points >= r.MinPoints {
			at = i
		}
	}
	return at
}

// of returns the tier of a customer: the one of its name, or that of the points when the tier no
// longer exists.
func (l tiers) of(c *customer) int {
	if c.Tier == nil {
		return 0
	}
	if i := slices.IndexFunc(l, func(r tier) bool { return r.Name == *c.Tier }); i > 0 {
		return i
	}
	return l.reached(c.LoyaltyPoints)
}

// floor returns the points that a tier takes.
func (l tiers) floor(at int) float64 {
	switch {
	case at >= len(l):
		return maxPoints
	case at == 0:
		return 0
	}
	return l[at].MinPoints
}

// give gives an account the tiers, and the customer's place among them.
func (l tiers) give(v *values, c *customer) {
	floors := make([]float64, len(l)+1)
	tiers := make([]json.RawMessage, len(l))
	for i := range floors {
		floors[i] = l.floor(i)
	}
	for i := range tiers {
		tiers[i] = l[i].raw
	}
	at := l.of(c)
	v.put("floors", floors)
	v.put("ladder", tiers)
	v.put("level", at)
	v.put("floor", floors[at])
	v.put("ceiling", floors[at+1])
}

// cents rounds to two decimals.
func cents(n float64) float64 { return math.Round(n*100) / 100 }
