package subscribfy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
)

// doings are calls that together make every topic, in an order in which all are possible. {…} stand
// for what populate made.
var doings = []struct{ path, body, topics string }{
	{"/wallets/{wallet}/install", "", "wallet_pass/installed"},
	{"/wallets/{wallet}/update", "", "wallet_pass/updated"},
	{"/wallets/{wallet}/remove", "", "wallet_pass/removed"},
	{"/memberships/{membership}/bill", "", "membership/billing_success"},
	{"/memberships/{membership}/store-credits", `{"message":"A gift","value":5.5,"type":"Earn"}`, "membership/store_credits_changed"},
	{"/memberships/{membership}/store-credits", `{"message":"Order","value":25.5,"type":"Redeem"}`, "membership/store_credits_changed"},
	// by a customer who has none
	{"/memberships/{membership}/store-credits", `{"value":3}`, "membership/store_credits_changed"},
	{"/memberships/{membership}/update", `{"update_reason":"payment_frequency_changed","payment_frequency":{"interval":"MONTH","interval_count":3}}`, "membership/updated"},
	{"/memberships/{membership}/update", `{"update_reason":"next_order_date_changed","next_order_date":"2027-02-03"}`, "membership/updated"},
	{"/memberships/{membership}/bill", `{"success":false,"error_code":"CARD_LOST","error_message":"It is lost."}`, "membership/billing_failure"},
	{"/memberships/{membership}/pause", "", "membership/paused"},
	{"/memberships/{membership}/reactivate", "", "membership/reactivated"},
	{"/memberships/{membership}/cancel", `{"cancellation_reason":"Moved to the moon"}`, "membership/cancelled"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"shipping_updated","shipping":{"price":3.25}}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/bill", `{}`, "product_subscription/billing_success"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"payment_frequency_changed","payment_frequency":{"interval":"WEEK","interval_count":6}}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"next_order_date_changed","next_order_date":"2027-03-04T05:06:07Z"}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"shipping_updated","shipping":{"title":"By bicycle"}}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"product_updated","price":7.77}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"product_updated","quantity":9}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"product_updated","product":{"title":"A lamp","sku":"LAMP","price":30}}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"product_added","product":{"title":"A rug","sku":"RUG","price":80},"quantity":2}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/update", `{"update_reason":"product_removed","line":"RUG"}`, "product_subscription/updated"},
	{"/product-subscriptions/{subscription}/bill", `{"success":false}`, "product_subscription/billing_failure"},
	{"/product-subscriptions/{subscription}/pause", "", "product_subscription/paused"},
	{"/product-subscriptions/{subscription}/reactivate", "", "product_subscription/reactivated"},
	{"/product-subscriptions/{subscription}/cancel", "", "product_subscription/cancelled"},
	{"PUT /loyalty/rules/{rule}", `{"points":70}`, "loyalty/rule_updated"},
	{"PUT /loyalty/tiers/{tier}", `{"min_points":2000,"points_multiplier":3}`, "loyalty/tier_updated"},
	{"PUT /loyalty/coupons/{coupon}", `{"points_cost":50}`, "loyalty/coupon_updated"},
	{"/customers/{customer}/loyalty/points", `{"message":"Welcome","value":10}`, "loyalty/points_changed"},
	{"/customers/{customer}/loyalty/rules/{rule}/complete", "", "loyalty/rule_completed loyalty/points_changed loyalty/tier_changed"},
	{"/customers/{customer}/loyalty/coupons/{coupon}/redeem", `{"discount_code":"MUG-1"}`, "loyalty/coupon_redeemed loyalty/points_changed loyalty/tier_lost"},
}

// expand puts what was made into a doing's path.
func (m made) expand(path string) (method, full string) {
	method = "POST"
	if rest, put := strings.CutPrefix(path, "PUT "); put {
		method, path = "PUT", rest
	}
	return method, strings.NewReplacer(
		"{customer}", m.customer, "{wallet}", m.wallet, "{membership}", m.membership, "{subscription}", m.subscription,
		"{rule}", m.rule, "{tier}", m.tier, "{coupon}", m.coupon).Replace(path)
}

