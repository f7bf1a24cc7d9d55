package subscribfy_test

import (
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// browser walks pages: it follows redirects, keeps cookies, and posts the forms that it finds.
type browser struct {
	*server
	client *http.Client
	page   response
	at     string // the address of the page
}

func (r *server) browser() *browser {
	jar, _ := cookiejar.New(nil) // there is no list that could be wrong
	b := &browser{server: r, client: &http.Client{Jar: jar}}
	return b
}

func (b *browser) send(method, address string, form url.Values) *browser {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	b.at = address
	b.client.CheckRedirect = func(to *http.Request, _ []*http.Request) error {
		b.at = to.URL.String()
		return nil
	}
	b.page = b.do(b.client, req)
	return b
}

// open opens a path that a page links to, or the first page.
func (b *browser) open(path string) *browser {
	b.t.Helper()
	return b.send("GET", b.resolve(path), nil)
}

func (b *browser) resolve(path string) string {
	base, err := url.Parse(b.url + "/")
	if err == nil && b.at != "" {
		base, err = url.Parse(b.at)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := base.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return to.String()
}

var (
	forms  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`)
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// press presses a button of the form that has the text in it, with what is typed there.
func (b *browser) press(do, text string, typed ...string) *browser {
	b.t.Helper()
	for _, form := range forms.FindAllStringSubmatch(b.page.body, -1) {
		if !strings.Contains(form[0], `name="do" value="`+do+`"`) || !strings.Contains(form[0], text) {
			continue
		}
		values := url.Values{"do": {do}}
		for _, field := range hidden.FindAllStringSubmatch(form[0], -1) {
			values.Set(field[1], html.UnescapeString(field[2]))
		}
		for i := 0; i < len(typed); i += 2 {
			if !strings.Contains(form[0], `name="`+typed[i]+`"`) {
				b.t.Fatalf("the form has no field %s: %s", typed[i], form[0])
			}
			values.Set(typed[i], typed[i+1])
		}
		return b.send("POST", b.resolve(form[1]), values)
	}
	b.t.Fatalf("no form with %q and %q: %s", do, text, b.page.body)
	return nil
}

// sees checks what the page says.
func (b *browser) sees(status int, texts ...string) *browser {
	b.t.Helper()
	if b.page.status != status {
		b.t.Fatalf("%s: %d %s, want %d", b.at, b.page.status, b.page.body, status)
	}
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(b.page.body), text) {
			b.t.Errorf("%s has no %q: %s", b.at, text, b.page.body)
		}
	}
	return b
}

// The steps of the guide ("Where to Configure Webhooks"), by a browser, at the root and below the
// dashboard.
func TestTheGuidesSteps(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]mockserver.Options{"at the root": {}, "below the dashboard": {Dashboard: dashboard.Handler}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := start(t, o), receive(t)
			b := r.browser().open(r.url+"/").sees(200, "demo.myshopify.com")
			link := regexp.MustCompile(`href="([^"]*/settings/webhooks)"`).FindStringSubmatch(b.page.body)
			b.open(link[1]).sees(200, "The store's API key", `type="password"`)
			b.press("sign-in", "", "key", "wrong").sees(403, "does not open this store")
			b.press("sign-in", "", "key", entities.DemoKey).sees(200, "There is no token yet", "Wallet Pass Events", "Sign out")
			style := regexp.MustCompile(`<link rel="stylesheet" href="([^"]*)">`).FindStringSubmatch(b.page.body)
			r.browser().open(b.resolve(style[1])).sees(200, "color-scheme: light dark")

			// Nothing can be saved or tested without a token.
			b.press("save", "wallet_pass/created", "urls", c.URL).sees(422, "generate a token first", c.URL)
			b.press("token", "").sees(200, "not shown again")
			token := regexp.MustCompile(`<output id="token"[^>]*>([A-Za-z0-9]{40})</output>`).FindStringSubmatch(b.page.body)[1]
			b.open("").sees(200, "•••• "+token[36:])
			if strings.Contains(b.page.body, token) {
				t.Error("the token is shown again")
			}

			link = regexp.MustCompile(`href="([^"]*category=loyalty)"`).FindStringSubmatch(b.page.body)
			b.open(html.UnescapeString(link[1])).sees(200, "Loyalty Events", `aria-current="page">Loyalty Events`)
			b.press("test", "loyalty/rule_created", "urls", c.URL+"/a, http://127.0.0.1:1/b").
				sees(200, "Test Call of loyalty/rule_created", "<td>"+c.URL+"/a</td>", "delivered", "http://127.0.0.1:1/b", "exhausted", c.URL+"/a, http://127.0.0.1:1/b</textarea>")
			if list := c.take(); len(list) != 1 || list[0].signature != signed(list[0].body, token) {
				t.Errorf("%v", list)
			}
			if out := r.want(200, "GET", "/stores/demo/webhooks/loyalty/rule_created", ""); member[string](t, out, "urls") != "" {
				t.Error("a Test Call saved")
			}
			b.press("save", "loyalty/rule_created", "urls", c.URL+"/a, "+c.URL+"/b").
				sees(200, "The URLs of loyalty/rule_created are saved", c.URL+"/a, "+c.URL+"/b</textarea>", `aria-current="page">Loyalty Events`)
			b.press("save", "loyalty/rule_created", "urls", "nowhere").sees(422, "\"nowhere\" is not a URL", `aria-invalid="true"`, "nowhere</textarea>")
			b.press("save-category", "", "urls", c.URL+"/all").sees(200, "whole category are saved")
			if n := strings.Count(b.page.body, c.URL+"/all</textarea>"); n != 11 {
				t.Errorf("%d events have the URL", n)
			}
			b.press("save-category", "", "urls", "ftp://x").sees(422, "ftp://x")
			b.press("retry", "", "retry", "spatie-default").sees(200, "<option selected>spatie-default</option>")
			b.press("retry", "", "retry", "always").sees(422, "none, spatie-default")

			r.want(201, "POST", "/stores/demo/loyalty/rules", "")
			r.waitIdle()
			if list := c.take(); len(list) != 1 || list[0].path != "/all" || list[0].signature != signed(list[0].body, token) {
				t.Errorf("%v", list)
			}
			b.press("token", "Regenerate").sees(200, "not shown again")
			r.want(201, "POST", "/stores/demo/loyalty/rules", "")
			r.waitIdle()
			if list := c.take(); len(list) != 1 || list[0].signature == signed(list[0].body, token) {
				t.Errorf("%v", list)
			}
			b.press("sign-out", "").sees(200, "The store's API key")
			b.open("").sees(200, "The store's API key")
		})
	}
}

