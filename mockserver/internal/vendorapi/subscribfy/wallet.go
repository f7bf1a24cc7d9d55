package subscribfy

import (
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// wallet returns the kind of a customer's wallet pass; a customer has one.
func wallet() property {
	return property{kind: "wallet_pass", root: "pass_instance", shown: "pass_instance", noun: "wallet"}
}

// routeWallets adds the routes of wallets.
func (p *panel) routeWallets(rt *vendorapi.Routes) {
	p.routeProperties(rt, wallet(), "wallets")
	rt.Handle("POST /stores/{store}/customers/{customer}/wallet", p.withKey(p.postWallet))
	rt.Handle("POST /stores/{store}/wallets/{id}/install", p.withKey(p.walletEvent("wallet_pass/installed")))
	rt.Handle("POST /stores/{store}/wallets/{id}/remove", p.withKey(p.walletEvent("wallet_pass/removed")))
	rt.Handle("POST /stores/{store}/wallets/{id}/update", p.withKey(p.updateWallet))
}

// postWallet makes a customer's wallet.
func (p *panel) postWallet(w http.ResponseWriter, r *http.Request, store string) error {
	made, serial, err := p.acquire(r.Context(), wallet(), store, r.PathValue("customer"), "wallet_pass/created", values{}, func(c *customer) error {
		for _, kept := range p.Entities.List(p.Provider.Name, store, wallet().kind) {
			e, err := p.Entities.Restore(&kept)
			if err != nil {
				return err
			}
			if e.Text("customer.id") == c.ID {
				return vendorapi.Errorf(http.StatusConflict, "The customer has a wallet already, %s; possible: install, remove, update.", kept.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	located(w, r, "/stores/%s/wallets/%s", p.short(store), serial)
	return vendorapi.Write(w, http.StatusCreated, made)
}

// walletEvent returns the handler that has an event happen to a wallet.
func (p *panel) walletEvent(file string) storeHandler {
	return func(w http.ResponseWriter, r *http.Request, store string) error {
		out, err := p.trigger(r.Context(), wallet(), store, r.PathValue("id"), file, func(*fixtures.Entity, *customer, *values) error { return nil })
		if err != nil {
			return err
		}
		return vendorapi.Write(w, http.StatusOK, out)
	}
}

// updateWallet updates the wallet with the current customer. Points in the body are an event of
// their own before it: points never change without loyalty/points_changed.
func (p *panel) updateWallet(w http.ResponseWriter, r *http.Request, store string) error {
	var in struct {
		LoyaltyPoints *float64 `json:"loyalty_points"`
		StoreCredits  *float64 `json:"store_credits"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var v values
	v.number("loyalty_points", "points", in.LoyaltyPoints, 0)
	v.number("store_credits", "customer.store_credits", in.StoreCredits, 0)
	if err := v.err(); err != nil {
		return err
	}
	now, err := p.property(wallet(), store, r.PathValue("id"))
	if err != nil {
		return err
	}
	var before []string
	if in.LoyaltyPoints != nil {
		err := p.with(r.Context(), store, now.Text("customer.id"), func(tx *entities.Tx, c *customer) error {
			if *in.LoyaltyPoints == c.LoyaltyPoints {
				return nil
			}
			m := movement{Message: "Wallet updated", Value: cents(*in.LoyaltyPoints - c.LoyaltyPoints), Type: "Adjust"}
			before, err = p.move(tx, c, m)
			return err
		})
		if err != nil {
			return err
		}
	}
	out, err := p.trigger(r.Context(), wallet(), store, r.PathValue("id"), "wallet_pass/updated", func(_ *fixtures.Entity, c *customer, v *values) error {
		if in.StoreCredits != nil {
			c.StoreCredits = *in.StoreCredits
		}
		v.put("customer", c)
		v.put("points", c.LoyaltyPoints)
		v.put("customer.tier", c.Tier)
		v.put("customer.store_credits", c.StoreCredits)
		return nil
	})
	if err != nil {
		return err
	}
	out.Topics = append(before, out.Topics...)
	return vendorapi.Write(w, http.StatusOK, out)
}