// All topics are made by calls, with what the store has made itself, and every body fits its
// schema.
func TestEveryTopicIsMadeByCalls(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"update_reason", "reason", "off"} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			r, c := start(t, mockserver.Options{}, "subscribfy.update_reason="+option), receive(t)
			token := r.token("demo")
			r.everything("demo", c.URL+"/hook")
			m := r.populate("demo")
			seen := map[string]int{}
			for _, topic := range m.topics {
				seen[topic]++
			}
			for _, d := range doings {
				method, path := m.expand(d.path)
				out := r.want(200, method, "/stores/demo"+path, d.body)
				if got := strings.Join(out.Topics, " "); got != d.topics {
					t.Errorf("%s %s: %s, want %s", path, d.body, got, d.topics)
				}
				for _, topic := range out.Topics {
					seen[topic]++
				}
			}
			r.waitIdle()
			p, err := fixtures.Builtin().With(fixtures.OptionSetting{Provider: "subscribfy", Name: "update_reason", Value: option})
			if err != nil {
				t.Fatal(err)
			}
			provider, _ := p.Provider("subscribfy")
			for _, g := range c.take() {
				if err := provider.Validate(g.topic, []byte(g.body)); err != nil {
					t.Error(err)
				}
				if g.signature != signed(g.body, token) {
					t.Errorf("%s is signed %s", g.topic, g.signature)
				}
				seen[g.topic] -= 1
				if g.topic == "membership/updated" || g.topic == "product_subscription/updated" {
					var body struct{ Data map[string]any }
					if err := json.Unmarshal([]byte(g.body), &body); err != nil {
						t.Fatal(err)
					}
					if _, has := body.Data[option]; has != (option != "off") {
						t.Errorf("with %s: %s", option, indent(g.body))
					}
				}
			}
			if len(seen) != 30 {
				t.Errorf("%d topics", len(seen))
			}
			for topic, n := range seen {
				if n != 0 {
					t.Errorf("%s was answered %d times more than delivered", topic, n)
				}
			}
		})
	}
}

// What a call gives is what the body of its event says.
func TestCreatedValuesAreShown(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}, "subscribfy.json=plain"), receive(t)
	r.token("demo")
	r.everything("demo", c.URL)
	m := r.populate("demo")
	r.waitIdle()
	all := c.take()
	for topic, want := range map[string]string{
		"wallet_pass/created":    `"customer":{"id":"gid://shopify/Customer/` + m.customer + `","email":"ann@shop.example","name":"Ann Lee","loyalty_points":150,`,
		"membership/created":     `"store_credits":20,"tier":null`,
		"loyalty/rule_created":   `"name":"Birthday"`,
		"loyalty/tier_created":   `"min_points":5000`,
		"loyalty/coupon_created": `"title":"A mug"`,
	} {
		i := slices.IndexFunc(all, func(g got) bool { return g.topic == topic })
		if i < 0 || !strings.Contains(all[i].body, want) {
			t.Errorf("%s: %v has no %s", topic, all, want)
		}
	}
	wants := map[string][]string{
		`{"message":"A gift","value":5.5,"type":"Earn"}`:                                                    {`"credits_history":{"message":"A gift","value":5.5,"type":"Earn"}`, `"store_credits":25.5`},
		`{"message":"Order","value":25.5,"type":"Redeem"}`:                                                  {`"store_credits":0`},
		`{"update_reason":"next_order_date_changed","next_order_date":"2027-02-03"}`:                        {`"next_order_date":"2027-02-03T00:00:00.000000Z"`},
		`{"success":false,"error_code":"CARD_LOST","error_message":"It is lost."}`:                          {`"error_code":"CARD_LOST","error_message":"It is lost."`},
		`{"cancellation_reason":"Moved to the moon"}`:                                                       {`"cancellation_reason":"Moved to the moon"`},
		`{"update_reason":"shipping_updated","shipping":{"price":3.25}}`:                                    {`"price":3.25},"total"`, `"update_detail":"price"`},
		`{"update_reason":"next_order_date_changed","next_order_date":"2027-03-04T05:06:07Z"}`:              {`"next_order_date":"2027-03-04T05:06:07.000000Z"`},
		`{"update_reason":"shipping_updated","shipping":{"title":"By bicycle"}}`:                            {`"title":"By bicycle"`, `"update_detail":"name"`},
		`{"update_reason":"product_updated","price":7.77}`:                                                  {`"price":7.77}]`, `"update_detail":"price"`},
		`{"update_reason":"product_updated","quantity":9}`:                                                  {`"quantity":9`, `"subtotal":69.93`, `"update_detail":"qty"`},
		`{"update_reason":"product_updated","product":{"title":"A lamp","sku":"LAMP","price":30}}`:          {`"sku":"LAMP"`, `"subtotal":270`, `"update_detail":"replaced"`},
		`{"update_reason":"product_added","product":{"title":"A rug","sku":"RUG","price":80},"quantity":2}`: {`"sku":"RUG"},"quantity":2,"price":80}`, `"subtotal":430`},
		`{"update_reason":"product_removed","line":"RUG"}`:                                                  {`"subtotal":270`},
		`{"message":"Welcome","value":10}`:                                                                  {`"points_history":{"message":"Welcome","value":10,"type":"Earn"}`, `"loyalty_points":160`},
		`{"discount_code":"MUG-1"}`:                                                                         {`"discount_code":"MUG-1"`, `"title":"A mug"`},
	}
	for _, d := range doings {
		method, path := m.expand(d.path)
		r.want(200, method, "/stores/demo"+path, d.body)
		r.waitIdle()
		bodies := ""
		for _, g := range c.take() {
			bodies += g.body + "\n"
		}
		for _, want := range wants[d.body] {
			if !strings.Contains(bodies, want) {
				t.Errorf("%s %s: %s\nhas no %s", path, d.body, bodies, want)
			}
		}
		delete(wants, d.body)
	}
	for body := range wants {
		t.Errorf("nobody does %s", body)
	}
}

