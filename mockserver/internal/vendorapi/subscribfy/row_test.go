package subscribfy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/subscribfy"
)

// one makes one event at a receiver and returns it.
func (r *server) one(c *receiver) got {
	r.t.Helper()
	r.token("demo")
	r.want(200, "PUT", "/stores/demo/webhooks/categories/loyalty", `{"urls":"`+c.URL+`"}`)
	r.want(201, "POST", "/stores/demo/loyalty/rules", `{"name":"5/5 stars é"}`)
	r.waitIdle()
	list := c.take()
	if len(list) != 1 {
		r.t.Fatalf("%d deliveries", len(list))
	}
	return list[0]
}

// Each row of the specification, by what a caller and a receiver see.
func TestRows(t *testing.T) {
	t.Parallel()
	t.Run("S-1 topics are snake case", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		out := r.want(200, "GET", "/stores/demo/webhooks", "")
		var panel struct {
			Categories []struct {
				Category, Title string
				Events          []struct {
					Topic      string
					Documented bool
				}
			}
		}
		if err := json.Unmarshal(out.Data, &panel); err != nil {
			t.Fatal(err)
		}
		counts, documented := map[string]int{}, []string{}
		for _, c := range panel.Categories {
			for _, e := range c.Events {
				counts[c.Title]++
				if !regexp.MustCompile(`^` + c.Category + `/[a-z_]+$`).MatchString(e.Topic) {
					t.Errorf("%s has %s", c.Category, e.Topic)
				}
				if e.Documented {
					documented = append(documented, e.Topic)
				}
			}
		}
		if fmt.Sprint(counts) != "map[Loyalty Events:11 Membership Events:8 Product Subscription Events:7 Wallet Pass Events:4]" {
			t.Errorf("%v", counts)
		}
		if !slices.Equal(documented, []string{"wallet_pass/created", "membership/store_credits_changed"}) {
			t.Errorf("documented: %v", documented)
		}
	})
	t.Run("S-1 renamed", func(t *testing.T) {
		t.Parallel()
		r, c := start(t, mockserver.Options{}, "subscribfy.rename=loyalty/rule_created=rules.new"), receive(t)
		if g := r.one(c); g.topic != "rules.new" {
			t.Errorf("delivered %s", g.topic)
		}
		r.want(200, "GET", "/stores/demo/webhooks/rules.new", "")
		r.want(404, "GET", "/stores/demo/webhooks/loyalty/rule_created", "")
		out := r.want(200, "GET", "/stores/demo/webhooks", "").body
		if !strings.Contains(out, `"topic":"rules.new"`) || strings.Contains(out, `loyalty/rule_created"`) {
			t.Errorf("%s", out)
		}
		r.want(200, "POST", "/stores/demo/webhooks/rules.new/test", "")
		if list := c.take(); len(list) != 1 || list[0].topic != "rules.new" {
			t.Errorf("%v", list)
		}
	})
	for option, want := range map[string]string{
		"update_reason": `"update_reason":"next_order_date_changed"`, "reason": `"reason":"next_order_date_changed"`, "off": `}}}`,
	} {
		t.Run("S-2 "+option, func(t *testing.T) {
			t.Parallel()
			r, c := start(t, mockserver.Options{}, "subscribfy.update_reason="+option), receive(t)
			r.token("demo")
			m := r.populate("demo")
			r.everything("demo", c.URL)
			r.want(200, "POST", "/stores/demo/memberships/"+m.membership+"/update", `{"update_reason":"next_order_date_changed"}`)
			r.waitIdle()
			if list := c.take(); len(list) != 1 || !strings.HasSuffix(list[0].body, strings.TrimPrefix(want, "}")) && !strings.Contains(list[0].body, want) || strings.Contains(list[0].body, "reason\":\"n") != (option != "off") {
				t.Errorf("%v has no %s", list, want)
			}
		})
	}
	t.Run("S-3 and S-4 headers", func(t *testing.T) {
		t.Parallel()
		for settings, names := range map[string][2]string{"": {"x-subscribfy-triggered-at", "x-subscribfy-shop-domain"}, "subscribfy.header_style=spatie": {"Timestamp", "Shop"}} {
			r, c := start(t, mockserver.Options{}, strings.Fields(settings)...), receive(t)
			g := r.one(c)
			at, err := strconv.ParseInt(g.header.Get(names[0]), 10, 64)
			// the time of the event, of the server's clock
			if d := time.Unix(at, 0).Sub(fixtures.DefaultStart).Abs(); err != nil || d > time.Hour || g.header.Get(names[1]) != "demo.myshopify.com" {
				t.Errorf("%s: %v", settings, g.header)
			}
		}
		r, c := start(t, mockserver.Options{}, "subscribfy.timestamp=iso8601"), receive(t)
		if at := r.one(c).header.Get("x-subscribfy-triggered-at"); !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`).MatchString(at) {
			t.Errorf("%s", at)
		}
	})
	t.Run("S-5 bytes", func(t *testing.T) {
		t.Parallel()
		for settings, want := range map[string]string{"": `"topic":"loyalty\/rule_created"`, "subscribfy.json=plain": `"topic":"loyalty/rule_created"`} {
			r, c := start(t, mockserver.Options{}, strings.Fields(settings)...), receive(t)
			g := r.one(c)
			star := map[string]string{"": `"5\/5 stars \u00e9"`, "subscribfy.json=plain": `"5/5 stars é"`}[settings]
			if !strings.Contains(g.body, want) || !strings.Contains(g.body, star) {
				t.Errorf("%s has no %s or %s", g.body, want, star)
			}
		}
	})
	t.Run("S-6 for an event, or for a whole category", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		r.token("demo")
		r.want(200, "PUT", "/stores/demo/webhooks/wallet_pass/created", `{"urls":"http://127.0.0.1:1/a"}`)
		if out := r.want(200, "GET", "/stores/demo/webhooks/wallet_pass/updated", ""); member[string](t, out, "urls") != "" {
			t.Errorf("%s", out.body)
		}
		r.want(200, "PUT", "/stores/demo/webhooks/categories/wallet_pass", `{"urls":"http://127.0.0.1:1/b"}`)
		for _, topic := range []string{"created", "updated", "installed", "removed"} {
			if out := r.want(200, "GET", "/stores/demo/webhooks/wallet_pass/"+topic, ""); member[string](t, out, "urls") != "http://127.0.0.1:1/b" {
				t.Errorf("%s", out.body)
			}
		}
		r.want(404, "PUT", "/stores/demo/webhooks/categories/vip", `{"urls":""}`)
	})
	t.Run("S-7 lists", func(t *testing.T) {
		t.Parallel()
		r, c := start(t, mockserver.Options{}), receive(t)
		token := r.token("demo")
		const path = "/stores/demo/webhooks/loyalty/rule_created"
		for text, want := range map[string]string{
			`" http://a.test/x ,, http://b.test,http://a.test/x,\t"`: "http://a.test/x, http://b.test",
			`["http://c.test","http://d.test, http://e.test"]`:       "http://c.test, http://d.test, http://e.test",
			`""`: "", `[]`: "", `null`: "", `","`: "",
		} {
			if out := r.want(200, "PUT", path, `{"urls":`+text+`}`); member[string](t, out, "urls") != want {
				t.Errorf("%s: %s, want %s", text, out.body, want)
			}
			if out := r.want(200, "GET", path, ""); member[string](t, out, "urls") != want {
				t.Errorf("%s: kept %s, want %s", text, out.body, want)
			}
		}
		for text, named := range map[string]string{
			`"http://a.test, ftp://b.test"`: "ftp://b.test", `"nowhere"`: "nowhere", `"http://u:p@a.test"`: "u:p@a.test",
			`"http://a.test/#x"`: "#x", `"http://"`: "http://", `"http://a.test/x y"`: "x y", `7`: "text with commas", `[1]`: "list of texts",
		} {
			if out := r.want(422, "PUT", path, `{"urls":`+text+`}`); !strings.Contains(strings.Join(out.Errors["urls"], ""), named) {
				t.Errorf("%s: %s does not name %s", text, out.body, named)
			}
		}
		r.want(200, "PUT", path, `{"urls":"`+c.URL+`/one, `+c.URL+`/two"}`)
		r.want(201, "POST", "/stores/demo/loyalty/rules", "")
		r.waitIdle()
		list := c.take()
		if len(list) != 2 || list[0].path == list[1].path || list[0].body != list[1].body || list[0].signature != list[1].signature || list[0].signature != signed(list[0].body, token) {
			t.Errorf("%v", list)
		}
	})
	t.Run("S-8 and S-9 retry and timeout", func(t *testing.T) {
		t.Parallel()
		r, c := start(t, mockserver.Options{}), receive(t)
		c.answers(500)
		r.one(c)
		tries := func(by time.Duration) int {
			t.Helper()
			if _, err := r.dispatcher.Advance(t.Context(), by); err != nil {
				t.Fatal(err)
			}
			return len(c.take())
		}
		if n := tries(time.Hour); n != 0 {
			t.Errorf("tried %d times more", n)
		}
		r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"spatie-default"}`)
		r.want(201, "POST", "/stores/demo/loyalty/rules", "")
		r.waitIdle()
		if n := len(c.take()); n != 1 {
			t.Errorf("tried %d times", n)
		}
		for _, c := range []struct {
			by   time.Duration
			want int
		}{{9 * time.Second, 0}, {time.Second, 1}, {99 * time.Second, 0}, {time.Second, 1}, {time.Hour, 0}} {
			if n := tries(c.by); n != c.want {
				t.Errorf("tried %d times in the next %v, want %d", n, c.by, c.want)
			}
		}
		p, _ := fixtures.Builtin().Provider("subscribfy")
		if p.Delivery.Timeout != 30*time.Second || p.Delivery.Profiles["spatie-default"].Timeout != 3*time.Second {
			t.Errorf("timeouts %v and %v", p.Delivery.Timeout, p.Delivery.Profiles["spatie-default"].Timeout)
		}
		out := r.want(422, "PUT", "/stores/demo/webhooks/settings", `{"retry":"always"}`)
		if !strings.Contains(out.body, "none, spatie-default") {
			t.Errorf("%s", out.body)
		}
		r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"none"}`)
		r.want(201, "POST", "/stores/demo/loyalty/rules", "")
		if n := tries(time.Hour); n != 1 {
			t.Errorf("tried %d times", n)
		}
	})
	t.Run("S-9 the profile's timeout", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		r.token("demo")
		r.want(200, "PUT", "/stores/demo/webhooks/settings", `{"retry":"spatie-default"}`)
		silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
			<-r.Context().Done()
		}))
		defer silent.Close()
		out := r.want(200, "POST", "/stores/demo/webhooks/loyalty/rule_created/test", `{"urls":"`+silent.URL+`"}`)
		if !strings.Contains(out.body, `"outcome":"exhausted","reached":"no_reply"`) || !strings.Contains(out.body, "within 3s") {
			t.Errorf("%s", out.body)
		}
	})
	t.Run("S-10 http", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		r.token("demo")
		r.want(200, "PUT", "/stores/demo/webhooks/loyalty/rule_created", `{"urls":"http://a.test, https://a.test"}`)
	})
	t.Run("S-11 and S-12 a Test Call is unmarked and needs no Save", func(t *testing.T) {
		t.Parallel()
		r, c := start(t, mockserver.Options{}), receive(t)
		token := r.token("demo")
		const test = "/stores/demo/webhooks/wallet_pass/created/test"
		r.want(422, "POST", test, "")
		out := r.want(200, "POST", test, `{"urls":"`+c.URL+`/new"}`)
		var outcomes []struct {
			URL, Outcome, Delivery string
			Status                 int
			MS                     float64
		}
		if err := json.Unmarshal(out.Data, &outcomes); err != nil || len(outcomes) != 1 || outcomes[0].Outcome != "delivered" || outcomes[0].Status != 200 || outcomes[0].MS <= 0 || outcomes[0].URL != c.URL+"/new" {
			t.Fatalf("%s, %v", out.body, err)
		}
		test1 := c.take()[0]
		r.want(200, "PUT", "/stores/demo/webhooks/wallet_pass/created", `{"urls":"`+c.URL+`/saved"}`)
		r.populate("demo")
		r.waitIdle()
		real := c.take()[0]
		names := func(g got) string {
			var all []string
			for name := range g.header {
				all = append(all, name)
			}
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		if names(test1) != names(real) || test1.topic != real.topic || test1.signature != signed(test1.body, token) {
			t.Errorf("a Test Call has %s %s, an event %s %s", names(test1), test1.body, names(real), real.body)
		}
		// Marked in the journal alone.
		made, err := r.Client().Delivery(t.Context(), outcomes[0].Delivery)
		if err != nil || made.Event.Draw.Stream != subscribfy.TestCall {
			t.Errorf("%+v, %v", made.Event.Draw, err)
		}
		for _, g := range []got{test1, real} {
			if strings.Contains(strings.ToLower(g.body+fmt.Sprint(g.header)), "test") {
				t.Errorf("%s %v", g.body, g.header)
			}
		}
		// Without URLs it goes to those that are saved.
		r.want(200, "POST", test, `{}`)
		if list := c.take(); len(list) != 1 || list[0].path != "/saved" || list[0].body == test1.body {
			t.Errorf("%v", list)
		}
		c.answers(403)
		if out := r.want(200, "POST", test, `{"urls":["`+c.URL+`","http://127.0.0.1:1/"]}`); !strings.Contains(out.body, `"status":403,"outcome":"exhausted"`) || !strings.Contains(out.body, `"status":0,"outcome":"exhausted","reached":"not_sent"`) {
			t.Errorf("%s", out.body)
		}
	})
	t.Run("S-13 the token", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		out := r.want(200, "GET", "/stores/demo/webhooks", "")
		if got := string(member[json.RawMessage](t, out, "token")); got != `{"token":null,"last4":null,"created_at":null}` {
			t.Errorf("%s", got)
		}
		for _, call := range [][2]string{{"PUT", "/stores/demo/webhooks/loyalty/rule_created"}, {"PUT", "/stores/demo/webhooks/categories/loyalty"}, {"POST", "/stores/demo/webhooks/loyalty/rule_created/test"}} {
			if out := r.want(422, call[0], call[1], `{"urls":"http://127.0.0.1:1/"}`); !strings.Contains(out.body, "generate a token first") {
				t.Errorf("%s", out.body)
			}
		}
		token := r.token("demo")
		if !regexp.MustCompile(`^[A-Za-z0-9]{40}$`).MatchString(token) {
			t.Errorf("%q", token)
		}
		r.everything("demo", "http://127.0.0.1:1/")
		for _, path := range []string{"/webhooks", "/webhooks/loyalty/rule_created"} {
			if out := r.want(200, "GET", "/stores/demo"+path, ""); strings.Contains(out.body, token) {
				t.Errorf("%s shows the token", path)
			}
		}
		out = r.want(200, "GET", "/stores/demo/webhooks", "")
		if got := string(member[json.RawMessage](t, out, "token")); !strings.Contains(got, `{"token":null,"last4":"`+token[36:]+`","created_at":"`) {
			t.Errorf("%s", got)
		}
		if again := r.token("demo"); again == token {
			t.Error("the same token again")
		}
	})
	t.Run("S-14 no id on the wire", func(t *testing.T) {
		t.Parallel()
		r, c := start(t, mockserver.Options{}), receive(t)
		g := r.one(c)
		list, err := r.Client().Deliveries(t.Context(), journal.DeliveryQuery{})
		if err != nil || len(list) != 1 || list[0].Event.ID == "" || strings.Contains(g.body+fmt.Sprint(g.header), list[0].Event.ID) {
			t.Errorf("%v %v, %v", g, list, err)
		}
	})
	t.Run("S-15 a wrong signature is answered with 401, or 403", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		old := r.token("demo")
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			known := old
			shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); r.Header.Get("Signature") != signed(string(body), known) {
					w.WriteHeader(status)
				}
			}))
			defer shop.Close()
			test := func() string {
				return r.want(200, "POST", "/stores/demo/webhooks/loyalty/rule_created/test", `{"urls":"`+shop.URL+`"}`).body
			}
			if out := test(); !strings.Contains(out, `"status":200,"outcome":"delivered"`) {
				t.Errorf("%s", out)
			}
			fresh := r.token("demo")
			if out := test(); !strings.Contains(out, `"status":`+itoa(status)+`,"outcome":"exhausted"`) {
				t.Errorf("%s", out)
			}
			old = fresh
		}
	})
	t.Run("S-16 the hub is a separate provider", func(t *testing.T) {
		t.Parallel()
		r := start(t, mockserver.Options{})
		if _, err := fixtures.Builtin().Provider("subscribfy-hub"); err != nil {
			t.Error(err)
		}
		if out := r.want(200, "GET", "/stores/demo/webhooks", ""); strings.Contains(out.body, "member.created") {
			t.Errorf("%s", out.body)
		}
	})
}

// A Test Call of every topic has a body that its schema allows and a customer who never was.
func TestEveryTopicHasATestCall(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	token := r.token("demo")
	p, err := fixtures.Builtin().Provider("subscribfy")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Events {
		var bodies []string
		for range 5 {
			r.want(200, "POST", "/stores/demo/webhooks/"+e.Name+"/test", `{"urls":"`+c.URL+`"}`)
			g := c.take()[0]
			if err := p.Validate(e.Name, []byte(g.body)); err != nil {
				t.Errorf("%v\n%s", err, indent(g.body))
			}
			if g.signature != signed(g.body, token) || g.topic != e.Name {
				t.Errorf("%s: %v", e.Name, g)
			}
			bodies = append(bodies, g.body)
		}
		slices.Sort(bodies)
		if len(slices.Compact(bodies)) < 2 {
			t.Errorf("%s is always the same", e.Name)
		}
	}
	if list := r.entities.List("subscribfy", "", ""); len(list) != 0 {
		t.Errorf("Test Calls made %v", list)
	}
}
