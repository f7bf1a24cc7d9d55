package subscribfy_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// second adds a store, acme.myshopify.com.
func (r *server) second() *server {
	r.t.Helper()
	if _, err := r.entities.PutTenant(r.t.Context(), entities.Tenant{Provider: "subscribfy", Name: "acme.myshopify.com", Keys: []entities.Key{{Key: "acme-key"}}}); err != nil {
		r.t.Fatal(err)
	}
	return r.as("acme-key")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	acme := r.second()
	for _, c := range []struct {
		key, store string
		status     int
	}{
		{entities.DemoKey, "demo", 200},
		{entities.DemoKey, "demo.myshopify.com", 200},
		{"", "demo", 401},
		{"wrong", "demo", 401},
		{"wrong", "nowhere", 401},
		{entities.DemoKey, "acme", 403},
		{"acme-key", "demo", 403},
		{"acme-key", "nowhere", 403},
		{"acme-key", "acme", 200},
		{"acme-key", "acme.myshopify.com", 200},
	} {
		out := r.as(c.key).call("GET", "/stores/"+c.store+"/webhooks", "")
		if out.status != c.status || !strings.Contains(out.body, `"message":"`) != (c.status == 200) {
			t.Errorf("%q at %s: %d %s, want %d", c.key, c.store, out.status, out.body, c.status)
		}
	}
	if out := acme.want(405, "DELETE", "/stores/acme/customers", ""); out.header.Get("Allow") != "GET, POST" {
		t.Errorf("%v", out.header)
	}
	acme.want(404, "GET", "/stores/acme/nothing", "")
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.url+"/stores/demo/customers", strings.NewReader("email=a"))
	req.Header.Set("X-API-KEY", entities.DemoKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if out := r.do(http.DefaultClient, req); out.status != 415 {
		t.Errorf("%d %s", out.status, out.body)
	}
}

// Stores see, change and receive nothing of each other.
func TestStoresAreApart(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	acme := r.second()
	token := r.token("demo")
	other := acme.token("acme")
	r.everything("demo", c.URL+"/demo")
	acme.everything("acme", c.URL+"/acme")
	r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"spatie-default"}`)
	if out := acme.want(200, "GET", "/stores/acme/webhooks", ""); !strings.Contains(out.body, `"retry":"none"`) || strings.Contains(out.body, "/demo") {
		t.Errorf("%s", out.body)
	}
	m := r.populate("demo")
	for path, status := range map[string]int{
		"/customers/" + m.customer: 404, "/wallets/" + m.wallet: 404, "/memberships/" + m.membership: 404,
		"/product-subscriptions/" + m.subscription: 404, "/loyalty/rules/" + m.rule: 404, "/loyalty/tiers/" + m.tier: 404,
	} {
		acme.want(status, "GET", "/stores/acme"+path, "")
	}
	acme.want(404, "POST", "/stores/acme/wallets/"+m.wallet+"/install", "")
	acme.want(404, "POST", "/stores/acme/customers/"+m.customer+"/loyalty/points", `{"value":1}`)
	for _, list := range []string{"customers", "wallets", "memberships", "product-subscriptions"} {
		if out := acme.want(200, "GET", "/stores/acme/"+list, ""); string(out.Data) != "[]" {
			t.Errorf("%s: %s", list, out.body)
		}
	}
	acme.want(201, "POST", "/stores/acme/loyalty/coupons", "")
	r.waitIdle()
	for _, g := range c.take() {
		want, domain := token, "demo.myshopify.com"
		if g.path == "/acme" {
			want, domain = other, "acme.myshopify.com"
		}
		if g.signature != signed(g.body, want) || g.header.Get("X-Subscribfy-Shop-Domain") != domain || (g.topic == "loyalty/coupon_created" && g.path == "/acme") != (g.path == "/acme") {
			t.Errorf("%v", g)
		}
	}
	r.token("demo")
	acme.want(201, "POST", "/stores/acme/loyalty/coupons", "")
	r.waitIdle()
	if list := c.take(); len(list) != 1 || list[0].signature != signed(list[0].body, other) {
		t.Errorf("%v", list)
	}
}

// What a store has survives a restart.
func TestRestart(t *testing.T) {
	t.Parallel()
	folder, c := t.TempDir(), receive(t)
	open := func() (*server, journal.Store) {
		store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return start(t, mockserver.Options{Store: store}), store
	}
	r, store := open()
	token := r.token("demo")
	r.everything("demo", c.URL)
	r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"spatie-default"}`)
	m := r.populate("demo")
	r.want(200, "POST", "/stores/demo/memberships/"+m.membership+"/store-credits", `{"value":7}`)
	r.waitIdle()
	c.take()
	paths := []string{"/webhooks", "/customers", "/wallets", "/memberships", "/product-subscriptions", "/loyalty/rules", "/loyalty/tiers", "/loyalty/coupons"}
	before := map[string]string{}
	for _, path := range paths {
		before[path] = r.want(200, "GET", "/stores/demo"+path, "").body
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	r, store = open()
	t.Cleanup(func() { _ = r.Close(); _ = store.Close() })
	for _, path := range paths {
		if after := r.want(200, "GET", "/stores/demo"+path, "").body; after != before[path] {
			t.Errorf("%s was %s\nand is %s", path, before[path], after)
		}
	}
	for _, d := range doings {
		method, path := m.expand(d.path)
		r.want(200, method, "/stores/demo"+path, d.body)
	}
	r.waitIdle()
	for _, g := range c.take() {
		if g.signature != signed(g.body, token) {
			t.Errorf("%s is signed with another token", g.topic)
		}
	}
}

