package subscribfy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// The payloads of the guide ("Example Payloads"), without white space.
const (
	walletCreated = `{"topic":"wallet_pass/created","data":{"pass_instance":{"status":"Removed","serial_number":"955773794","created_at":"1975-07-26T00:00:00.000000Z","deleted_at":null},` +
		`"customer":{"id":"gid://shopify/Customer/424525265","email":"vance.rowe@romaguera.com","name":"Missouri Blanda DVM","loyalty_points":90.19,"birth_date":null,"store_credits":57.33,"tier":null}}}`
	creditsChanged = `{"topic":"membership/store_credits_changed","data":{"customer":{"id":"gid://shopify/Customer/699617320","email":"kavon.durgan@hand.com","name":"Esperanza Carter",` +
		`"loyalty_points":85.43,"birth_date":null,"store_credits":48.48,"tier":null},"credits_history":{"message":"Corrupti.","value":10.99,"type":"Redeem"}}}`
)

// outline is a JSON value with its members in their order and its values' kinds in the place of the
// values.
func outline(t *testing.T, text string) string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var out strings.Builder
	var depth []bool // whether the next token is a member's name
	for dec.More() || len(depth) > 0 {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		switch v := token.(type) {
		case json.Delim:
			fmt.Fprint(&out, v, " ")
			if v == '{' || v == '[' {
				depth = append(depth, v == '{')
				continue
			}
			depth = depth[:len(depth)-1]
		case string:
			if len(depth) > 0 && depth[len(depth)-1] {
				fmt.Fprint(&out, v, " ")
				depth[len(depth)-1] = false
				continue
			}
			out.WriteString("text ")
		default:
			fmt.Fprintf(&out, "%T ", v)
		}
		if len(depth) > 0 {
			depth[len(depth)-1] = true
		}
	}
	return out.String()
}

// What the guide says, section by section, and what a shop that does it sees. Its six steps are
// TestTheGuidesSteps, its sample TestJourney.
func TestTheGuide(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	token := r.token("demo")
	test := func(topic string) got {
		r.want(200, "POST", "/stores/demo/webhooks/"+topic+"/test", `{"urls":"`+c.URL+`/hook"}`)
		return c.take()[0]
	}
	for _, row := range []struct {
		section string
		check   func(t *testing.T)
	}{
		{"Example Payloads: Wallet Created", func(t *testing.T) {
			if got, want := outline(t, test("wallet_pass/created").body), outline(t, walletCreated); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}},
		{"Example Payloads: store credits changed", func(t *testing.T) {
			if got, want := outline(t, test("membership/store_credits_changed").body), outline(t, creditsChanged); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}},
		{"Endpoint Details", func(t *testing.T) {
			if g := test("loyalty/tier_lost"); g.header.Get("Content-Type") != "application/json" || !json.Valid([]byte(g.body)) {
				t.Errorf("%v", g)
			}
		}},
		{"Security", func(t *testing.T) {
			if g := test("loyalty/tier_lost"); g.signature != signed(g.body, token) || g.header.Get("x-subscribfy-triggered-at") == "" || g.header.Get("x-subscribfy-shop-domain") != "demo.myshopify.com" {
				t.Errorf("%v", g)
			}
		}},
		{"FAQs: Can I see my Subscribfy Token after it's created? No.", func(t *testing.T) {
			if out := r.want(200, "GET", "/stores/demo/webhooks", ""); strings.Contains(out.body, token) {
				t.Errorf("%s", out.body)
			}
		}},
		{"FAQs: Can I send webhooks to multiple URLs? Yes.", func(t *testing.T) {
			r.want(200, "PUT", "/stores/demo/webhooks/loyalty/rule_created", `{"urls":"`+c.URL+`/a, `+c.URL+`/b"}`)
			r.want(201, "POST", "/stores/demo/loyalty/rules", "")
			r.waitIdle()
			if got := strings.Join(paths(c.take()), " "); got != "/a /b" {
				t.Errorf("%s", got)
			}
		}},
	} {
		t.Run(row.section, row.check)
	}
}