// A customer is one, whatever shows it.
func TestACustomerIsSharedByAllItHas(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	m := r.populate("demo")
	r.want(200, "POST", "/stores/demo/memberships/"+m.membership+"/store-credits", `{"value":12.5}`)
	out := r.want(200, "POST", "/stores/demo/wallets/"+m.wallet+"/install", "")
	if credits := member[float64](t, out, "customer", "store_credits"); credits != 32.5 {
		t.Errorf("the wallet shows %v store credits", credits)
	}
	r.want(200, "POST", "/stores/demo/customers/"+m.customer+"/loyalty/points", `{"value":400}`)
	out = r.want(200, "POST", "/stores/demo/product-subscriptions/"+m.subscription+"/bill", "")
	if points, tier := member[float64](t, out, "customer", "loyalty_points"), member[string](t, out, "customer", "tier"); points != 550 || tier != "Silver" {
		t.Errorf("the subscription shows %v points, %s", points, tier)
	}
	out = r.want(200, "POST", "/stores/demo/wallets/"+m.wallet+"/update", `{"loyalty_points":1200,"store_credits":1}`)
	if want := []string{"loyalty/points_changed", "loyalty/tier_changed", "wallet_pass/updated"}; !slices.Equal(out.Topics, want) {
		t.Errorf("%v, want %v", out.Topics, want)
	}
	for _, path := range []string{"/customers/" + m.customer, "/customers", "/memberships/" + m.membership, "/customers/" + m.customer + "/wallets", "/product-subscriptions"} {
		if out := r.want(200, "GET", "/stores/demo"+path, ""); !strings.Contains(out.body, `"loyalty_points":1200,`) || !strings.Contains(out.body, `"store_credits":1,"tier":"Gold"`) {
			t.Errorf("%s: %s", path, out.body)
		}
	}
}

