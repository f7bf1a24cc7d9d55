package neostore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// All that the API keeps is there again after a restart on the same folder.
func TestRestart(t *testing.T) {
	t.Parallel()
	folder, to := t.TempDir(), receive(t)
	open := func() (*server, func()) {
		store, err := sqlite.Open(t.Context(), filepath.Join(folder, "journal.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, setup{store: store})
		return r, func() {
			if err := r.server.Close(); err != nil {
				t.Error(err)
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	r, stop := open()
	h := r.create(to.url, "*")
	var p struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user","additionalData":{"a":1}}`).into(t, &p)
	r.want(200, "POST", "/api/acme/passes/"+p.ID+"/devices", `{"device":"apple","deviceIdentifier":"d1"}`)
	r.want(200, "POST", "/api/acme/customers", `{"identifiers":{"crm":"1"}}`)
	var link struct{ ID string }
	r.want(200, "POST", "/api/acme/redirects", `{"uri":"https://shop.example/"}`).into(t, &link)
	bearer, issuer := "Authorization: Bearer "+r.token("Webhook.Read"), r.url
	paths := []string{"/api/acme/webhooks", "/api/acme/passes", "/api/acme/passes/" + p.ID + "/devices", "/api/acme/customers", "/.well-known/jwks.json"}
	var before []string
	for _, path := range paths {
		before = append(before, r.want(200, "GET", path, "").body)
	}
	r.waitIdle()
	stop()

	r, stop = open()
	defer stop()
	for i, path := range paths {
		if got := r.want(200, "GET", path, ""); got.body != before[i] {
			t.Errorf("%s: %s, want %s", path, got.body, before[i])
		}
	}
	if r.url == issuer {
		t.Error("the second server is where the first was")
	}
	r.want(200, "GET", "/api/acme/webhooks", "", "X-API-KEY:", bearer)
	r.want(302, "GET", "/r/"+link.ID, "")
	r.want(200, "DELETE", "/api/acme/passes/"+p.ID+"/devices/d1", "")
	if again := r.create(to.url+"/2", "*"); again.ID == h.ID || again.SignatureSecret == h.SignatureSecret {
		t.Errorf("%+v", again)
	}
	r.waitIdle()
	if got := strings.Join(to.events(), " "); got != "Pass:Created Pass:Installed Customer:Upserted Redirect:Redirected Pass:Uninstalled" {
		t.Errorf("%s", got)
	}
}
