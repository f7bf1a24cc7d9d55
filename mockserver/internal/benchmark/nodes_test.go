package benchmark

import (
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// BenchmarkWakeOverNodes measures the time from the end of an append on one node until a wait on
// another one has the capture.
func BenchmarkWakeOverNodes(b *testing.B) {
	address := pgtest.Start(b, "fsync=on")
	var nodes [2]journal.Store
	for i := range nodes {
		var err error
		if nodes[i], err = postgres.Open(b.Context(), address, postgres.Options{}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := nodes[i].Close(); err != nil {
				b.Error(err)
			}
		})
	}
	s := start(b, nodes[1])
	var took []time.Duration
	for range b.N {
		after, woken, ready := newest(b, nodes[0]), make(chan time.Time), make(chan struct{})
		go func() {
			close(ready)
			if _, err := s.Wait(b.Context(), "wake", query.Wait{Count: 1, After: after}); err != nil {
				b.Error(err)
			}
			woken <- time.Now()
		}()
		<-ready
		c := journal.Capture{Bin: "wake"}
		if err := nodes[0].AppendCapture(b.Context(), &c); err != nil {
			b.Fatal(err)
		}
		stored := time.Now()
		took = append(took, max(0, (<-woken).Sub(stored)))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