// Points that leave a tier are followed by the event of the tier that they lead to, however many
// they pass.
func TestPointsMoveTiers(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	// 150 points; Bronze from 200, Silver from 500, Gold from 1000, Platinum from 5000
	m := r.populate("demo")
	const points, up, down = "loyalty/points_changed", " loyalty/tier_changed", " loyalty/tier_lost"
	for _, c := range []struct{ value, topics, tier string }{
		{"49.99", points, "null"},
		{"0.01", points + up, `"Bronze"`},
		{"299", points, `"Bronze"`},
		{"4501", points + up, `"Platinum"`},
		{"-0.01", points + down, `"Gold"`},
		{"-3999.99", points, `"Gold"`},
		{"-1000", points + down, "null"},
		{"700", points + up, `"Silver"`},
		{"0", points, `"Silver"`},
		{"1e8", points + up, `"Platinum"`},
	} {
		out := r.want(200, "POST", "/stores/demo/customers/"+m.customer+"/loyalty/points", `{"value":`+c.value+`}`)
		if got := strings.Join(out.Topics, " "); got != c.topics || !strings.Contains(out.body, `"tier":`+c.tier) {
			t.Errorf("%s: %s, want %s and %s", c.value, out.body, c.topics, c.tier)
		}
	}
}

// The store's own tiers are on the ladder too, and those that move under a customer count with the
// next movement.
func TestTheStoresOwnTiers(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	m := r.populate("demo")
	customer := "/stores/demo/customers/" + m.customer
	r.want(200, "POST", customer+"/loyalty/points", `{"value":650}`) // 800, Silver
	pearl := member[int](t, r.want(201, "POST", "/stores/demo/loyalty/tiers", `{"name":"Pearl","min_points":750}`), "id")
	coupon := "/loyalty/coupons/" + m.coupon + "/redeem" // of 100 points
	r.want(200, "PUT", "/stores/demo/loyalty/coupons/"+m.coupon, `{"points_cost":10}`)
	out := r.want(200, "POST", customer+coupon, "")
	if want := "loyalty/coupon_redeemed loyalty/points_changed loyalty/tier_changed"; strings.Join(out.Topics, " ") != want || member[string](t, out, "tier") != "Pearl" {
		t.Errorf("%s", out.body)
	}
	path := "/stores/demo/loyalty/tiers/" + itoa(pearl)
	r.want(200, "PUT", path, `{"min_points":900}`)
	// a rule of every programme, of 25 points
	out = r.want(200, "POST", customer+"/loyalty/rules/7/complete", "")
	if want := "loyalty/rule_completed loyalty/points_changed loyalty/tier_lost"; strings.Join(out.Topics, " ") != want || member[string](t, out, "tier") != "Silver" {
		t.Errorf("%s", out.body)
	}
	r.want(200, "PUT", path, `{"status":"Inactive"}`)
	out = r.want(200, "POST", customer+"/loyalty/points", `{"value":100}`) // 915
	if member[string](t, out, "tier") != "Silver" || len(out.Topics) != 1 {
		t.Errorf("%s", out.body)
	}
	r.want(201, "POST", "/stores/demo/loyalty/tiers", `{"name":"Gold","min_points":900}`)
	out = r.want(201, "POST", "/stores/demo/customers", `{"loyalty_points":950}`)
	if member[string](t, out, "tier") != "Gold" {
		t.Errorf("%s", out.body)
	}
}

