package burst

import (
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// BenchmarkRequest is what one event costs before it is written: rendered, signed, laid out as
// bytes.
func BenchmarkRequest(b *testing.B) {
	for _, name := range []string{"neostore", "subscribfy", "ethpass"} {
		b.Run(name, func(b *testing.B) {
			p, err := fixtures.Builtin().Provider(name)
			if err != nil {
				b.Fatal(err)
			}
			plan := Plan{Parts: []Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{"http://127.0.0.1:8081/bin"}, Seed: 7, Count: 1}
			if err := plan.check(); err != nil {
				b.Fatal(err)
			}
			l, err := newLoad(&plan)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var size int
			var r request
			i := uint64(0)
			for b.Loop() {
				it := l.item(i, 0)
				if err := l.prepare(&r, it, l.slot(it)); err != nil {
					b.Fatal(err)
				}
				size += len(r.raw)
				i++
			}
			b.SetBytes(int64(size) / int64(i))
		})
	}
}

// BenchmarkRun sends unique signed events to a bare sink, and beside it the same engine sends one
// request over and over: the ratio is what making events costs on the wire.
func BenchmarkRun(b *testing.B) {
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusOK) }}
	listener := listen(b)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	b.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			b.Error(err)
		}
		<-done
	})
	url := "http://" + listener.Addr().String() + "/sink"
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
		r, err := Run(b.Context(), Plan{
			Parts: []Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{url}, Seed: 7, Count: uint64(b.N), Connections: connections,
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