// A page does nothing but what its own forms say, in its own session.
func TestPagesAreSafe(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.second()
	page := r.url + "/stores/demo/settings/webhooks"
	b := r.browser().open(page)
	b.press("sign-in", "", "key", entities.DemoKey).sees(200)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":  "nosniff", "Cache-Control": "no-store",
	} {
		if got := b.page.header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if strings.Contains(b.page.body, "<script") || strings.Contains(b.page.body, "style=") || strings.Contains(b.page.body, "<style") {
		t.Error("the page has scripts or styles in it")
	}
	// Every field has a label.
	for _, id := range regexp.MustCompile(`<(?:textarea|select)[^>]* id="([^"]*)"|<(?:textarea|select) id="([^"]*)"`).FindAllStringSubmatch(b.page.body, -1) {
		if name := id[1] + id[2]; !strings.Contains(b.page.body, `<label for="`+name+`"`) {
			t.Errorf("%s has no label", name)
		}
	}
	for _, bad := range []url.Values{
		{"do": {"token"}},
		{"do": {"token"}, "form": {"guessed"}},
		{"do": {"sign-out"}},
	} {
		b.send("POST", page, bad).sees(403, "not of this session")
	}
	if out := r.want(200, "GET", "/stores/demo/webhooks", ""); !strings.Contains(out.body, `"last4":null`) {
		t.Errorf("%s", out.body)
	}
	// The session of one store does not open another.
	r.browser().open(strings.Replace(page, "demo", "acme", 1)).sees(200, "The store's API key")
	b.open(strings.Replace(page, "demo", "acme", 1)).sees(200, "The store's API key")
	b.send("POST", strings.Replace(page, "demo", "acme", 1), url.Values{"do": {"token"}}).sees(401, "session has ended")
	b.open(strings.Replace(page, "demo", "nowhere", 1)).sees(404, "There is no store")
	b.open(page+"?category=nothing").sees(404, "There is no category")
	b.open(page + "?done=%3Cscript%3E").sees(200)
	if strings.Contains(b.page.body, "<script") {
		t.Error("what an address says becomes part of the page")
	}
	// A cookie, and where it goes.
	req, _ := http.NewRequestWithContext(t.Context(), "POST", page, strings.NewReader("do=sign-in&key="+entities.DemoKey))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out := r.do(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, req)
	cookies := (&http.Response{Header: out.header}).Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != "/" || strings.Contains(cookies[0].Value, entities.DemoKey) {
		t.Errorf("%v", out.header["Set-Cookie"])
	}
	// A key that is taken away closes the session.
	acme := r.browser().open(strings.Replace(page, "demo", "acme", 1))
	acme.press("sign-in", "", "key", "acme-key").sees(200, "Sign out")
	if err := r.entities.DeleteTenant(t.Context(), "subscribfy", "acme.myshopify.com"); err != nil {
		t.Fatal(err)
	}
	acme.open("").sees(404)
	if stores := r.browser().open(r.url + "/").page.body; strings.Contains(stores, "acme") || !slices.Contains(strings.Fields(stores), "<h1>Stores</h1>") {
		t.Errorf("%s", stores)
	}
}
