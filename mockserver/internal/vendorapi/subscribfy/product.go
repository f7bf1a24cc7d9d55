package subscribfy

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
)

// product is the product in a body.
type product struct {
	Title        *string  `json:"title"`
	VariantTitle *string  `json:"variant_title"`
	SKU          *string  `json:"sku"`
	Price        *float64 `json:"price"` // of one
}

// product sets the product that is chosen.
func (v *values) product(p *product) {
	if p == nil {
		return
	}
	v.text("product.title", "chosen.product.title", p.Title)
	v.text("product.variant_title", "chosen.product.variant_title", p.VariantTitle)
	v.text("product.sku", "chosen.product.sku", p.SKU)
	v.number("product.price", "chosen.price", p.Price, 0)
}

// shippingInput is the shipping in a body.
type shippingInput struct {
	Title *string  `json:"title"`
	Price *float64 `json:"price"`
}

func (v *values) shipping(s *shippingInput, path string) {
	if s == nil {
		return
	}
	v.text("shipping.title", path+".title", s.Title)
	v.number("shipping.price", path+".price", s.Price, 0)
}

// newSubscription reads the body of a product subscription's creation.
func newSubscription(w http.ResponseWriter, r *http.Request) (v values, err error) {
	var in struct {
		Product   *product       `json:"product"`
		Quantity  *int           `json:"quantity"`
		Shipping  *shippingInput `json:"shipping"`
		Currency  *string        `json:"currency"`
		Frequency *frequency     `json:"payment_frequency"`
	}
	if err := read(w, r, &in); err != nil {
		return v, err
	}
	v.product(in.Product)
	v.whole("quantity", "quantity", in.Quantity, 1)
	v.shipping(in.Shipping, "shipping")
	v.currency("currency", "subscription.currency", in.Currency)
	if v.frequency(in.Frequency) {
		v.put("subscription.payment_frequency", in.Frequency)
	}
	return v, v.err()
}

// subscriptionUpdate reads an update of a product subscription. Without a reason the update is
// generated. The detail may be left out when the other members imply it.
func subscriptionUpdate(w http.ResponseWriter, r *http.Request) (change, error) {
	var in struct {
		Reason    *string        `json:"update_reason"`
		Detail    *string        `json:"update_detail"`
		Frequency *frequency     `json:"payment_frequency"`
		NextOrder *string        `json:"next_order_date"`
		Shipping  *shippingInput `json:"shipping"`
		Line      *string        `json:"line"` // id or sku of the product in question
		Price     *float64       `json:"price"`
		Quantity  *int           `json:"quantity"`
		Product   *product       `json:"product"`
	}
	if err := read(w, r, &in); err != nil {
		return nil, err
	}
	if in.Shipping == nil {
		in.Shipping = &shippingInput{}
	}
	var v values
	v.choice("update_reason", "update_reason", in.Reason, "payment_frequency_changed", "next_order_date_changed",
		"shipping_updated", "product_updated", "product_added", "product_removed")
	// The detail that each member belongs to, by reason.
	details := []struct {
		field, reason, detail string
		given                 bool
	}{
		{"payment_frequency", "payment_frequency_changed", "", in.Frequency != nil},
		{"next_order_date", "next_order_date_changed", "", in.NextOrder != nil},
		{"shipping.price", "shipping_updated", "price", in.Shipping.Price != nil},
		{"shipping.title", "shipping_updated", "name", in.Shipping.Title != nil},
		{"price", "product_updated", "price", in.Price != nil},
		{"quantity", "product_updated", "qty", in.Quantity != nil && is(in.Reason, "product_updated")},
		{"quantity", "product_added", "", in.Quantity != nil && !is(in.Reason, "product_updated")},
		{"product", "product_updated", "replaced", in.Product != nil && is(in.Reason, "product_updated")},
		{"product", "product_added", "", in.Product != nil && !is(in.Reason, "product_updated")},
	}
	detail := in.Detail
	for _, d := range details {
		if !d.given {
			continue
		}
		v.only(in.Reason, d.reason, map[string]bool{d.field: true})
		switch {
		case d.detail == "":
		case detail == nil:
			detail = &d.detail
		case *detail != d.detail:
			v.refuse(d.field, "The %s is of the update_detail %s, not %.60s: one update changes one thing.", d.field, d.detail, *detail)
		}
	}
	switch {
	case detail == nil:
	case is(in.Reason, "shipping_updated"):
		v.choice("update_detail", "update_detail", detail, "price", "name")
	case is(in.Reason, "product_updated"):
		v.choice("update_detail", "update_detail", detail, "price", "qty", "replaced")
	default:
		v.refuse("update_detail", "The update_detail goes with the update_reason shipping_updated or product_updated.")
	}
	if in.Line != nil && !is(in.Reason, "product_updated") && !is(in.Reason, "product_removed") {
		v.refuse("line", "The line goes with the update_reason product_updated or product_removed.")
	}
	v.put("wanted", map[string]any{"date": nil, "price": nil, "quantity": nil})
	v.date("next_order_date", "wanted.date", in.NextOrder, layoutTime, layoutDay)
	v.shipping(in.Shipping, "subscription.shipping")
	v.number("price", "wanted.price", in.Price, 0)
	v.whole("quantity", "wanted.quantity", in.Quantity, 1)
	v.product(in.Product)
	if v.frequency(in.Frequency) {
		v.put("subscription.payment_frequency", in.Frequency)
	}
	return func(e *fixtures.Entity, into *values) {
		into.add(v)
		line(e, in.Line, is(in.Reason, "product_removed"), into)
	}, v.err()
}

// is says whether a text is given and equal to another.
func is(s *string, text string) bool { return s != nil && *s == text }

// line sets the line of that id or sku, and refuses to remove the last.
func line(e *fixtures.Entity, named *string, remove bool, v *values) {
	type known struct {
		ID      string `json:"id"`
		Product struct {
			SKU string `json:"sku"`
		} `json:"product"`
	}
	var raws []json.RawMessage
	text, _ := e.Get("subscription.lines")
	if err := json.Unmarshal(text, &raws); err != nil {
		v.refuse("line", "The lines cannot be read: %v.", err)
		return
	}
	if remove && len(raws) < 2 {
		v.refuse("line", "The last product cannot be removed: cancel the subscription.")
		return
	}
	if named == nil {
		return
	}
	at := slices.IndexFunc(raws, func(raw json.RawMessage) bool {
		var k known
		return json.Unmarshal(raw, &k) == nil && (k.ID == *named || k.Product.SKU == *named)
	})
	if at < 0 {
		v.refuse("line", "The subscription has no line with the id or sku %.60q.", *named)
		return
	}
	v.put("line", raws[at])
}
