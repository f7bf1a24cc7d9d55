package export

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestRawBytesAreRedacted checks that the raw bytes do not contain redacted secrets.
func TestRawBytesAreRedacted(t *testing.T) {
	t.Parallel()
	r := newRedactor(fixtures.Builtin())
	for name, c := range map[string]struct {
		line signature.Header
		raw  string
		kept bool
	}{
		"a secret":           {signature.Header{Name: "Authorization", Value: "hush"}, "POST /b HTTP/1.1\nAuthorization:hush\n\n", false},
		"none":               {signature.Header{Name: "X-A", Value: "1"}, "POST /b HTTP/1.1\nX-A:1\n\n", true},
		"one nobody can see": {signature.Header{Name: "X-A", Value: "1"}, "POST /b HTTP/1.1\nX-A:1\nAuthorization : hush\n\n", false},
	} {
		captured := journal.Capture{Message: wire.Message{Method: "POST", Target: "/b", Version: "HTTP/1.1", Headers: signature.Headers{c.line}}, Raw: []byte(c.raw)}
		if strings.Contains(c.raw, " : ") {
			captured.Problems = []string{"malformed: line 3"}
		}
		got := r.redact(captured)
		if (string(got.Bytes()) == c.raw) != c.kept || strings.Contains(string(got.Bytes()), "hush") {
			t.Errorf("%s: %q", name, got.Bytes())
		}
	}
}
