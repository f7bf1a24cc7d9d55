package wire

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// tape plays one response again and again.
type tape string

func (t tape) Read(p []byte) (int, error) { return copy(p, t), nil }

// BenchmarkRead reads responses, and keeps them or not.
func BenchmarkRead(b *testing.B) {
	answer := tape("HTTP/1.1 200 OK\r\nDate: Fri, 27 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\nX-Request-Id: 1234567890\r\nContent-Length: 200\r\n\r\n" + strings.Repeat("x", 200))
	r := reader{Reader: http1.Reader{Src: answer}}
	b.Run("keep", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := r.whole(false, 1<<20); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("skip", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h, err := r.response(false, false)
			if err == nil {
				_, _, err = r.body(&h, http1.Skip)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
