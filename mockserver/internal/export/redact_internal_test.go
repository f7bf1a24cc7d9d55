package export

import (
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestRedactionOfStaticSecrets covers secrets that a provider sends unchanged: ethpass in a header
// line, others perhaps in the body.
func TestRedactionOfStaticSecrets(t *testing.T) {
	t.Parallel()
	r := newRedactor(fixtures.Builtin())
	if !r.headers["authorization"] || len(r.pointers) != 0 {
		t.Errorf("%+v", r)
	}
	r.headers["x-hook"] = true
	r.pointers["static"] = []string{"/none", "/greeting/word"}
	const head = "POST / HTTP/1.1\r\nHost: h\r\n"
	m, err := wire.ParseRequest([]byte(head + "X-HOOK: hush\r\nContent-Length: 38\r\n\r\n" + `{"greeting":{"word":"hush"}, "n":1.0 }`))
	if err != nil {
		t.Fatal(err)
	}
	c := journal.Capture{Message: m, Verification: &journal.Verification{Provider: "static"}}
	want := head + "X-HOOK: REDACTED\r\nContent-Length: 42\r\n\r\n" + `{"greeting":{"word":"REDACTED"}, "n":1.0 }`
	if got := string(wire.Append(nil, r.redact(c).Message)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	c.Verification.Provider = "other" // its bodies contain no secret
	want = head + "X-HOOK: REDACTED\r\nContent-Length: 38\r\n\r\n" + `{"greeting":{"word":"hush"}, "n":1.0 }`
	if got := string(wire.Append(nil, r.redact(c).Message)); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
