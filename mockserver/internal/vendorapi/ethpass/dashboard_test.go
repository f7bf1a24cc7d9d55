package ethpass_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// browser walks the dashboard as a person does.
type browser struct {
	t    *testing.T
	base string
	*http.Client
}

func browse(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, base, &http.Client{Jar: jar, Transport: &http.Transport{}}}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	resp, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(page)}
}

func (b *browser) open(path string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

// send sends a form, as the page has it.
func (b *browser) send(path string, form url.Values, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return b.do(req)
}

// action is where the form with a button leads, below the base, and the token that it carries.
func (b *browser) action(page answer, button string) (path string, form url.Values) {
	b.t.Helper()
	for _, found := range regexp.MustCompile(`(?s)<form method="post" action="([^"]*)">(.*?)</form>`).FindAllStringSubmatch(page.body, -1) {
		if !strings.Contains(found[2], ">"+button+"</button>") {
			continue
		}
		form = url.Values{}
		if token := regexp.MustCompile(`name="token" value="([^"]*)"`).FindStringSubmatch(found[2]); token != nil {
			form.Set("token", token[1])
		}
		at, err := url.Parse(b.base)
		if err != nil {
			b.t.Fatal(err)
		}
		path, ok := strings.CutPrefix(found[1], at.Path)
		if !ok {
			b.t.Fatalf("the form of %q leads to %s, out of %s", button, found[1], b.base)
		}
		return path, form
	}
	b.t.Fatalf("no button %q on the page:\n%s", button, page.body)
	return "", nil
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]func(*server) string{
		"at the root": func(r *server) string { return r.url }, "below the dashboard": func(r *server) string { return r.DashboardURL() + "/ethpass" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, to := play(t), receive(t, nil)
			id := r.make().get("id")
			var registration string
			for range 3 {
				registration = r.call("POST", "/v0/passes/"+id+"/registrations", "").get("id")
			}
			r.call("DELETE", "/v0/passes/"+id+"/registrations/"+registration, "")
			b := browse(t, base(r))
			page := b.open("/")
			for header, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'", "Content-Type": "text/html", "X-Content-Type-Options": "nosniff",
			} {
				if got := page.header.Get(header); !strings.HasPrefix(got, want) {
					t.Errorf("%s: %q", header, got)
				}
			}
			if strings.Contains(page.body, id) {
				t.Error("the passes show without a key")
			}
			if style := b.open("/dashboard.css"); style.status != 200 || !strings.Contains(style.body, "color-scheme: light dark") {
				t.Errorf("style: %d", style.status)
			}

			path, form := b.action(page, "Open")
			form.Set("key", "wrong")
			if got := b.send(path, form); got.status != 401 || !strings.Contains(got.body, "no key of a project") {
				t.Errorf("a wrong key: %d", got.status)
			}
			form.Set("key", r.key)
			if page = b.send(path, form); page.status != 200 || !strings.Contains(page.body, id) || !strings.Contains(page.body, "<td>2</td>") {
				t.Fatalf("the page: %d %s", page.status, page.body)
			}

			path, form = b.action(page, "Generate secret")
			page = b.send(path, form)
			secret := regexp.MustCompile(`id="project-secret">([0-9a-f]{64})<`).FindStringSubmatch(page.body)
			if secret == nil {
				t.Fatalf("no secret on %s", page.body)
			}
			path, form = b.action(page, "Update")
			form.Set("endpoint", "nowhere")
			if got := b.send(path, form); got.status != 400 || !strings.Contains(got.body, `role="alert"`) || !strings.Contains(got.body, "nowhere") {
				t.Errorf("a wrong endpoint: %d %s", got.status, got.body)
			}
			form.Set("endpoint", to.url)
			form.Set("authorization", secret[1])
			if page = b.send(path, form); page.status != 200 || !strings.Contains(page.body, to.url) {
				t.Fatalf("Update: %d %s", page.status, page.body)
			}

			path, form = b.action(page, "Revoke")
			if page = b.send(path, form); !strings.Contains(page.body, "USER_REVOKE") {
				t.Errorf("Revoke: %s", page.body)
			}
			d := to.next(t)
			if d.event() != "pass:expire" || d.get("result.id") != id || !slices.Equal(d.lines("Authorization"), []string{"Authorization: " + secret[1]}) {
				t.Errorf("%q %s", d.head, d.body)
			}
			if got := b.send(path, form); got.status != 409 || !strings.Contains(got.body, "expired") {
				t.Errorf("revoked twice: %d %s", got.status, got.body)
			}

			path, form = b.action(page, "Remove the endpoint")
			b.send(path, form)
			if got := r.call("GET", "/v0/project/webhook", ""); got.get("endpoint") != "" {
				t.Errorf("removed: %s", got.body)
			}
			path, form = b.action(page, "Leave the project")
			if page = b.send(path, form); strings.Contains(page.body, id) || !strings.Contains(page.body, "API key of the project") {
				t.Errorf("left: %s", page.body)
			}
		})
	}
}

