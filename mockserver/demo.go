package mockserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// SeedDemo fills the demo tenants with realistic data, by the same calls that a client of each
// system would make. It registers webhooks to bins of this server, each named after its provider
// and verifying what arrives, and creates passes, customers and memberships with some history. It
// skips a tenant that already has an entity. It fails without demo tenants; see Options.Demo.
func (s *Server) SeedDemo(ctx context.Context) error {
	seeds := map[string]func(*demo) error{"neostore": (*demo).neostore, "subscribfy": (*demo).subscribfy, "ethpass": (*demo).ethpass}
	for _, f := range s.vendorAPIs {
		p, err := s.catalogue.Provider(f.provider)
		if err != nil {
			return err
		}
		if _, _, open := s.entities.KeyOf(p.Name, entities.DemoKey); !open {
			return fmt.Errorf("seed the demo of %s: %w", p.Name, errNoDemo)
		}
		if len(s.entities.List(p.Name, p.Tenant, "")) > 0 || seeds[p.Name] == nil {
			continue
		}
		d := &demo{ctx: ctx, server: s, provider: p.Name, tenant: p.Tenant, bin: s.Bin(p.Name)}
		if err := seeds[p.Name](d); err != nil {
			return fmt.Errorf("seed the demo of %s: %w", p.Name, err)
		}
	}
	return nil
}

var errNoDemo = errors.New("there is no demo tenant: everybody knows its key, so it exists only when every address is loopback")

// demo calls one system's own API.
type demo struct {
	ctx              context.Context
	server           *Server
	provider, tenant string
	bin              *Bin
}

// call makes one call and returns the JSON of the response.
func (d *demo) call(method, path string, body any) (gjson.Result, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return gjson.Result{}, err
		}
	}
	ctx, cancel := context.WithTimeout(d.ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.server.VendorAPIURL(d.provider)+path, bytes.NewReader(text))
	if err != nil {
		return gjson.Result{}, err
	}
	req.Header.Set("X-API-KEY", entities.DemoKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return gjson.Result{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && (resp.StatusCode >= 400 || resp.StatusCode == http.StatusMovedPermanently) {
		err = fmt.Errorf("%s %s: %s: %.200s", method, path, resp.Status, answer)
	}
	return gjson.ParseBytes(answer), err
}

// calls makes calls and ignores their responses: "METHOD path", body, and so on.
func (d *demo) calls(list ...any) error {
	for pair := range slices.Chunk(list, 2) {
		method, path, _ := strings.Cut(pair[0].(string), " ")
		if _, err := d.call(method, path, pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// fields is a JSON body.
type fields map[string]any

func (d *demo) verify(secrets ...string) error {
	return d.bin.Configure(d.ctx, capture.Settings{Provider: d.provider, Secrets: secrets})
}

func (d *demo) neostore() error {
	base := "/api/" + d.tenant
	hook, err := d.call("POST", base+"/webhooks", fields{
		"description": "Passes and customers to the CRM", "events": []string{"Pass:*", "Customer:*", "Redirect:*"}, "endpoint": d.bin.URL() + "/crm",
	})
	if err != nil {
		return err
	}
	if err := d.verify(hook.Get("signatureSecret").String()); err != nil {
		return err
	}
	for i, devices := range [][]string{{"apple"}, {"apple", "google"}, {"google"}, {}, {"apple"}} {
		pass, err := d.call("POST", base+"/passes", fields{"passType": "user", "metadata": map[string]string{"campaign": "welcome", "store": []string{"lyon", "paris", "lille"}[i%3]}})
		if err != nil {
			return err
		}
		path := base + "/passes/" + pass.Get("id").String()
		for _, device := range devices {
			if err := d.calls("POST "+path+"/devices", fields{"device": device}); err != nil {
				return err
			}
		}
		if len(devices) > 0 && i < 3 {
			if err := d.calls("PATCH "+path, fields{"metadata": map[string]string{"tier": "gold"}}); err != nil {
				return err
			}
		}
	}
	redirect, err := d.call("POST", base+"/redirects", fields{"uri": "https://shop.example/club?utm_source=qr"})
	if err != nil {
		return err
	}
	for _, name := range []string{"Ada Marchand", "Noé Lefèvre"} {
		first, last, _ := strings.Cut(name, " ")
		email := strings.ToLower(first) + "@shop.example"
		if err := d.calls("POST "+base+"/customers", fields{
			"flowName": "subscription-form", "identifiers": fields{"email": email},
			"attributes": fields{"firstName": first, "lastName": last, "email": email, "optIn": "true"},
		}); err != nil {
			return err
		}
	}
	return d.calls("GET /r/"+redirect.Get("id").String(), nil)
}

func (d *demo) subscribfy() error {
	store := "/stores/" + d.tenant
	token, err := d.call("POST", store+"/webhooks/token", nil)
	if err != nil {
		return err
	}
	if err := d.verify(token.Get("data.token").String()); err != nil {
		return err
	}
	for _, category := range []string{"wallet_pass", "membership", "product_subscription", "loyalty"} {
		if err := d.calls("PUT "+store+"/webhooks/categories/"+category, fields{"urls": d.bin.URL() + "/" + category}); err != nil {
			return err
		}
	}
	for i := range 3 {
		customer, err := d.call("POST", store+"/customers", fields{"loyalty_points": 150 * (i + 1)})
		if err != nil {
			return err
		}
		path := store + "/customers/" + lastSegment(customer.Get("data.id").String())
		wallet, err := d.call("POST", path+"/wallet", fields{})
		if err != nil {
			return err
		}
		member, err := d.call("POST", path+"/memberships", fields{})
		if err != nil {
			return err
		}
		if err := d.calls(
			"POST "+store+"/wallets/"+wallet.Get("data.pass_instance.serial_number").String()+"/install", fields{},
			"POST "+store+"/memberships/"+member.Get("data.membership.id").String()+"/bill", fields{"success": i != 1},
			"POST "+path+"/loyalty/points", fields{"message": "Order #1042", "value": 75.5},
		); err != nil {
			return err
		}
	}
	return d.calls("POST "+store+"/loyalty/rules", fields{"name": "Write a review", "points": 25}, "POST "+store+"/loyalty/coupons", fields{"title": "$5 off"})
}

func (d *demo) ethpass() error {
	secret, err := d.call("POST", "/v0/project/secret", nil)
	if err != nil {
		return err
	}
	authorization := secret.Get("secret").String()
	if err := d.verify(authorization); err != nil {
		return err
	}
	if err := d.calls("PUT /v0/project/webhook", fields{"endpoint": d.bin.URL(), "authorization": authorization}); err != nil {
		return err
	}
	for i, platform := range []string{"apple", "google", "apple", "google"} {
		pass, err := d.call("POST", "/v0/passes", fields{
			"platform": platform, "chain": fields{"name": "evm", "network": 1}, "signature": fmt.Sprintf("0x%0130x", i+1),
			"signatureMessage": "Sign this message to generate a pass.",
			"nft": fields{
				"contractAddress": "0x25ed58c027921e14d86380ea2646e3a1b5c55a8b", "tokenId": fmt.Sprint(5946 + i), "contractInterface": "0x80ac58cd",
			},
			"barcode": fields{"message": "A ticket of the demo"},
		})
		if err != nil {
			return err
		}
		path := "/v0/passes/" + pass.Get("id").String()
		if err := d.calls("POST "+path+"/registrations", fields{}); err != nil {
			return err
		}
		if i == 0 {
			if err := d.calls("DELETE "+path, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
