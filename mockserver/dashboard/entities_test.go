package dashboard_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

func TestEntitiesOverHTTP(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{Demo: true})
	r.call(t, 201, "POST", "/providers/subscribfy/endpoints", `{"url": "`+r.CaptureURL()+`/inbox"}`)
	made := r.call(t, 201, "POST", "/providers/subscribfy/entities", `{
		"kind": "loyalty_account", "overrides": {"points": 190, "customer.email": "ann@shop.example"},
		"steps": [{"event": "loyalty/points_changed", "to": "rising", "overrides": {"movement": {"message": "Gift", "value": 15, "type": "Earn"}}}]}`)
	entity := made["entity"].(map[string]any)
	path := "/providers/subscribfy/entities/loyalty_account/" + url.PathEscape(entity["id"].(string))
	if entity["state"] != "rising" || entity["possible"].([]any)[0] != "loyalty/tier_changed" || len(made["events"].([]any)) != 1 {
		t.Errorf("%v", made)
	}
	refused := r.call(t, 409, "POST", path+"/events", `{"event": "loyalty/tier_lost"}`)
	if !strings.Contains(refused["detail"].(string), "possible: loyalty/tier_changed") {
		t.Errorf("%v", refused)
	}
	r.call(t, 200, "POST", path+"/events", `{"event": "loyalty/tier_changed"}`)
	if got := r.call(t, 200, "GET", path, ""); got["state"] != "active" || !strings.HasSuffix(got["id"].(string), entity["id"].(string)) {
		t.Errorf("%v", got)
	}
	r.call(t, 200, "POST", "/clock/settle", "")
	if n := len(r.call(t, 200, "GET", "/bins/inbox/captures", "")["items"].([]any)); n != 2 {
		t.Errorf("%d captures", n)
	}

	for body, want := range map[string]string{
		`{"kind": "pas"}`: `there is`, `{"kind": "wallet_pass", "overrides": {"holdr": 1}}`: `did you mean "holder"`,
		`{"kind": "wallet_pass", "steps": [{"event": "wallet_pass/removed", "overrides": {"pass_instance.status": 1}}]}`: "wallet_pass/removed cannot happen",
	} {
		status := 422
		if strings.Contains(want, "cannot happen") {
			status = 409
		}
		if got := r.call(t, status, "POST", "/providers/subscribfy/entities", body); !strings.Contains(strings.ReplaceAll(got["detail"].(string), "subscribfy has no", "there is"), want) {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	first := r.call(t, 201, "POST", "/providers/subscribfy/entities", `{"kind": "wallet_pass"}`)["entity"].(map[string]any)
	r.call(t, 201, "POST", "/providers/subscribfy/entities", `{"kind": "wallet_pass", "tenant": "other.myshopify.com"}`)
	list := r.call(t, 200, "GET", "/providers/subscribfy/entities?limit=1", "")
	if len(list["items"].([]any)) != 1 || list["next"] == nil {
		t.Errorf("%v", list)
	}
	rest := r.call(t, 200, "GET", "/providers/subscribfy/entities?kind=wallet_pass", "")
	if len(rest["items"].([]any)) != 1 || rest["next"] != nil {
		t.Errorf("%v", rest)
	}
	r.call(t, 204, "DELETE", "/providers/subscribfy/entities/wallet_pass/"+first["id"].(string), "")
	r.call(t, 404, "GET", "/providers/subscribfy/entities/wallet_pass/"+first["id"].(string), "")
}

func TestTenantsOverHTTP(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{Demo: true})
	r.call(t, 200, "PUT", "/providers/neostore/tenants/acme", `{"keys": [{"key": "k", "scopes": ["Webhook.Read"]}]}`)
	items := r.call(t, 200, "GET", "/providers/neostore/tenants", "")["items"].([]any)
	if len(items) != 2 || items[0].(map[string]any)["name"] != "acme" || items[1].(map[string]any)["demo"] != true {
		t.Errorf("%v", items)
	}
	r.call(t, 422, "PUT", "/providers/neostore/tenants/a%20b", `{"keys": []}`)
	r.call(t, 422, "PUT", "/providers/neostore/tenants/b", `{"keys": [{"kee": "k"}]}`)
	r.call(t, 404, "PUT", "/providers/nobody/tenants/b", `{"keys": []}`)
	r.call(t, 204, "DELETE", "/providers/neostore/tenants/acme", "")
	r.call(t, 404, "DELETE", "/providers/neostore/tenants/acme", "")
	r.call(t, 422, "DELETE", "/providers/neostore/tenants/demo", "")
	options := r.call(t, 200, "GET", "/providers/neostore/options", "")["items"].([]any)
	if first := options[0].(map[string]any); first["name"] != "encoding" || first["value"] != "hex" {
		t.Errorf("%v", first)
	}
}

// A delivery has the pattern that selected its event, and the stricter notations in which it
// matches too.
func TestDeliveriesHavePatternModes(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for _, pattern := range []string{"Pass:*", "pass.*", "PASS:created"} {
		r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "events": ["Customer:*", "`+pattern+`"]}`)
	}
	items := r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)["items"].([]any)
	for i, want := range []struct {
		pattern    string
		colon, dot bool
	}{{"Pass:*", true, false}, {"pass.*", false, true}, {"PASS:created", false, false}} {
		d := items[i].(map[string]any)
		modes := d["modes"].(map[string]any)
		if d["pattern"] != want.pattern || modes["lenient"] != true || modes["strict_colon"] != want.colon || modes["strict_dot"] != want.dot {
			t.Errorf("%v %v, want %+v", d["pattern"], modes, want)
		}
	}
}
