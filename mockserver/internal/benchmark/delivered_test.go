package benchmark

import (
	"context"
	"iter"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// stores runs a benchmark with each kind of journal.
func stores(b *testing.B, bench func(b *testing.B, server *mockserver.Server)) {
	for name, open := range map[string]func() journal.Store{
		"memory": func() journal.Store {
			return journal.NewMemory(journal.MemoryOptions{PerBin: 4_000_000, Deliveries: 1000})
		},
		"sqlite": func() journal.Store {
			s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{PerBin: 4_000_000})
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	} {
		b.Run(name, func(b *testing.B) {
			store := open()
			server, err := mockserver.Start(b.Context(), mockserver.Options{Store: store})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := server.Close(); err != nil {
					b.Error(err)
				}
				if err := store.Close(); err != nil {
					b.Error(err)
				}
			})
			bench(b, server)
		})
	}
}

// BenchmarkDelivered measures one delivery from end to end: emitted, stored, signed, sent,
// captured, verified on arrival, its attempt stored. It emits in hundreds.
func BenchmarkDelivered(b *testing.B) {
	stores(b, func(b *testing.B, server *mockserver.Server) {
		ctx := context.Background()
		inbox, subscribfy := server.Bin("inbox"), server.Provider("subscribfy")
		endpoint, err := subscribfy.Subscribe(ctx, inbox.URL())
		if err != nil {
			b.Fatal(err)
		}
		if err := inbox.VerifyWith(ctx, "subscribfy", endpoint.Secrets...); err != nil {
			b.Fatal(err)
		}
		emissions := make([]delivery.Emission, 100)
		for i := range emissions {
			emissions[i].Event = "wallet_pass/created"
		}
		b.ResetTimer()
		for sent := 0; sent < b.N; sent += len(emissions) {
			if _, err := server.Client().Emit(ctx, "subscribfy", emissions[:min(len(emissions), b.N-sent)]...); err != nil {
				b.Fatal(err)
			}
			if err := server.Client().WaitIdle(ctx); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		if bins, err := server.Client().Bins(ctx); err != nil || len(bins) != 1 || bins[0].Count != b.N {
			b.Fatalf("%+v, %v: want %d captures", bins, err, b.N)
		}
	})
}

// BenchmarkReconciled measures a burst: unique signed events are captured, and each of them is
// accounted for.
func BenchmarkReconciled(b *testing.B) {
	stores(b, func(b *testing.B, server *mockserver.Server) {
		ctx := context.Background()
		p, err := fixtures.Builtin().Provider("neostore")
		if err != nil {
			b.Fatal(err)
		}
		plan := burst.Plan{
			Parts: []burst.Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{server.Bin("load").URL()}, Seed: 7, Count: uint64(b.N), Connections: 256,
		}
		b.ResetTimer()
		r, err := burst.Run(ctx, plan, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(r.Rate, "sent/s")
		if err := r.Reconcile(allCaptures(ctx, server, "load")); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reconciled/s")
		if !r.OK() || r.Accounting.Captured != uint64(b.N) {
			b.Fatalf("%+v, %+v", r, r.Accounting)
		}
	})
}

// allCaptures yields all captures of a bin, oldest first.
func allCaptures(ctx context.Context, server *mockserver.Server, bin string) iter.Seq2[journal.Capture, error] {
	return func(yield func(journal.Capture, error) bool) {
		q := query.Query{CaptureQuery: journal.CaptureQuery{Bin: bin, Limit: journal.MaxLimit, Oldest: true}}
		for {
			page, err := server.Client().Captures(ctx, q)
			if err != nil {
				yield(journal.Capture{}, err)
				return
			}
			for _, c := range page {
				if q.After = c.Seq; !yield(c, nil) {
					return
				}
			}
			if len(page) < journal.MaxLimit {
				return
			}
		}
	}
}
