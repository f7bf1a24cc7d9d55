package benchmark

import (
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// BenchmarkBurst sends unique signed events to a bare sink, and beside it the same engine sends one
// request over and over: the ratio is what making events costs on the wire.
func BenchmarkBurst(b *testing.B) {
	url := "http://" + bareServer(b) + "/sink"
	const connections = 64

	var static, signed float64
	b.Run("static", func(b *testing.B) {
		raw := staticRequest(b, url)
		start := time.Now()
		parallel(b, connections, func(n int) {
			conn, err := wire.DialConn(b.Context(), url, nil, wire.Trust{})
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			for range n {
				if _, outcome, err := conn.RoundTrip(raw, time.Time{}); outcome != wire.GotStatus {
					b.Error(outcome, err)
					return
				}
			}
		})
		static = float64(b.N) / time.Since(start).Seconds()
		b.ReportMetric(static, "events/s")
	})
	b.Run("signed", func(b *testing.B) {
		p, err := fixtures.Builtin().Provider("neostore")
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		r, err := burst.Run(b.Context(), burst.Plan{
			Parts: []burst.Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{url}, Seed: 7, Count: uint64(b.N), Connections: connections,
		}, nil)
		if err != nil || r.Acknowledged != uint64(b.N) {
			b.Fatalf("%+v, %v", r, err)
		}
		signed = float64(b.N) / time.Since(start).Seconds()
		b.ReportMetric(signed, "events/s")
		if static > 0 {
			b.ReportMetric(signed/static, "of-static")
		}
	})
}

// staticRequest is the bytes of one signed request of neostore.
func staticRequest(b *testing.B, url string) []byte {
	b.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		b.Fatal(err)
	}
	e, err := p.Render(fixtures.Draw{Seed: 7}, p.Events[0].Name, fixtures.RenderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := p.Message(url, e, e.At)
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Signing.Sign(&m, signature.Context{ID: e.ID, URL: url, Time: e.At}, "s3cret"); err != nil {
		b.Fatal(err)
	}
	return wire.Append(nil, m)
}

// parallel divides b.N over so many goroutines.
func parallel(b *testing.B, goroutines int, f func(n int)) {
	b.Helper()
	var running sync.WaitGroup
	for g := range goroutines {
		n := b.N / goroutines
		if g < b.N%goroutines {
			n++
		}
		running.Go(func() { f(n) })
	}
	running.Wait()
}
