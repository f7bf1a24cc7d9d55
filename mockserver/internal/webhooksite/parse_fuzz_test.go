package webhooksite

import (
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzDate reads dates as the query language has them.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"now-14d/d", "2022-01-01 00:00:00", "2001.02.01||+1M/d", "now+999999999y", "now/", "||", "9999-12-31||+9y", "now-1h+1h-1h"} {
		f.Add(seed, true)
	}
	now := time.Date(2001, 1, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string, end bool) {
		if at, err := parseDate(text, now, end); err != nil && (!at.IsZero() || err.Error() == "") {
			t.Fatalf("%q: %v and %v", text, at, err)
		}
	})
}

// FuzzForm reads bodies as forms, in parts or not.
func FuzzForm(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "a=1&a[]=2&b%5bc%5d=%zz&=")
	f.Add(`multipart/form-data; boundary="x"`, "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n1\r\n--x--\r\n")
	f.Add("multipart/form-data; boundary=", "--\r\n")
	f.Fuzz(func(_ *testing.T, kind, body string) {
		formOf(&journal.Capture{Message: wire.Message{Method: "POST", Target: "/a", Headers: signature.Headers{{Name: "Content-Type", Value: kind}}, Body: []byte(body)}})
	})
}

// FuzzID reads the ids of requests. What is read is written so again.
func FuzzID(f *testing.F) {
	f.Add("00000000-0000-4000-8000-000000000001")
	f.Fuzz(func(_ *testing.T, id string) { parseID(id) })
}
