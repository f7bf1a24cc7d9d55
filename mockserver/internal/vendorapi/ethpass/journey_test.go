package ethpass_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// A program written against ethpass: it sets its endpoint, makes a pass, has it installed twice,
// scanned, removed once and revoked, and compares what it is told with what it can ask, at both
// roots of the API.
func TestJourneyByCallsAlone(t *testing.T) {
	t.Parallel()
	r := play(t)
	secret := r.call("POST", "/v0/project/secret", "").get("secret")
	if len(secret) != 64 || strings.Trim(secret, "0123456789abcdef") != "" {
		t.Fatalf("secret %q", secret)
	}
	var mu sync.Mutex
	differ := map[string]string{}
	to := receive(t, func(d arrival) {
		for _, root := range []string{"/v0", "/api/v0"} {
			pass := r.request("GET", root+"/passes/"+d.get("result.id"), "")
			if pass.body != d.result() {
				mu.Lock()
				differ[d.event()+" at "+root] = pass.body + "\nis not\n" + d.result()
				mu.Unlock()
			}
		}
	})
	r.hook(to.url, secret)
	var events []string
	next := func() arrival {
		t.Helper()
		d := to.next(t)
		events = append(events, d.event())
		if lines := d.lines("Authorization"); !slices.Equal(lines, []string{"Authorization: " + secret}) {
			t.Errorf("%s: Authorization lines %q", d.event(), lines)
		}
		if lines := d.lines("Content-Type"); !slices.Equal(lines, []string{"Content-Type: application/json"}) {
			t.Errorf("%s: Content-Type lines %q", d.event(), lines)
		}
		if err := ethpassProvider(t).Validate(d.event(), d.body); err != nil {
			t.Error(err)
		}
		return d
	}
	pass := r.make()
	id := pass.get("id")
	next()
	first := r.call("POST", path("/api/v0/passes/%s/registrations", id), `{"pushToken":"a"}`)
	next()
	second := r.call("POST", path("/v0/passes/%s/registrations", id), "")
	if first.status != 201 || first.get("id") == second.get("id") {
		t.Errorf("%s and %s", first.body, second.body)
	}
	next()
	r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
	if d := next(); d.get("result.lastScannedAt") == "" {
		t.Errorf("scanned: %s", d.body)
	}
	r.call("DELETE", path("/v0/passes/%s/registrations/%s", id, second.get("id")), "")
	if d := next(); d.get("result.registrations.0.deletedAt") != "" || d.get("result.registrations.1.deletedAt") == "" {
		t.Errorf("removed from the second device: %s", d.body)
	}
	r.call("DELETE", "/v0/passes/"+id, "")
	if d := next(); d.get("result.expireAction") != "USER_REVOKE" || d.get("result.expiredAt") == "" {
		t.Errorf("revoked: %s", d.body)
	}
	want := []string{"pass:create", "pass:register", "pass:register", "pass:scan", "pass:unregister", "pass:expire"}
	if !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	to.nothing(t, r)
	mu.Lock()
	defer mu.Unlock()
	for where, what := range differ {
		t.Errorf("%s: %s", where, what)
	}
}

