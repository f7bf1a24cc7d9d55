package subscribfy_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/subscribfy"
)

// server is a server with the vendor API, and whoever calls it.
type server struct {
	*mockserver.Server
	t          testing.TB
	dispatcher *delivery.Dispatcher
	entities   *entities.Registry
	url, key   string
}

// start starts a server with the vendor API at the root of a separate address; settings are
// PROVIDER.NAME=VALUE.
func start(t testing.TB, o mockserver.Options, settings ...string) *server {
	t.Helper()
	r := &server{t: t, key: entities.DemoKey}
	o.VendorAPIs = map[string]vendorapi.Factory{"subscribfy": func(ctx context.Context, s vendorapi.Backend) (http.Handler, error) {
		r.dispatcher, r.entities = s.Dispatcher, s.Entities
		return subscribfy.New(ctx, s)
	}}
	o.Demo = true
	var options []fixtures.OptionSetting
	for _, text := range settings {
		option, err := fixtures.ParseOption(text)
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, option)
	}
	var err error
	if o.Catalogue, err = fixtures.Builtin().With(options...); err != nil {
		t.Fatal(err)
	}
	r.Server = mockserver.StartT(t, o)
	r.url = r.VendorAPIURL("subscribfy")
	return r
}

// as is the same server called with another key.
func (r *server) as(key string) *server {
	other := *r
	other.key = key
	return &other
}

// response is what a call was answered.
type response struct {
	status int
	header http.Header
	body   string
	Data   json.RawMessage
	Topics []string
	Errors map[string][]string
}

// call makes a call; a body that is not "" is sent as JSON.
func (r *server) call(method, path, body string) response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("X-API-KEY", r.key)
	}
	return r.do(http.DefaultClient, req)
}

func (r *server) do(client *http.Client, req *http.Request) response {
	r.t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	out := response{status: resp.StatusCode, header: resp.Header, body: string(text)}
	_ = json.Unmarshal(text, &out) // a page is no JSON
	return out
}

// want makes a call that must be answered with that status.
func (r *server) want(status int, method, path, body string) response {
	r.t.Helper()
	out := r.call(method, path, body)
	if out.status != status {
		r.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, out.status, out.body, status)
	}
	return out
}

// token generates the token of a store.
func (r *server) token(store string) string {
	r.t.Helper()
	return member[string](r.t, r.want(201, "POST", "/stores/"+store+"/webhooks/token", ""), "token")
}

// everything saves URLs for all events.
func (r *server) everything(store string, urls ...string) {
	r.t.Helper()
	for _, c := range []string{"wallet_pass", "membership", "product_subscription", "loyalty"} {
		r.want(200, "PUT", "/stores/"+store+"/webhooks/categories/"+c, fmt.Sprintf(`{"urls":%q}`, strings.Join(urls, ", ")))
	}
}

func (r *server) waitIdle() {
	r.t.Helper()
	if err := r.dispatcher.WaitIdle(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// member is a member of an answer's data, by its path.
func member[T any](t testing.TB, out response, path ...string) T {
	t.Helper()
	raw := out.Data
	for _, name := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatalf("%s of %s: %v", name, out.body, err)
		}
		raw = object[name]
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v of %s: %v", path, out.body, err)
	}
	return v
}

// got is a delivery as it was received.
type got struct {
	path, topic, body, signature string
	header                       http.Header
}

// receiver is a consumer.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	list   []got
	answer int
}

func receive(t testing.TB) *receiver {
	t.Helper()
	c := &receiver{answer: 200}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var event struct{ Topic string }
		_ = json.Unmarshal(body, &event)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.list = append(c.list, got{r.URL.Path, event.Topic, string(body), r.Header.Get("Signature"), r.Header})
		w.WriteHeader(c.answer)
	}))
	t.Cleanup(c.Close)
	return c
}

// take returns what has come, and forgets it.
func (c *receiver) take() []got {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}

func (c *receiver) answers(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = status
}

// signed is the signature of a body by the guide's sample: hash_hmac('sha256', $payload, $token).
func signed(body, token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func paths(list []got) []string {
	var all []string
	for _, g := range list {
		all = append(all, g.path)
	}
	slices.Sort(all)
	return all
}

func digits(gid string) string { return gid[strings.LastIndex(gid, "/")+1:] }

// made is a store with one of everything.
type made struct {
	customer, wallet, membership, subscription, rule, tier, coupon string
	topics                                                         []string
}

// populate makes one of everything.
func (r *server) populate(store string) made {
	r.t.Helper()
	base := "/stores/" + store
	var m made
	post := func(path, body string) response {
		out := r.want(201, "POST", base+path, body)
		m.topics = append(m.topics, out.Topics...)
		return out
	}
	m.customer = digits(member[string](r.t, post("/customers", `{"email":"ann@shop.example","name":"Ann Lee","loyalty_points":150,"store_credits":20}`), "id"))
	m.wallet = member[string](r.t, post("/customers/"+m.customer+"/wallet", ""), "pass_instance", "serial_number")
	m.membership = fmt.Sprint(member[int](r.t, post("/customers/"+m.customer+"/memberships", ""), "membership", "id"))
	m.subscription = fmt.Sprint(member[int](r.t, post("/customers/"+m.customer+"/product-subscriptions", ""), "product_subscription", "id"))
	m.rule = fmt.Sprint(member[int](r.t, post("/loyalty/rules", `{"name":"Birthday","points":60}`), "id"))
	m.tier = fmt.Sprint(member[int](r.t, post("/loyalty/tiers", `{"name":"Platinum","min_points":5000}`), "id"))
	m.coupon = fmt.Sprint(member[int](r.t, post("/loyalty/coupons", `{"title":"A mug","points_cost":100}`), "id"))
	return m
}

// indent makes JSON readable in a failure.
func indent(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}

func itoa(n int) string { return strconv.Itoa(n) }
