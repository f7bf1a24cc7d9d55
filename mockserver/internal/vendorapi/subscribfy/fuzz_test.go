package subscribfy_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/subscribfy"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// bare is the handler over a server that reaches nobody.
func bare(t testing.TB) http.Handler {
	t.Helper()
	store := journal.NewMemory(journal.MemoryOptions{})
	unplugged := &wire.Client{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("unplugged") }}
	d, err := delivery.New(context.Background(), delivery.Options{Store: store, Virtual: true, Wire: unplugged})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	r, err := entities.New(context.Background(), entities.Options{Catalogue: fixtures.Builtin(), Store: store, Dispatcher: d, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	p, err := fixtures.Builtin().Provider("subscribfy")
	if err != nil {
		t.Fatal(err)
	}
	h, err := subscribfy.New(context.Background(), vendorapi.Backend{Dispatcher: d, Entities: r, Store: store, Provider: p, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// hit makes a request in this process, whatever its path looks like.
func hit(h http.Handler, method, path, key, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", strings.NewReader(body))
	r.Method, r.URL, r.RequestURI = method, &url.URL{Path: path}, path
	r.Header = http.Header{"X-Api-Key": {key}, "Content-Type": {contentType}, "Cookie": {"subscribfy_session=" + key}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// prepare gives the demo store a token, a customer 1 and what belongs to it, and returns the paths
// of its calls.
func prepare(t testing.TB, h http.Handler) []string {
	t.Helper()
	make := func(path string) string {
		w := hit(h, "POST", "/stores/demo"+path, entities.DemoKey, "application/json", "{}")
		if w.Code != 201 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		_, tail, _ := strings.Cut(w.Header().Get("Location"), "/stores/demo")
		return tail
	}
	make("/webhooks/token")
	customer := make("/customers")
	paths := []string{"/customers", "/webhooks/loyalty/rule_created", "/webhooks/categories/loyalty", "/webhooks/settings", "/settings/webhooks", customer + "/loyalty/points", customer + "/memberships", customer + "/product-subscriptions"}
	wallet := make(customer + "/wallet")
	paths = append(paths, wallet+"/update", wallet+"/install", wallet+"/remove")
	for _, kind := range []string{"/memberships", "/product-subscriptions"} {
		one := make(customer + kind)
		for _, call := range []string{"update", "bill", "cancel", "pause", "reactivate"} {
			paths = append(paths, one+"/"+call)
		}
		if kind == "/memberships" {
			paths = append(paths, one+"/store-credits")
		}
	}
	for _, kind := range []string{"rules", "tiers", "coupons"} {
		one := make("/loyalty/" + kind)
		paths = append(paths, "/loyalty/"+kind, one)
		_, id, _ := strings.Cut(one, kind+"/")
		paths = append(paths, customer+"/loyalty/"+kind+"/"+id+"/complete", customer+"/loyalty/"+kind+"/"+id+"/redeem")
	}
	return append(paths, "/webhooks/loyalty/rule_created/test")
}

// check says what is wrong with an answer to bad input.
func check(t *testing.T, w *httptest.ResponseRecorder, what string) {
	t.Helper()
	if w.Code >= 500 {
		t.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
	if w.Code >= 400 && !strings.Contains(w.Body.String(), `"message":"`) && !strings.Contains(w.Body.String(), "<h1>") || w.Code >= 400 && w.Body.Len() < 20 {
		t.Errorf("%s: %d %q does not say what is wrong", what, w.Code, w.Body)
	}
}

// nasty are bodies that nobody should send.
func nasty() []string {
	list := []string{
		"null", "[]", `""`, "0", "true", "{", "}", "nul", `{"a":}`, "\x00", "\xff\xfe", `{"\u0000":"\u0000"}`, "{}{}", "\ufeff{}",
		`{"email":"a\u0000@b.c","name":"\ud800"}`, `{"name":"` + strings.Repeat("x", 300) + `"}`, `{"name":"x","name":7}`,
		strings.Repeat("[", 20000), `{"urls":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}",
		`{"urls":[null]}`, `{"urls":{}}`, `{"urls":"http://\u0000"}`, `{"urls":"http://[::1"}`, `{"urls":"http://a.test:99999999/"}`, `{"urls":"http://a.test/%zz"}`,
		`{"urls":"` + strings.Repeat("http://a.test/,", 100) + `"}`, `{"urls":"` + strings.Repeat("a", 5000) + `"}`, `{"retry":"\n"}`, `{"retry":null}`,
		`{"success":"yes"}`, `{"success":false,"error_code":""}`, `{"update_reason":null}`, `{"update_reason":"product_updated","product":{}}`,
		`{"update_reason":"product_added","product":{"price":-1}}`, `{"update_reason":"next_order_date_changed","next_order_date":"9999-12-31"}`,
		`{"payment_frequency":{}}`, `{"payment_frequency":{"interval":"WEEK","interval_count":1e99}}`, `{"payment_frequency":[]}`,
		`{"email":"A <a@b.c>"}`, `{"email":"\"a\nb\"@c.d"}`, `{"birth_date":"0000-00-00"}`, `{"status":"On","name":[]}`, `{"points_multiplier":0}`,
	}
	for _, n := range []string{"-1", "0", "1e999", "1e308", "-1e308", "1e-320", "123456789012345678901234567890", "1e9", "1000000000.01", "0.1e-5", "NaN"} {
		list = append(list, `{"value":`+n+`}`, `{"points":`+n+`,"min_points":`+n+`,"points_cost":`+n+`,"discount_value":`+n+`}`,
			`{"loyalty_points":`+n+`,"store_credits":`+n+`}`, `{"price":`+n+`,"credits":`+n+`,"quantity":`+n+`,"amount":`+n+`}`,
			`{"update_reason":"product_updated","price":`+n+`}`, `{"update_reason":"product_updated","quantity":`+n+`}`)
	}
	return list
}

// Whatever comes, nothing breaks, and every refusal says why.
func TestNastyInput(t *testing.T) {
	t.Parallel()
	h := bare(t)
	calls := prepare(t, h)
	for _, path := range calls {
		for _, body := range nasty() {
			for _, method := range []string{"POST", "PUT"} {
				check(t, hit(h, method, "/stores/demo"+path, entities.DemoKey, "application/json", body), method+" "+path+" "+body[:min(len(body), 80)])
			}
		}
		for _, contentType := range []string{"", "text/plain", "application/json; charset=\xff", ";", "application/x-www-form-urlencoded"} {
			check(t, hit(h, "POST", "/stores/demo"+path, entities.DemoKey, contentType, "do=save&key=%zz;"), path+" "+contentType)
		}
	}
	turn := 0
	for _, part := range []string{"", "..", "\x00", "\xff", "%2f", strings.Repeat("9", 5000), "gid://shopify/Customer/1", "-1", "é", "a b", "null", "{id}"} {
		keys := []string{entities.DemoKey, "", "\xff", strings.Repeat("k", 10_000)}
		for i := range 2 { // each key with each method, not with each path
			for _, path := range []string{"/", "/stores/", "/stores/demo/", "/stores/demo/customers/", "/stores/demo/webhooks/", "/stores/demo/wallets/", "/stores/demo/loyalty/rules/"} {
				for _, tail := range []string{"", "/test", "/wallet", "/install", "/settings/webhooks", "/update"} {
					for _, method := range []string{"GET", "PUT", "POST", "DELETE", "\u00e9"} {
						key := keys[0]
						if i > 0 {
							turn++
							key = keys[1+turn%3]
						}
						check(t, hit(h, method, path+part+tail, key, "application/json", ""), method+" "+path+part[:min(len(part), 20)]+tail)
					}
				}
			}
		}
	}
	for _, query := range []string{"page=0", "page=-1", "page=x", "page=99999999999999999999", "page=1000000"} {
		r := httptest.NewRequest("GET", "/stores/demo/customers?"+query, nil)
		r.Header.Set("X-API-KEY", entities.DemoKey)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		check(t, w, query)
	}
}

func FuzzCalls(f *testing.F) {
	for i, body := range nasty() {
		f.Add(uint8(i), true, "application/json", body)
	}
	f.Fuzz(func(t *testing.T, which uint8, put bool, contentType, body string) {
		h := bare(t)
		calls := prepare(t, h)
		method, path := "POST", calls[int(which)%len(calls)]
		if put {
			method = "PUT"
		}
		check(t, hit(h, method, "/stores/demo"+path, entities.DemoKey, contentType, body), path)
	})
}
