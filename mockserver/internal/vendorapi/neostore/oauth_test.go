package neostore_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/neostore"
)

// person is somebody with a browser.
type person struct {
	t testing.TB
	*http.Client
}

func browse(t testing.TB) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// visit opens a page.
func (p *person) visit(address string) answer {
	p.t.Helper()
	resp, err := p.Get(address)
	return p.read(resp, err)
}

// send fills in the form of a page and sends it.
func (p *person) send(address string, page answer, fields ...string) answer {
	p.t.Helper()
	form := url.Values{}
	if hidden := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(page.body); hidden != nil {
		form.Set("form", hidden[1])
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	resp, err := p.PostForm(address, form)
	return p.read(resp, err)
}

func (p *person) read(resp *http.Response, err error) answer {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// fragment is what a client gets back.
func fragment(t testing.TB, a answer) url.Values {
	t.Helper()
	_, text, ok := strings.Cut(a.header.Get("Location"), "#")
	values, err := url.ParseQuery(text)
	if a.status != http.StatusSeeOther || !ok || err != nil {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	return values
}

// ask is the address where a client sends a person; fields replace the usual ones.
func (r *server) ask(fields ...string) string {
	q := url.Values{
		"response_type": {"token"}, "client_id": {"demo-app"}, "redirect_uri": {"http://127.0.0.1:9/back?x=1"},
		"scope": {"Webhook.Read Webhook.Write"}, "state": {"s &#é"}, "audience": {"https://app.neostore.cloud/api/"},
	}
	for i := 0; i < len(fields); i += 2 {
		if q.Set(fields[i], fields[i+1]); fields[i+1] == "" {
			q.Del(fields[i])
		}
	}
	return r.url + "/authorize?" + q.Encode()
}

// token walks through the flow as acme.
func (r *server) token(scopes string) string {
	r.t.Helper()
	p, address := browse(r.t), r.ask("scope", scopes)
	return fragment(r.t, p.send(address, p.visit(address), "tenant", "acme", "key", "acme-key", "decision", "allow")).Get("access_token")
}

func TestImplicitFlow(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	p, address := browse(t), r.ask()
	page := p.visit(address)
	if page.status != 200 || !strings.Contains(page.body, "<code>Webhook.Write</code>") || strings.Contains(page.body, "Pass.Write") || strings.Contains(page.body, "<script") {
		t.Fatalf("%d %s", page.status, page.body)
	}
	nonce := regexp.MustCompile(`<style nonce="([^"]+)">`).FindStringSubmatch(page.body)
	if want := "default-src 'none'; style-src 'nonce-" + nonce[1] + "'; form-action 'self' http://127.0.0.1:9; base-uri 'none'; frame-ancestors 'none'"; page.header.Get("Content-Security-Policy") != want {
		t.Errorf("%s, want %s", page.header.Get("Content-Security-Policy"), want)
	}
	for name, value := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"} {
		if page.header.Get(name) != value {
			t.Errorf("%s: %s", name, page.header.Get(name))
		}
	}
	wrong := p.send(address, page, "tenant", "acme", "key", "other-key", "decision", "allow")
	if wrong.status != 400 || !strings.Contains(wrong.body, `role="alert"`) || !strings.Contains(wrong.body, "not a key of the tenant") || strings.Contains(wrong.body, "other-key") {
		t.Errorf("%d %s", wrong.status, wrong.body)
	}
	done := p.send(address, wrong, "tenant", "acme", "key", "acme-key", "decision", "allow")
	got := fragment(t, done)
	match(t, done.header.Get("Location"), `^http://127\.0\.0\.1:9/back\?x=1#access_token=[\w.-]+&token_type=Bearer&expires_in=3600&scope=Webhook\.Read\+Webhook\.Write&state=s\+%26%23%C3%A9$`)
	if got.Get("state") != "s &#é" || done.header.Get("Cache-Control") != "no-store" || done.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v", got)
	}
	bearer := "Authorization: Bearer " + got.Get("access_token")
	r.want(200, "GET", "/api/acme/webhooks", "", "X-API-KEY:", bearer)
	r.want(200, "POST", "/api/acme/webhooks", `{"events":["*"],"endpoint":"http://127.0.0.1:1/"}`, "X-API-KEY:", bearer)
	r.want(403, "GET", "/api/acme/passes", "", "X-API-KEY:", bearer)
	match(t, r.want(403, "GET", "/api/other/webhooks", "", "X-API-KEY:", bearer).body, "for another tenant")
}

func TestRefusedDemands(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	p := browse(t)
	address := r.ask()
	page := p.visit(address)
	if got := fragment(t, p.send(address, page, "decision", "deny")); got.Get("error") != "access_denied" || got.Get("state") != "s &#é" || got.Has("access_token") {
		t.Errorf("%v", got)
	}
	// The client is told.
	for _, c := range []struct{ name, value, code, text string }{
		{"response_type", "code", "unsupported_response_type", "want token"},
		{"response_type", "", "invalid_request", "response_type is missing"},
		{"scope", "Webhook.Read Webhook.Delete", "invalid_scope", "'Webhook.Delete'"},
		{"audience", "https://elsewhere.example/", "invalid_request", "audience"},
	} {
		if got := fragment(t, p.visit(r.ask(c.name, c.value))); got.Get("error") != c.code || !strings.Contains(got.Get("error_description"), c.text) || got.Get("state") == "" {
			t.Errorf("%s=%s: %v", c.name, c.value, got)
		}
	}
	if got := fragment(t, p.visit(r.ask()+"&scope=Pass.Read")); got.Get("error") != "invalid_request" {
		t.Errorf("%v", got)
	}
	// The person is told, and sent nowhere.
	for _, c := range []struct{ name, value, text string }{
		{"client_id", "", "client_id"},
		{"client_id", strings.Repeat("x", 201), "client_id"},
		{"redirect_uri", "", "needs one redirect_uri"},
		{"redirect_uri", "/back", "absolute http or https URL"},
		{"redirect_uri", "javascript:alert(1)", "absolute http or https URL"},
		{"redirect_uri", "http://127.0.0.1/#x", "fragment"},
		{"redirect_uri", "http://127.0.0.1/#", "fragment"},
		{"redirect_uri", "http://u:p@127.0.0.1/", "scheme, host and path"},
		{"redirect_uri", "http://127.0.0.1;script-src/", "scheme, host and path"},
		{"redirect_uri", "http://127.0.0.1/\r\nX: y", "cannot be used"},
		{"redirect_uri", "http://10.1.2.3/", "sends nobody"},
		{"redirect_uri", "http://169.254.169.254/", "sends nobody"},
		{"redirect_uri", "http://127.0.0.1/" + strings.Repeat("x", 2048), "scheme, host and path"},
		{"redirect_uri", `http://127.0.0.1/"><script>`, "asks to"},
	} {
		a := p.visit(r.ask(c.name, c.value))
		if a.header.Get("Location") != "" || !strings.Contains(a.body, c.text) || strings.Contains(a.body, "<script") || a.header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s=%.80s: %d %v %s", c.name, c.value, a.status, a.header, a.body)
		}
		if (a.status == 400) != (c.text != "asks to") {
			t.Errorf("%s=%.80s: %d", c.name, c.value, a.status)
		}
	}
}