// What was said before a restart holds behind it: the pass byte for byte, the endpoint, the secret,
// what no event shows.
func TestARestartChangesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store, err := sqlite.Open(t.Context(), folder, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	to := receive(t, nil)
	r := playOn(t, store)
	secret := r.call("POST", "/v0/project/secret", "").get("secret")
	r.hook(to.url, "Bearer "+secret)
	pass := r.make(`"externalId":"mine"`, `"barcode":{"message":"ITEM-1"}`)
	r.call("POST", path("/v0/passes/%s/registrations", pass.get("id")), "")
	r.call("GET", "/v0/scan?data="+pass.get("barcodeSignature"), "")
	to.next(t)
	to.next(t)
	last := to.next(t)
	to.nothing(t, r) // what is not known to have arrived would be sent again
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()

	if store, err = sqlite.Open(t.Context(), folder, sqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r = playOn(t, store)
	for _, root := range []string{"/v0", "/api/v0"} {
		if got := r.call("GET", root+"/passes/"+pass.get("id"), ""); got.body != last.result() {
			t.Errorf("%s: %s\nis not\n%s", root, got.body, last.result())
		}
	}
	if got := r.call("GET", "/v0/project/webhook", ""); got.get("endpoint") != to.url || got.get("authorization") != "Bearer "+secret {
		t.Errorf("webhook %s", got.body)
	}
	if got := r.call("GET", "/v0/project/secret", ""); got.get("secret") != secret {
		t.Errorf("secret %s", got.body)
	}
	history := r.call("GET", path("/v0/passes/%s?scanHistoryStartTime=0", pass.get("id")), "")
	if history.get("scanHistory.#") != "1" || history.get("scanHistory.0.message") != "ITEM-1" {
		t.Errorf("history %s", history.body)
	}
	if got := r.call("PATCH", "/v0/passes/"+pass.get("id"), "{}"); got.get("externalId") != "mine" {
		t.Errorf("details %s", got.body)
	}
	r.call("DELETE", "/v0/passes/"+pass.get("id"), "")
	d := to.next(t)
	if got := r.call("GET", "/v0/passes/"+pass.get("id"), ""); d.event() != "pass:expire" || got.body != d.result() {
		t.Errorf("%s: %s\nis not\n%s", d.event(), got.body, d.result())
	}
}

// The same answers at the root of an address and below the dashboard; only links differ.
func TestBelowTheDashboard(t *testing.T) {
	t.Parallel()
	r := play(t)
	below := *r
	below.url = r.DashboardURL() + "/ethpass"
	pass := below.make()
	if want := below.url + "/v0/files/demo/" + pass.get("id"); pass.get("fileURL") != want {
		t.Errorf("fileURL %s, want %s", pass.get("fileURL"), want)
	}
	if here, there := r.call("GET", "/v0/passes", ""), below.call("GET", "/api/v0/passes", ""); here.body != there.body || here.get("#") != "1" {
		t.Errorf("%s\n%s", here.body, there.body)
	}
	if got := r.call("PATCH", "/v0/passes/"+pass.get("id"), "{}").get("fileURL"); got != r.url+"/v0/files/demo/"+pass.get("id") {
		t.Errorf("at the root: fileURL %s", got)
	}
}

func TestProjectsAreApart(t *testing.T) {
	t.Parallel()
	demo := play(t)
	acme := demo.as("acme")
	mine, theirs := receive(t, nil), receive(t, nil)
	demo.hook(theirs.url, "theirs")
	acme.hook(mine.url, "mine")
	pass := acme.make(`"barcode":{"message":"secret of acme"}`)
	id, barcode := pass.get("id"), pass.get("barcodeSignature")
	registration := acme.call("POST", path("/v0/passes/%s/registrations", id), "").get("id")
	for range 2 {
		if d := mine.next(t); !slices.Equal(d.lines("Authorization"), []string{"Authorization: mine"}) {
			t.Errorf("%q", d.head)
		}
	}
	for _, c := range [][3]string{
		{"GET", "/v0/passes/" + id},
		{"PATCH", "/v0/passes/" + id, `{"image":"x"}`},
		{"DELETE", "/v0/passes/" + id},
		{"GET", "/v0/passes/" + id + "/distribution"},
		{"PUT", "/v0/passes/" + id + "/ownership", `{"valid":false}`},
		{"POST", "/v0/passes/" + id + "/registrations"},
		{"DELETE", "/v0/passes/" + id + "/registrations/" + registration},
		{"GET", "/v0/scan?data=" + barcode},
	} {
		if got := demo.request(c[0], c[1], c[2]); got.status != 404 || got.get("message") == "" {
			t.Errorf("%s %s by another project: %d %s", c[0], c[1], got.status, got.body)
		}
	}
	if got := demo.call("GET", "/v0/passes", ""); got.body != "[]" || got.header.Get("X-Total-Count") != "0" {
		t.Errorf("another project lists %s", got.body)
	}
	demo.call("DELETE", "/v0/project/webhook", "")
	if got := acme.call("GET", "/v0/project/webhook", ""); got.get("endpoint") != mine.url {
		t.Errorf("another project removed it: %s", got.body)
	}
	if demo.call("GET", "/v0/project", "").get("id") == acme.call("GET", "/v0/project", "").get("id") {
		t.Error("two projects with one id")
	}
	demo.call("POST", "/v0/project/secret", `{"secret":"of demo"}`)
	if got := acme.request("GET", "/v0/project/secret", ""); got.status != 404 {
		t.Errorf("another project's secret: %s", got.body)
	}
	theirs.nothing(t, demo)
	mine.nothing(t, demo)
}
