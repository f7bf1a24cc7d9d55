package benchmark

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// millionDir is the variable that names the directory of BenchmarkMillion. It keeps about 2.5 GB
// there.
const millionDir = "HOOKRIG_BENCH_DATA"

const million = 1_000_000

// BenchmarkMillion finds things among a million captures of one bin, which it stores in a directory
// for later runs.
func BenchmarkMillion(b *testing.B) {
	dir := os.Getenv(millionDir)
	if dir == "" {
		b.Skipf("%s names no directory to keep a million captures in, about 2.5 GB", millionDir)
	}
	store, err := sqlite.Open(b.Context(), dir, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	fill(b, store)
	indexed(b, store)
	s := start(b, store)

	newest := journal.CaptureQuery{Bin: "million"}
	for _, c := range []struct {
		name  string
		query query.Query
	}{
		{"newest of all", query.Query{}},
		{"newest of the bin", query.Query{CaptureQuery: newest}},
		{"q, frequent", query.Query{CaptureQuery: newest, Q: "passtype"}},
		{"q, one in ten thousand", query.Query{CaptureQuery: newest, Q: "needle"}},
		{"q, once, long ago", query.Query{CaptureQuery: newest, Q: rare}},
		{"q, absent word", query.Query{CaptureQuery: newest, Q: "hippopotamus"}},
		{"q, absent number", query.Query{CaptureQuery: newest, Q: "7093517422"}},
		{"q, absent id", query.Query{CaptureQuery: newest, Q: "3f2c7a91-0b7e-4d1c-9a57-5e2f6cc81b04"}},
		{"where, newest page", query.Query{CaptureQuery: newest, Where: `.method == "POST" and .body.__id != null`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			found := 0
			for b.Loop() {
				got, err := s.Captures(b.Context(), c.query)
				if err != nil {
					b.Fatal(err)
				}
				found = len(got)
			}
			b.ReportMetric(float64(found), "found")
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms")
		})
	}
	for _, waiters := range []int{1, 100} {
		b.Run(fmt.Sprintf("wake of waiters=%d", waiters), func(b *testing.B) { wakes(b, s, store, waiters) })
	}
	b.Run("memory while a million arrive", func(b *testing.B) { arrive(b, store, million) })
}

const rare = "8c1f4e02-5b9d-4f6e-a6f3-90d2b7e1c355"

// fill appends until the bin holds a million.
func fill(b *testing.B, store journal.Store) {
	b.Helper()
	stats, err := store.Stats(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if missing := million - stats.Captures; missing > 0 {
		begin := time.Now()
		appendEvents(b, store, missing)
		b.Logf("%d captures in %s: %.0f/s", missing, time.Since(begin).Round(time.Millisecond), float64(missing)/time.Since(begin).Seconds())
	}
}

// indexed waits until a search reads hardly more than it finds: the index lags behind fast appends.
func indexed(b *testing.B, store journal.Store) {
	b.Helper()
	begin := time.Now()
	for look := time.NewTicker(50 * time.Millisecond); ; <-look.C {
		read := 0
		if err := store.Search(b.Context(), journal.CaptureQuery{}, []string{"hippopotamus"}, func(*journal.Capture) bool {
			read++
			return read < 10_000
		}); err != nil {
			b.Fatal(err)
		}
		if read < 10_000 {
			break
		}
	}
	b.Logf("indexed after %s", time.Since(begin).Round(time.Millisecond))
}

// appendEvents appends n captures from 256 senders: unique events of neostore, about 500 bytes
// each.
func appendEvents(b *testing.B, store journal.Store, n int) {
	b.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	seed := uint64(time.Now().UnixNano())
	var work sync.WaitGroup
	for range 256 {
		work.Go(func() {
			r, err := p.Renderer("Pass:Installed", fixtures.RenderOptions{})
			if err != nil {
				b.Error(err)
				return
			}
			var e fixtures.Event
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := r.Render(fixtures.Draw{Seed: seed, Index: uint64(i)}, &e); err != nil {
					b.Error(err)
					return
				}
				c := received(e.Body, i)
				if err := store.AppendCapture(context.Background(), &c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
}

func received(body []byte, i int64) journal.Capture {
	trace := "-"
	if i == 500 {
		trace = rare
	} else if i%10_000 == 0 {
		trace = "needle"
	}
	return journal.Capture{
		Bin: "million", At: time.Now(), Peer: "127.0.0.1:40000",
		Message: wire.Message{
			Method: "POST", Target: "/million/hooks/in", Version: "HTTP/1.1",
			Headers: signature.Headers{
				{Name: "Host", Value: "127.0.0.1:8081"},
				{Name: "Content-Type", Value: "application/json; charset=utf-8"},
				{Name: "x-neostore-event", Value: "Pass:Installed"},
				{Name: "X-Trace", Value: trace},
				{Name: "Content-Length", Value: strconv.Itoa(len(body))},
			},
			Body: body,
		},
	}
}

// wakes measures the time from a commit until the last of so many waits, each with a different
// condition, has its capture.
func wakes(b *testing.B, s *capture.Server, store journal.Store, waiters int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	after := newest(b, store)
	woken := make(chan time.Time, waiters)
	var work sync.WaitGroup
	wait := func(i int, after uint64) {
		w := query.Wait{Count: 1, After: after, Where: fmt.Sprintf(`.method == "POST" and .body.to == %d`, i), Timeout: journal.Duration(10 * time.Minute)}
		_, err := s.Wait(ctx, "million", w)
		if err != nil && !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
		woken <- time.Now()
	}
	for i := 1; i < waiters; i++ {
		work.Go(func() { wait(i, after) })
	}
	var took []time.Duration
	for b.Loop() {
		work.Go(func() { wait(0, after) })
		for range 100 {
			runtime.Gosched()
		}
		c := received([]byte(`{"to":0}`), 1)
		if err := store.AppendCapture(ctx, &c); err != nil {
			b.Fatal(err)
		}
		stored := time.Now()
		took = append(took, (<-woken).Sub(stored))
		after = c.Seq
	}
	cancel()
	work.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// arrive reports the process's memory before and after n more captures arrive.
func arrive(b *testing.B, store journal.Store, n int) { // once, for any b.N
	heap, resident := footprint()
	begin := time.Now()
	appendEvents(b, store, n)
	took := time.Since(begin)
	heapAfter, residentAfter := footprint()
	b.ReportMetric(heap, "heap-MiB-before")
	b.ReportMetric(heapAfter, "heap-MiB-after")
	b.ReportMetric(resident, "rss-MiB-before")
	b.ReportMetric(residentAfter, "rss-MiB-after")
	b.ReportMetric(float64(n)/took.Seconds(), "captures/s")
	b.ReportMetric(0, "ns/op")
}

// footprint returns the heap in use after a collection and, where the system reports it, the
// resident set, in MiB.
func footprint() (heap, resident float64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	heap = float64(m.HeapInuse) / (1 << 20)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return heap, 0
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kilobytes); err == nil {
			resident = kilobytes / 1024
		}
	}
	return heap, resident
}