// A form is taken only from the browser that this page showed it to.
func TestForgedForms(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	address := r.ask()
	victim, attacker := browse(t), browse(t)
	victim.visit(address)
	theirs := attacker.visit(address)
	answers := []string{"tenant", "acme", "key", "acme-key", "decision", "allow"}
	for name, a := range map[string]answer{
		"another browser's": victim.send(address, theirs, answers...),
		"none":              victim.send(address, answer{}, answers...),
		"no cookie":         browse(t).send(address, theirs, answers...),
		"denied by another": victim.send(address, answer{}, "decision", "deny"),
	} {
		if a.status != http.StatusForbidden || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Location"))
		}
	}
	// Two pages in one browser both work.
	one := victim.visit(address)
	victim.visit(r.ask("client_id", "second"))
	if got := fragment(t, victim.send(address, one, answers...)); got.Get("access_token") == "" {
		t.Errorf("%v", got)
	}
	if a := victim.send(address, one, "tenant", "acme", "key", "acme-key"); a.status != 400 || !strings.Contains(a.body, "Choose Allow or Deny") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A token has those scopes that were asked for and that the key has.
func TestGrantedScopes(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	r.allow("reader", "Webhook.Read", "Pass.Read")
	p := browse(t)
	for _, c := range []struct{ asked, key, want string }{
		{"Webhook.Read Webhook.Write", "reader", "Webhook.Read"},
		{"", "reader", "Webhook.Read Pass.Read"},
		{"", "acme-key", "Webhook.Read Webhook.Write Pass.Read Pass.Write Customer.Read Customer.Write Redirect.Read Redirect.Write"},
		{"Pass.Read", "reader", "Pass.Read"},
	} {
		address := r.ask("scope", c.asked)
		if got := fragment(t, p.send(address, p.visit(address), "tenant", "acme", "key", c.key, "decision", "allow")); got.Get("scope") != c.want {
			t.Errorf("%s of %s: %v", c.asked, c.key, got)
		}
	}
	address := r.ask("scope", "Customer.Write")
	if a := p.send(address, p.visit(address), "tenant", "acme", "key", "reader", "decision", "allow"); a.status != 400 || !strings.Contains(a.body, "none of the scopes") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// All works the same below the dashboard, and a token got there is taken at the other address too.
func TestBelowTheDashboard(t *testing.T) {
	t.Parallel()
	both := mockserver.StartT(t, mockserver.Options{
		Dashboard: dashboard, Demo: true, Addresses: map[string]string{"neostore": "127.0.0.1:0"}, VendorAPIs: map[string]vendorapi.Factory{"neostore": neostore.New},
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	own := &server{t: t, server: both, url: both.VendorAPIURL("neostore")}
	below := &server{t: t, server: both, url: both.DashboardURL() + "/neostore"}
	p := browse(t)
	address := below.ask("audience", below.url+"/api/")
	page := p.visit(address)
	match(t, page.body, "the tenant <code>demo</code> has the key <code>demo-key</code>")
	for _, cookie := range page.header.Values("Set-Cookie") {
		match(t, cookie, `^neostore_form=[\w-]{43}; Path=/neostore/authorize; HttpOnly; SameSite=Lax$`)
	}
	token := fragment(t, p.send(address, page, "tenant", "demo", "key", "demo-key", "decision", "allow")).Get("access_token")
	for _, r := range []*server{below, own} {
		var h hook
		r.want(200, "POST", "/api/demo/webhooks", `{"events":["*"],"endpoint":"http://127.0.0.1:1/"}`, "X-API-KEY:", "Authorization: Bearer "+token).into(t, &h)
		r.want(200, "PATCH", "/api/demo/webhooks/"+h.ID, `{"enabled":false}`, "X-API-KEY: demo-key")
		r.want(405, "POST", "/api/demo/webhooks/"+h.ID, `{}`, "X-API-KEY: demo-key")
		var link struct{ MinifiedURI string }
		r.want(200, "POST", "/api/demo/redirects", `{"uri":"https://shop.example/"}`, "X-API-KEY: demo-key").into(t, &link)
		if !strings.HasPrefix(link.MinifiedURI, r.url+"/r/") || p.visit(link.MinifiedURI).status != http.StatusFound {
			t.Errorf("%s", link.MinifiedURI)
		}
		var about map[string]any
		r.want(200, "GET", "/.well-known/openid-configuration", "", "X-API-KEY:").into(t, &about)
		if about["issuer"] != r.url || about["jwks_uri"] != r.url+"/.well-known/jwks.json" || about["authorization_endpoint"] != r.url+"/authorize" {
			t.Errorf("%v", about)
		}
	}
}

// The key that is published verifies a token, and its private part is not published.
func TestPublishedKey(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	token := r.token("Webhook.Read")
	var set struct{ Keys []map[string]string }
	r.want(200, "GET", "/.well-known/jwks.json", "", "X-API-KEY:").into(t, &set)
	if len(set.Keys) != 1 || set.Keys[0]["kty"] != "RSA" || set.Keys[0]["alg"] != "RS256" || set.Keys[0]["use"] != "sig" || set.Keys[0]["d"] != "" || set.Keys[0]["p"] != "" {
		t.Fatalf("%v", set)
	}
	head, payload := part(t, token, 0), part(t, token, 1)
	if head["kid"] != set.Keys[0]["kid"] || head["alg"] != "RS256" {
		t.Errorf("%v", head)
	}
	who := sha256.Sum256([]byte("acme-key"))
	if payload["iss"] != r.url || payload["sub"] != "acme|"+hex.EncodeToString(who[:8]) || payload["scope"] != "Webhook.Read" || payload["tenant"] != "acme" ||
		payload["azp"] != "demo-app" || payload["exp"].(float64)-payload["iat"].(float64) != 3600 {
		t.Errorf("%v", payload)
	}
	if err := verifyRS256(token, set.Keys[0]["n"], set.Keys[0]["e"]); err != nil {
		t.Error(err)
	}
}

func part(t testing.TB, token string, n int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	var v map[string]any
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}
