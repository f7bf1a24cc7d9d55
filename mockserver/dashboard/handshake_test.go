package dashboard_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

func TestHandshakeForms(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 200, "PUT", "/bins/inbox", `{"handshakes": ["slack", {"kind": "twitter", "secret": "s"}]}`)
	set := r.call(t, 200, "GET", "/bins/inbox", "")
	if got, _ := json.Marshal(set["handshakes"]); string(got) != `[{"kind":"slack"},{"kind":"twitter","secret":"s"}]` {
		t.Errorf("handshakes %s", got)
	}
	for body, want := range map[string]string{
		`{"handshakes": ["slak"]}`:             "want one of slack, discord, meta, twitter, cloudevents",
		`{"handshakes": [{"knd": "slack"}]}`:   `did you mean \"kind\"?`,
		`{"handshakes": [7]}`:                  "got a JSON number, want an object",
		`{"handshakes": [{"kind":"twitter"}]}`: "it needs a secret",
	} {
		if got := shape(t, r.call(t, 422, "PUT", "/bins/inbox", body)); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q in it", body, got, want)
		}
	}
}
