package subscribfy

import (
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// movement is a change of a customer's points.
type movement struct {
	Message string  `json:"message"`
	Value   float64 `json:"value"` // signed
	Type    string  `json:"type"`  // Earn, Redeem, Adjust
}

// routeLoyalty adds the routes of the loyalty programme.
func (p *panel) routeLoyalty(rt *vendorapi.Routes) {
	const loyalty = "POST /stores/{store}/customers/{customer}/loyalty"
	rt.Handle(loyalty+"/points", p.withKey(p.postPoints))
	rt.Handle(loyalty+"/rules/{rule}/complete", p.withKey(p.completeRule))
	rt.Handle(loyalty+"/coupons/{coupon}/redeem", p.withKey(p.redeemCoupon))
}

// move changes a customer's points, and the tier when they leave it. It returns the topics.
func (p *panel) move(tx *entities.Tx, c *customer, m movement) ([]string, error) {
	var v values
	v.put("movement", m)
	return p.setPoints(tx, c, cents(c.LoyaltyPoints+m.Value), &v)
}

// setPoints sets the customer's points, for the reason in v, and the tier that follows. It returns
// the topics.
func (p *panel) setPoints(tx *entities.Tx, c *customer, points float64, v *values) ([]string, error) {
	if points < 0 {
		return nil, invalid("value", "The customer has %v points: they cannot become %v.", c.LoyaltyPoints, points)
	}
	if points >= maxPoints {
		return nil, invalid("value", "The points %v are too many.", points)
	}
	tiers, err := p.tiers(tx.Tenant())
	if err != nil {
		return nil, err
	}
	c.give(v)
	tiers.give(v, c)
	now, file, step := tiers.of(c), "", fixtures.Step{Event: p.topics.name("loyalty/points_changed"), To: "active", Overrides: v.given}
	switch {
	case points >= tiers.floor(now+1):
		step.To, file = "rising", "loyalty/tier_changed"
	case points < tiers.floor(now):
		step.To, file = "falling", "loyalty/tier_lost"
	}
	if _, err := tx.Trigger(step); err != nil {
		return nil, err
	}
	c.LoyaltyPoints = points
	c.Tier = tiers[now].tierName()
	topics := []string{step.Event}
	if file == "" {
		return topics, nil
	}
	// One event leads to the right tier, however far it is.
	to := tiers.reached(points)
	var tier values
	tier.put("level", to)
	step = fixtures.Step{Event: p.topics.name(file), Overrides: tier.given}
	if _, err := tx.Trigger(step); err != nil {
		return nil, err
	}
	c.Tier = tiers[to].tierName()
	return append(topics, step.Event), nil
}

// give gives an account what is stored with it.
func (c *customer) give(v *values) {
	v.put("customer.store_credits", c.StoreCredits)
	v.put("customer.tier", c.Tier)
}

// postPoints earns, spends or adjusts points.
func (p *panel) postPoints(w http.ResponseWriter, r *http.Request, store string) error {
	var in struct {
		Message *string  `json:"message"`
		Value   *float64 `json:"value"`
		Type    *string  `json:"type"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var v values
	if in.Value == nil {
		v.refuse("value", "The value field is required: how many points are added, or with a minus taken away.")
	}
	v.text("message", "message", in.Message)
	v.number("value", "value", in.Value, -maxNumber)
	v.choice("type", "type", in.Type, "Earn", "Redeem", "Adjust")
	if err := v.err(); err != nil {
		return err
	}
	m := movement{Message: "Adjusted by the shop", Value: *in.Value, Type: "Adjust"}
	if m.Value > 0 {
		m.Type = "Earn"
	}
	if in.Message != nil {
		m.Message = *in.Message
	}
	if in.Type != nil {
		m.Type = *in.Type
	}
	return p.answer(w, r, store, func(tx *entities.Tx, c *customer) ([]string, error) { return p.move(tx, c, m) })
}

// answer calls do with the customer of a request, and answers with the customer and the topics.
func (p *panel) answer(w http.ResponseWriter, r *http.Request, store string, do func(*entities.Tx, *customer) ([]string, error)) error {
	var out resource
	err := p.with(r.Context(), store, r.PathValue("customer"), func(tx *entities.Tx, c *customer) (err error) {
		out.Topics, err = do(tx, c)
		out.Data = *c
		return err
	})
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, out)
}

// completeRule completes a rule for a customer, which adds its points.
func (p *panel) completeRule(w http.ResponseWriter, r *http.Request, store string) error {
	rule, err := p.item(store, ruleKind(), r.PathValue("rule"))
	if err != nil {
		return err
	}
	return p.answer(w, r, store, func(tx *entities.Tx, c *customer) ([]string, error) {
		var v values
		v.put("rule", rule.raw)
		c.give(&v)
		event, err := tx.Trigger(fixtures.Step{Event: p.topics.name("loyalty/rule_completed"), Overrides: v.given})
		if err != nil {
			return nil, err
		}
		topics, err := p.setPoints(tx, c, cents(c.LoyaltyPoints+rule.Points), &values{})
		return append([]string{event.Name}, topics...), err
	})
}

// redeemCoupon redeems a coupon for a customer, which takes its points.
func (p *panel) redeemCoupon(w http.ResponseWriter, r *http.Request, store string) error {
	var in struct {
		Code *string `json:"discount_code"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	coupon, err := p.item(store, couponKind(), r.PathValue("coupon"))
	if err != nil {
		return err
	}
	var v values
	v.put("coupon", coupon.raw)
	v.text("discount_code", "code", in.Code)
	if err := v.err(); err != nil {
		return err
	}
	return p.answer(w, r, store, func(tx *entities.Tx, c *customer) ([]string, error) {
		if c.LoyaltyPoints < coupon.PointsCost {
			return nil, invalid("coupon", "The coupon costs %v points, and the customer has %v.", coupon.PointsCost, c.LoyaltyPoints)
		}
		c.give(&v)
		event, err := tx.Trigger(fixtures.Step{Event: p.topics.name("loyalty/coupon_redeemed"), Overrides: v.given})
		if err != nil {
			return nil, err
		}
		topics, err := p.setPoints(tx, c, cents(c.LoyaltyPoints-coupon.PointsCost), &values{})
		return append([]string{event.Name}, topics...), err
	})
}

// item returns an active rule or coupon: one of every programme, or the store's own.
func (p *panel) item(store string, kind adminKind, id string) (item, error) {
	if raw, ok := p.common(kind, id); ok {
		return readItem(raw)
	}
	e, err := p.adminEntity(kind, store, id)
	if err != nil {
		return item{}, err
	}
	own, err := readItem(kind.view(e))
	if err == nil && own.Status != "Active" {
		err = invalid(kind.noun, "The %s %s is %s.", kind.noun, id, own.Status)
	}
	return own, err
}
