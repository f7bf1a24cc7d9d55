package subscribfy

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// newMembership reads the body of a membership's creation.
func newMembership(w http.ResponseWriter, r *http.Request) (v values, err error) {
	var in struct {
		Plan      *string    `json:"plan"`
		Price     *float64   `json:"price"` // of one payment
		Credits   *float64   `json:"credits"`
		Currency  *string    `json:"currency"`
		Frequency *frequency `json:"payment_frequency"`
	}
	if err := read(w, r, &in); err != nil {
		return v, err
	}
	v.text("plan", "plan.name", in.Plan)
	v.number("price", "plan.price", in.Price, 0)
	v.number("credits", "plan.credits", in.Credits, 0)
	v.currency("currency", "membership.currency", in.Currency)
	switch {
	case v.frequency(in.Frequency):
		factor := 1.0
		if in.Price == nil {
			factor = in.Frequency.months()
		}
		v.put("rate", rate{factor, *in.Frequency})
	case in.Price != nil:
		v.put("rate.factor", 1)
	}
	return v, v.err()
}

// rate is the price of a membership at a frequency, as a multiple of its price for a month.
type rate struct {
	Factor    float64   `json:"factor"`
	Frequency frequency `json:"frequency"`
}

// months returns how many months a frequency is.
func (f frequency) months() float64 {
	if f.Interval == "WEEK" {
		return cents(float64(f.IntervalCount) * 12 / 52)
	}
	return float64(f.IntervalCount)
}

// Layouts of the dates in bodies.
const layoutTime, layoutDay = time.RFC3339Nano, time.DateOnly

// membershipUpdate reads an update of a membership. Without a reason the update is generated.
func membershipUpdate(w http.ResponseWriter, r *http.Request) (change, error) {
	var in struct {
		Reason    *string    `json:"update_reason"`
		Price     *float64   `json:"price"`
		Frequency *frequency `json:"payment_frequency"`
		NextOrder *string    `json:"next_order_date"`
	}
	if err := read(w, r, &in); err != nil {
		return nil, err
	}
	var v values
	v.choice("update_reason", "update_reason", in.Reason, "payment_frequency_changed", "next_order_date_changed")
	v.put("wanted", map[string]any{"date": nil})
	v.only(in.Reason, "payment_frequency_changed", map[string]bool{"payment_frequency": in.Frequency != nil, "price": in.Price != nil})
	v.only(in.Reason, "next_order_date_changed", map[string]bool{"next_order_date": in.NextOrder != nil})
	v.number("price", "membership.price", in.Price, 0)
	v.date("next_order_date", "wanted.date", in.NextOrder, layoutTime, layoutDay)
	whole := v.frequency(in.Frequency)
	return func(e *fixtures.Entity, into *values) {
		into.add(v)
		if !whole {
			return
		}
		at := rate{in.Frequency.months(), *in.Frequency}
		var known []rate
		text, _ := e.Get("rates")
		if json.Unmarshal(text, &known) == nil {
			for _, k := range known {
				if k.Frequency == at.Frequency {
					at = k
				}
			}
		}
		into.put("rate", at)
	}, v.err()
}

// postStoreCredits adds or takes store credits, which the customer's other entities show too.
func (p *panel) postStoreCredits(w http.ResponseWriter, r *http.Request, store string, c contract) error {
	type credit struct {
		Message string  `json:"message"`
		Value   float64 `json:"value"`
		Type    string  `json:"type"`
	}
	var in struct {
		Message *string  `json:"message"`
		Value   *float64 `json:"value"`
		Type    *string  `json:"type"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var v values
	v.text("message", "message", in.Message)
	v.number("value", "value", in.Value, 0)
	v.choice("type", "type", in.Type, "Earn", "Redeem")
	if in.Value == nil && (in.Message != nil || in.Type != nil) {
		v.refuse("value", "The value field is required beside message or type.")
	}
	if err := v.err(); err != nil {
		return err
	}
	out, err := p.trigger(r.Context(), c.property, store, r.PathValue("id"), "membership/store_credits_changed", func(_ *fixtures.Entity, has *customer, v *values) error {
		if in.Value == nil {
			return nil
		}
		made := credit{"Adjusted by the shop", *in.Value, "Earn"}
		if in.Message != nil {
			made.Message = *in.Message
		}
		if in.Type != nil {
			made.Type = *in.Type
		}
		if made.Type == "Redeem" && made.Value > has.StoreCredits {
			return invalid("value", "The customer has store credits of %v: %v cannot be redeemed.", has.StoreCredits, made.Value)
		}
		v.put("credit", made)
		return nil
	})
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, out)
}
