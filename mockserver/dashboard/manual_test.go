package dashboard_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

func manualServer(t *testing.T, pages []dashboard.ManualPage) *mockserver.Server {
	t.Helper()
	s, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.WithManual(pages)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func pageAt(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(raw)
}

func somePages() []dashboard.ManualPage {
	return []dashboard.ManualPage{
		{Name: "faults", Title: "Faults", Summary: "wrong on <purpose>", HTML: `<p id="kinds">See <a href="words">Words</a></p>`, Sections: []dashboard.ManualSection{{ID: "kinds", Title: "Kinds"}}},
		{Name: "words", Title: "Words", HTML: "<p>All words</p>"},
	}
}

// The pages load everything from the server, also below a path, and run only the server's scripts.
func TestManual(t *testing.T) {
	t.Parallel()
	direct := manualServer(t, somePages()).DashboardURL()
	target, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.StripPrefix("/tools/server", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.Host, out.RequestURI = target.Scheme, target.Host, target.Host, ""
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for _, name := range []string{"Content-Type", "Content-Security-Policy", "Location"} {
			w.Header().Set(name, resp.Header.Get(name))
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})))
	defer proxy.Close()
	links := regexp.MustCompile(`(?:href|src)="([^"#]*)"`)
	for _, base := range []string{direct, proxy.URL + "/tools/server"} {
		for _, path := range []string{"/manual", "/manual/", "/manual/faults", "/manual/words"} {
			resp, text := pageAt(t, base+path)
			if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
				t.Fatalf("%s: status %d, %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
			}
			if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self'") {
				t.Errorf("%s: policy %q", path, policy)
			}
			for _, bad := range []string{"<style", "style=", "onclick", "<script>"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s has %s, which the policy refuses", path, bad)
				}
			}
			for _, found := range links.FindAllStringSubmatch(text, -1) {
				to, err := resp.Request.URL.Parse(found[1])
				if err != nil || !strings.HasPrefix(to.String(), base) {
					t.Errorf("%s links to %s", path, found[1])
					continue
				}
				if linked, _ := pageAt(t, to.String()); linked.StatusCode != http.StatusOK {
					t.Errorf("%s links to %s: status %d", path, to, linked.StatusCode)
				}
			}
		}
	}
	_, list := pageAt(t, direct+"/manual/")
	if !strings.Contains(list, `<dt><a href="faults">Faults</a></dt>`) || !strings.Contains(list, "wrong on &lt;purpose&gt;") {
		t.Errorf("the list of pages:\n%s", list)
	}
	_, text := pageAt(t, direct+"/manual/faults")
	for _, want := range []string{`<h2 class="title">Faults</h2>`, `<a href="faults" class="chosen" aria-current="page">`, `href="#kinds"`, `<p id="kinds">`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if missing, _ := pageAt(t, direct+"/manual/none"); missing.StatusCode != http.StatusNotFound {
		t.Errorf("a page that there is not: status %d", missing.StatusCode)
	}
	if _, home := pageAt(t, direct+"/"); !strings.Contains(home, `<a href="manual/">`) {
		t.Error("the page does not link to the manual")
	}
}

// A server without manual pages says where the manual is.
func TestNoManual(t *testing.T) {
	t.Parallel()
	resp, text := pageAt(t, manualServer(t, nil).DashboardURL()+"/manual")
	if resp.StatusCode != http.StatusOK || !strings.Contains(text, "hookrig help") {
		t.Errorf("status %d:\n%s", resp.StatusCode, text)
	}
}
