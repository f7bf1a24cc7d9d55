package analysis

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Retry-After is seconds or a date (RFC 9110 §10.2.3); any other value, and a past date, asks for
// no wait.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		" 7 ":                           7 * time.Second,
		"-7":                            0,
		"soon":                          0,
		"Thu, 15 Jan 2026 09:02:00 GMT": 2 * time.Minute,
		"Thu, 15 Jan 2026 08:00:00 GMT": 0,
	} {
		for _, response := range []journal.Response{
			{Headers: map[string]string{"retry-after": value}},
			{Lines: signature.Headers{{Name: "Retry-After", Value: value}}},
		} {
			if got := retryAfter(&journal.Capture{At: at, Response: &response}); got != want {
				t.Errorf("%q in %+v: %v, want %v", value, response, got, want)
			}
		}
	}
	if got := retryAfter(&journal.Capture{At: at}); got != 0 {
		t.Errorf("without a response: %v", got)
	}
}
