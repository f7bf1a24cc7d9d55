package delivery

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// answering listens on loopback and answers each request with the same bytes, spending as little as
// it can.
func answering(b *testing.B, response string) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var group sync.WaitGroup
	b.Cleanup(func() { l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for answer(r) {
					if _, err := io.WriteString(c, response); err != nil {
						return
					}
				}
			})
		}
	})
	return "http://" + l.Addr().String() + "/in"
}

// answer reads one request and says whether it was there.
func answer(r *bufio.Reader) bool {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if len(line) <= len("\r\n") {
			_, err := r.Discard(length)
			return err == nil
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			for _, c := range bytes.TrimSpace(value) {
				length = 10*length + int(c-'0')
			}
		}
	}
}

const (
	failing    = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
	succeeding = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
)

// BenchmarkEmit is the time from Emit to delivered: one event is rendered after the other, and many
// are in flight.
func BenchmarkEmit(b *testing.B) {
	for _, name := range []string{"neostore", "ethpass"} {
		b.Run(name, func(b *testing.B) {
			d := start(b, Options{Virtual: true})
			register(b, d, journal.Endpoint{Provider: name, URL: answering(b, succeeding)})
			event := knownProvider(b, name).Events[0].Name
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Emit(b.Context(), name, Emission{Event: event}); err != nil {
					b.Fatal(err)
				}
			}
			if err := d.WaitIdle(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			d.Close()
		})
	}
}