// Only a form of the page itself, in the session that it was made for, changes something.
func TestDashboardRefusesOtherForms(t *testing.T) {
	t.Parallel()
	r := play(t)
	id := r.make().get("id")
	b := browse(t, r.url)
	page := b.send("/session", url.Values{"key": {r.key}})
	revoke, form := b.action(page, "Revoke")
	second := browse(t, r.url)
	_, other := second.action(second.send("/session", url.Values{"key": {r.key}}), "Revoke")
	for name, c := range map[string]struct {
		form    url.Values
		headers []string
		status  int
		from    *browser
	}{
		"no token":               {url.Values{}, nil, 403, b},
		"another session's":      {other, nil, 403, b},
		"another page":           {form, []string{"Sec-Fetch-Site", "cross-site"}, 403, b},
		"another origin":         {form, []string{"Origin", "http://elsewhere.test"}, 403, b},
		"no session":             {form, nil, 401, browse(t, r.url)},
		"JSON":                   {form, []string{"Content-Type", "application/json"}, 415, b},
		"a form that is too big": {url.Values{"token": {strings.Repeat("x", 100<<10)}}, nil, 413, b},
	} {
		if got := c.from.send(revoke, c.form, c.headers...); got.status != c.status {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := r.call("GET", "/v0/passes/"+id, ""); got.get("expiredAt") != "" {
		t.Errorf("it was revoked: %s", got.body)
	}
	// A key that is taken from its project ends the session.
	acme := r.as("acme")
	b = browse(t, r.url)
	page = b.send("/session", url.Values{"key": {acme.key}})
	path, form := b.action(page, "Generate secret")
	if err := r.entities.DeleteTenant(t.Context(), "ethpass", "acme"); err != nil {
		t.Fatal(err)
	}
	if got := b.send(path, form); got.status != 401 {
		t.Errorf("a key that was removed: %d", got.status)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	r := play(t)
	for base, path := range map[string]string{r.url: "/", r.DashboardURL() + "/ethpass": "/ethpass/"} {
		b := browse(t, base)
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := b.send("/session", url.Values{"key": {r.key}})
		cookie := got.header.Get("Set-Cookie")
		for _, want := range []string{"Path=" + path + ";", "HttpOnly", "SameSite=Strict"} {
			if !strings.Contains(cookie+";", want) {
				t.Errorf("%s: cookie %q without %s", base, cookie, want)
			}
		}
		if at := got.header.Get("Location"); got.status != 303 || at != path+"webhooks" || strings.Contains(cookie, r.key) {
			t.Errorf("%s: %d to %s", base, got.status, at)
		}
	}
}

// What callers wrote shows as text.
func TestDashboardEscapes(t *testing.T) {
	t.Parallel()
	r := play(t)
	const nasty = `"><script>alert(1)</script>`
	r.hook("http://127.0.0.1/?"+url.QueryEscape(nasty), nasty)
	r.call("POST", "/v0/project/secret", `{"secret":"<b>bold</b>"}`)
	page := browse(t, r.url).send("/session", url.Values{"key": {r.key}})
	if page.status != 200 || strings.Contains(page.body, "<script>") || strings.Contains(page.body, "<b>") || strings.Contains(page.body, "style=") {
		t.Errorf("%s", page.body)
	}
}