// What cannot be is refused, says what can, and changes nothing.
func TestImpossibleCalls(t *testing.T) {
	t.Parallel()
	r, c := start(t, mockserver.Options{}), receive(t)
	r.token("demo")
	m := r.populate("demo")
	r.want(200, "POST", "/stores/demo/memberships/"+m.membership+"/cancel", "")
	r.want(200, "PUT", "/stores/demo/loyalty/rules/"+m.rule, `{"status":"Inactive"}`)
	r.everything("demo", c.URL)
	before := r.want(200, "GET", "/stores/demo/customers/"+m.customer, "").body
	for _, x := range []struct {
		status           int
		path, body, want string
	}{
		{409, "/memberships/{membership}/pause", "", "possible: membership/reactivated"},
		{409, "/memberships/{membership}/bill", "", "that is cancelled"},
		{409, "/memberships/{membership}/update", `{"update_reason":"next_order_date_changed"}`, "possible"},
		{409, "/wallets/{wallet}/../../customers/{customer}/wallet", "", "has a wallet already"},
		{409, "PUT /loyalty/rules/2", `{"points":1}`, "every programme"},
		{404, "/wallets/123456789/install", "", "no wallet"},
		{404, "/memberships/x/pause", "", "no membership"},
		{404, "/customers/1/wallet", "", "no customer"},
		{404, "/customers/{customer}/loyalty/rules/1/complete", "", "set up no rule"},
		{404, "PUT /loyalty/tiers/9", `{}`, "set up no tier"},
		{422, "/customers/{customer}/loyalty/rules/{rule}/complete", "", "Inactive"},
		{422, "/customers/{customer}/loyalty/coupons/5/redeem", `{"discount_code":""}`, "must not be empty"},
		{422, "/customers/{customer}/loyalty/points", `{"value":-150.01}`, "150 points"},
		{422, "/customers/{customer}/loyalty/points", `{}`, "value field is required"},
		{422, "/customers/{customer}/loyalty/points", `{"value":"1"}`, "value"},
		{422, "/memberships/{membership}/store-credits", `{"value":20.01,"type":"Redeem"}`, "20.01 cannot be redeemed"},
		{422, "/memberships/{membership}/store-credits", `{"value":-1}`, "must be from 0"},
		{422, "/product-subscriptions/{subscription}/update", `{"update_reason":"product_removed"}`, "last product"},
		{422, "/product-subscriptions/{subscription}/update", `{"update_reason":"product_updated","line":"NO"}`, "no line"},
		{422, "/product-subscriptions/{subscription}/update", `{"price":1}`, "update_reason field is required"},
		{422, "/product-subscriptions/{subscription}/update", `{"update_reason":"product_updated","price":1,"quantity":2}`, "one update changes one thing"},
		{422, "/product-subscriptions/{subscription}/update", `{"update_reason":"product_added","shipping":{"price":1}}`, "goes with the update_reason shipping_updated"},
		{422, "/product-subscriptions/{subscription}/update", `{"update_reason":"whim"}`, "none of"},
		{422, "/product-subscriptions/{subscription}/bill", `{"error_code":"X"}`, "success as false"},
		{422, "/customers/{customer}/memberships", `{"payment_frequency":{"interval":"DAY","interval_count":1}}`, "WEEK or MONTH"},
		{422, "/customers/{customer}/memberships", `{"currency":"dollars"}`, "three capital letters"},
		{422, "/customers", `{"email":"nobody"}`, "'nobody' is not valid email"},
		{422, "/customers", `{"loyalty_points":-1,"birth_date":"tomorrow"}`, "must be from 0"},
	} {
		method, path := m.expand(x.path)
		path = strings.ReplaceAll(path, "/wallets/"+m.wallet+"/../..", "")
		out := r.call(method, "/stores/demo"+path, x.body)
		if out.status != x.status || !strings.Contains(out.body, x.want) {
			t.Errorf("%s %s: %d %s, want %d with %q", path, x.body, out.status, out.body, x.status, x.want)
		}
		if (out.status == 422) != (len(out.Errors) > 0) {
			t.Errorf("%s %s: errors %v", path, x.body, out.Errors)
		}
	}
	// A customer of too few points.
	poor := digits(member[string](t, r.want(201, "POST", "/stores/demo/customers", `{"loyalty_points":99}`), "id"))
	if out := r.call("POST", "/stores/demo/customers/"+poor+"/loyalty/coupons/"+m.coupon+"/redeem", ""); out.status != 422 || !strings.Contains(out.body, "costs 100 points") {
		t.Errorf("%d %s", out.status, out.body)
	}
	r.waitIdle()
	if list := c.take(); len(list) != 0 {
		t.Errorf("delivered: %v", list)
	}
	if after := r.want(200, "GET", "/stores/demo/customers/"+m.customer, "").body; after != before {
		t.Errorf("%s is now %s", before, after)
	}
}

