package analysis

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// FuzzRetryAfter parses the Retry-After line of a response.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "Fri, 31 Dec 1999 23:59:59 GMT", "-1", "99999999999", "1e9", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := &journal.Capture{Response: &journal.Response{Lines: signature.Headers{{Name: "Retry-After", Value: value}}}, At: time.Unix(1e9, 0)}
		if d := retryAfter(c); d < 0 {
			t.Fatalf("%q waits %s", value, d)
		}
	})
}