// Whoever calls at the same time, nothing is lost, and a customer has one wallet.
func TestCallsAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.token("demo")
	id := digits(member[string](t, r.want(201, "POST", "/stores/demo/customers", `{"loyalty_points":0,"store_credits":0}`), "id"))
	membership := itoa(member[int](t, r.want(201, "POST", "/stores/demo/customers/"+id+"/memberships", ""), "membership", "id"))
	const callers, each = 6, 10
	var running sync.WaitGroup
	for n := range callers {
		running.Go(func() {
			for range each {
				for path, body := range map[string]string{
					"/customers/" + id + "/loyalty/points":          `{"value":7}`,
					"/memberships/" + membership + "/store-credits": `{"value":0.25}`,
					"/customers/" + id + "/wallet":                  "",
				} {
					if out := r.call("POST", "/stores/demo"+path, body); out.status >= 400 && out.status != 409 {
						t.Errorf("%s: %d %s", path, out.status, out.body)
					}
				}
			}
			r.call("PUT", "/stores/demo/webhooks/loyalty/rule_created", `{"urls":"http://127.0.0.1:1/`+itoa(n)+`"}`)
			r.call("POST", "/stores/demo/webhooks/token", "")
		})
	}
	running.Wait()
	out := r.want(200, "GET", "/stores/demo/customers/"+id, "")
	if points, credits := member[float64](t, out, "loyalty_points"), member[float64](t, out, "store_credits"); points != 7*callers*each || credits != 0.25*callers*each {
		t.Errorf("%s", out.body)
	}
	if out := r.want(200, "GET", "/stores/demo/wallets", ""); strings.Count(out.body, "serial_number") != 1 {
		t.Errorf("%s", out.body)
	}
	// One list won, and its endpoint has the token that was generated last.
	list, err := r.Client().Endpoints(t.Context(), "subscribfy")
	panel := r.want(200, "GET", "/stores/demo/webhooks", "")
	if err != nil || len(list) != 1 || !strings.HasSuffix(list[0].Secrets[0], member[string](t, panel, "token", "last4")) {
		t.Errorf("%v, %v, %s", list, err, panel.body)
	}
}

// Below the dashboard everything is as at the root.
func TestBelowTheDashboard(t *testing.T) {
	t.Parallel()
	handler := dashboard.Handler
	r := start(t, mockserver.Options{Dashboard: handler})
	if r.url != r.DashboardURL()+"/subscribfy" {
		t.Fatalf("it is at %s", r.url)
	}
	out := r.want(201, "POST", "/stores/demo/customers", "")
	if want := r.url + "/stores/demo/customers/" + digits(member[string](t, out, "id")); out.header.Get("Location") != want {
		t.Errorf("%s, want %s", out.header.Get("Location"), want)
	}
	r.want(200, "GET", strings.TrimPrefix(out.header.Get("Location"), r.url), "")
}