// What was given once does not stand in the way of what is drawn later.
func TestRandomChangesFollowOverrides(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	m := r.populate("demo")
	out := r.want(201, "POST", "/stores/demo/customers/"+m.customer+"/memberships", `{"plan":"Salt & Pepper","price":15,"credits":2,"currency":"EUR","payment_frequency":{"interval":"week","interval_count":5}}`)
	for path, want := range map[string]string{"plan": `"Salt & Pepper"`, "price": "15", "currency": `"EUR"`, "payment_frequency": `{"interval":"WEEK","interval_count":5}`} {
		if got := member[json.RawMessage](t, out, "membership", path); string(got) != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	membership := "/stores/demo/memberships/" + itoa(member[int](t, out, "membership", "id"))
	out = r.want(201, "POST", "/stores/demo/customers/"+m.customer+"/product-subscriptions",
		`{"product":{"title":"A kite","variant_title":"Red","sku":"KITE","price":12.5},"quantity":4,"shipping":{"title":"By kite","price":0},"payment_frequency":{"interval":"WEEK","interval_count":9}}`)
	for path, want := range map[string]string{"subtotal": "50", "total": "50", "shipping": `{"title":"By kite","price":0}`, "payment_frequency": `{"interval":"WEEK","interval_count":9}`} {
		if got := member[json.RawMessage](t, out, "product_subscription", path); string(got) != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	subscription := "/stores/demo/product-subscriptions/" + itoa(member[int](t, out, "product_subscription", "id"))
	for _, reason := range []string{"payment_frequency_changed", "next_order_date_changed"} {
		r.want(200, "POST", membership+"/update", `{"update_reason":"`+reason+`"}`)
		r.want(200, "POST", subscription+"/update", `{"update_reason":"`+reason+`"}`)
	}
	r.want(200, "POST", membership+"/store-credits", "")
	for range 6 { // the catalogue has eight products, of which the kite is one
		r.want(200, "POST", subscription+"/update", `{"update_reason":"product_added"}`)
	}
	for _, detail := range []string{"price", "qty", "replaced"} {
		r.want(200, "POST", subscription+"/update", `{"update_reason":"product_updated","update_detail":"`+detail+`"}`)
	}
	for _, detail := range []string{"price", "name"} {
		r.want(200, "POST", subscription+"/update", `{"update_reason":"shipping_updated","update_detail":"`+detail+`"}`)
	}
	for _, path := range []string{membership, subscription, "/stores/demo/wallets/" + m.wallet} {
		r.want(200, "POST", path+"/update", "{}")
	}
	for _, kind := range []string{"rules/" + m.rule, "tiers/" + m.tier, "coupons/" + m.coupon} {
		r.want(200, "PUT", "/stores/demo/loyalty/"+kind, "")
	}
	// A body that gives something leaves the rest as it is.
	before := r.want(200, "GET", "/stores/demo/loyalty/rules/"+m.rule, "")
	after := r.want(200, "PUT", "/stores/demo/loyalty/rules/"+m.rule, `{"name":"Half birthday"}`)
	for _, path := range []string{"points", "status", "type"} {
		if was, is := member[json.RawMessage](t, before, path), member[json.RawMessage](t, after, path); string(was) != string(is) {
			t.Errorf("%s was %s and is %s", path, was, is)
		}
	}
}

// Who is accepted as a customer can be in every event.
func TestEveryCustomerFitsTheSchemas(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	accepted := 0
	for _, email := range []string{"a@b.c", "a@localhost", "a@[127.0.0.1]", "é@b.c", "a@é.c", "a.b+c@d-e.f", "'@b.c", "a@b..c", "a@-b.c", "@b.c", "a@", "a@b_c.d", strings.Repeat("a", 80) + "@b.c"} {
		body, err := json.Marshal(map[string]any{"email": email, "name": "\x00 \" \u2028", "birth_date": "1850-01-01", "loyalty_points": 1e9, "store_credits": 0.1 + 0.2})
		if err != nil {
			t.Fatal(err)
		}
		out := r.call("POST", "/stores/demo/customers", string(body))
		if out.status == 422 {
			continue
		}
		accepted++
		id := digits(member[string](t, out, "id"))
		r.want(201, "POST", "/stores/demo/customers/"+id+"/wallet", "")
	}
	if accepted < 3 {
		t.Errorf("%d were accepted", accepted)
	}
}
