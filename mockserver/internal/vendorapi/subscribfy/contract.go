package subscribfy

import (
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// contract is a membership or a product subscription: both are paused, reactivated, cancelled and
// paid.
type contract struct {
	property
	topic string // the beginning of its topics
	path  string
	// create reads the body of a creation, and update that of a change.
	create func(w http.ResponseWriter, r *http.Request) (values, error)
	update func(w http.ResponseWriter, r *http.Request) (change, error)
}

// change sets the values of an update of a contract.
type change func(e *fixtures.Entity, v *values)

func contracts() []contract {
	return []contract{
		{
			property: property{kind: "membership", root: "membership", shown: "membership", noun: "membership"},
			topic:    "membership", path: "memberships", create: newMembership, update: membershipUpdate,
		},
		{
			property: property{kind: "product_subscription", root: "subscription", shown: "product_subscription", noun: "product subscription"},
			topic:    "product_subscription", path: "product-subscriptions", create: newSubscription, update: subscriptionUpdate,
		},
	}
}

// routeContracts adds the routes of contracts of a kind.
func (p *panel) routeContracts(rt *vendorapi.Routes, c contract) {
	p.routeProperties(rt, c.property, c.path)
	rt.Handle("POST /stores/{store}/customers/{customer}/"+c.path, p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
		v, err := c.create(w, r)
		if err != nil {
			return err
		}
		made, id, err := p.acquire(r.Context(), c.property, store, r.PathValue("customer"), c.topic+"/created", v, nil)
		if err != nil {
			return err
		}
		located(w, r, "/stores/%s/%s/%s", p.short(store), c.path, id)
		return vendorapi.Write(w, http.StatusCreated, made)
	}))
	event := func(call string, read func(w http.ResponseWriter, r *http.Request) (string, values, error)) {
		rt.Handle("POST /stores/{store}/"+c.path+"/{id}/"+call, p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
			happens, given, err := read(w, r)
			if err != nil {
				return err
			}
			out, err := p.trigger(r.Context(), c.property, store, r.PathValue("id"), c.topic+"/"+happens, func(_ *fixtures.Entity, _ *customer, v *values) error {
				v.add(given)
				return nil
			})
			if err != nil {
				return err
			}
			return vendorapi.Write(w, http.StatusOK, out)
		}))
	}
	plain := func(happens string) func(http.ResponseWriter, *http.Request) (string, values, error) {
		return func(http.ResponseWriter, *http.Request) (string, values, error) { return happens, values{}, nil }
	}
	event("pause", plain("paused"))
	event("reactivate", plain("reactivated"))
	event("cancel", c.cancel)
	event("bill", c.bill)
	rt.Handle("POST /stores/{store}/"+c.path+"/{id}/update", p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
		how, err := c.update(w, r)
		if err != nil {
			return err
		}
		out, err := p.trigger(r.Context(), c.property, store, r.PathValue("id"), c.topic+"/updated", func(e *fixtures.Entity, _ *customer, v *values) error {
			how(e, v)
			return nil
		})
		if err != nil {
			return err
		}
		return vendorapi.Write(w, http.StatusOK, out)
	}))
	if c.kind == "membership" {
		rt.Handle("POST /stores/{store}/"+c.path+"/{id}/store-credits", p.withKey(func(w http.ResponseWriter, r *http.Request, store string) error {
			return p.postStoreCredits(w, r, store, c)
		}))
	}
}

// cancel reads why a contract is cancelled.
func (c contract) cancel(w http.ResponseWriter, r *http.Request) (happens string, v values, err error) {
	var in struct {
		Reason *string `json:"cancellation_reason"`
	}
	if err := read(w, r, &in); err != nil {
		return "", v, err
	}
	v.text("cancellation_reason", c.root+".cancellation_reason", in.Reason)
	return "cancelled", v, v.err()
}

// bill reads whether a payment succeeds, which is the default, and why not.
func (c contract) bill(w http.ResponseWriter, r *http.Request) (happens string, v values, err error) {
	var in struct {
		Success      *bool    `json:"success"`
		Amount       *float64 `json:"amount"`
		ErrorCode    *string  `json:"error_code"`
		ErrorMessage *string  `json:"error_message"`
	}
	if err := read(w, r, &in); err != nil {
		return "", v, err
	}
	v.number("amount", "billing.amount", in.Amount, 0)
	if in.Success == nil || *in.Success {
		if in.ErrorCode != nil || in.ErrorMessage != nil {
			v.refuse("success", "A payment that succeeds has no error_code and no error_message: send success as false.")
		}
		return "billing_success", v, v.err()
	}
	v.text("error_code", "billing.error_code", in.ErrorCode)
	v.text("error_message", "billing.error_message", in.ErrorMessage)
	return "billing_failure", v, v.err()
}

// frequency is how often a contract is paid.
type frequency struct {
	Interval      string `json:"interval"`
	IntervalCount int    `json:"interval_count"`
}

// frequency checks a payment frequency. It must be complete.
func (v *values) frequency(f *frequency) bool {
	if f == nil {
		return false
	}
	f.Interval = strings.ToUpper(f.Interval)
	if f.Interval != "WEEK" && f.Interval != "MONTH" || f.IntervalCount < 1 || f.IntervalCount > 120 {
		v.refuse("payment_frequency", "The payment_frequency must have interval, WEEK or MONTH, and interval_count, from 1 to 120.")
		return false
	}
	return true
}
