package wire

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// The pieces in which bytes arrive do not change the response; a skipped response has the same
// length as a kept one.
func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-a: b\r\n\r\nokrest"), false, 10)
	f.Add([]byte("HTTP/1.1 100 Continue\n\nHTTP/1.0 200\nTransfer-Encoding: chunked\n\n3;x\nabc\n0\nT: 1\n\n"), false, 2)
	f.Add([]byte("\r\nHTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nuntil the end"), true, 0)
	f.Fuzz(func(t *testing.T, raw []byte, toHEAD bool, limit int) {
		if limit < 0 || limit > 1<<20 {
			return
		}
		at := reader{Reader: http1.Reader{Src: bytes.NewReader(raw)}}
		response, reusable, err := at.whole(toHEAD, limit)
		if len(response.Body) > limit {
			t.Fatalf("%d bytes kept, at most %d asked", len(response.Body), limit)
		}
		if err == nil && (response.Status < 101 || response.Status > 999) {
			t.Fatalf("status %d", response.Status)
		}
		slow := reader{Reader: http1.Reader{Src: iotest.OneByteReader(bytes.NewReader(raw))}}
		again, _, errAgain := slow.whole(toHEAD, limit)
		if (err == nil) != (errAgain == nil) || response.Status != again.Status || !bytes.Equal(response.Body, again.Body) || response.Truncated != again.Truncated {
			t.Fatalf("at once: %+v, %v\nbyte by byte: %+v, %v", response, err, again, errAgain)
		}
		if err == nil && !response.Truncated {
			skipping := reader{Reader: http1.Reader{Src: bytes.NewReader(raw)}}
			h, err := skipping.response(toHEAD, false)
			if err == nil {
				_, _, err = skipping.body(&h, http1.Skip)
			}
			if err != nil || h.status != response.Status || unread(&skipping) != unread(&at) {
				t.Fatalf("skipped: %d, %v, %d bytes left; read: %d, %d left", h.status, err, unread(&skipping), response.Status, unread(&at))
			}
			if reusable && len(at.Buffered()) > 0 {
				t.Fatal("reusable with bytes left")
			}
		}
	})
}

// unread returns how many bytes a reader has left, buffered or not.
func unread(r *reader) int { return len(r.Buffered()) + r.Src.(*bytes.Reader).Len() }
