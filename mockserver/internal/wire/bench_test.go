package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// BenchmarkSend compares one request at a time, from the same process to the same server.
func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer server.Close()
	m := post(string(bytes.Repeat([]byte("x"), 500)))
	ctx := within(b)
	b.Run("wire.Client", func(b *testing.B) {
		var client wire.Client
		defer client.CloseIdle()
		b.ReportAllocs()
		for b.Loop() {
			if r := client.Send(ctx, server.URL, m); r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	})
	b.Run("wire.Conn", func(b *testing.B) {
		conn := dialConn(b, server.URL)
		raw := wire.Append(nil, m)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := conn.RoundTrip(raw, time.Now().Add(time.Minute)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net/http", func(b *testing.B) {
		client := server.Client()
		b.ReportAllocs()
		for b.Loop() {
			request, err := http.NewRequestWithContext(ctx, m.Method, server.URL, bytes.NewReader(m.Body))
			if err != nil {
				b.Fatal(err)
			}
			response, err := client.Do(request)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	m := post(string(bytes.Repeat([]byte("x"), 500)))
	var raw []byte
	b.ReportAllocs()
	for b.Loop() {
		raw = wire.Append(raw[:0], m)
	}
}
