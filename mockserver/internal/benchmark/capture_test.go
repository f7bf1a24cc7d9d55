package benchmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// BenchmarkCapture sends the same requests, over kept connections, to a fasthttp handler that only
// answers and to a capture server, alternating in one run, and reports how many times slower
// recording is.
func BenchmarkCapture(b *testing.B) {
	for _, store := range []struct {
		name string
		open func(*testing.B) journal.Store
	}{
		{"memory", func(*testing.B) journal.Store { return journal.NewMemory(journal.MemoryOptions{}) }},
		{"sqlite", func(b *testing.B) journal.Store {
			store, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
			if err != nil {
				b.Fatal(err)
			}
			return store
		}},
	} {
		for _, conns := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/conns=%d", store.name, conns), func(b *testing.B) {
				kept := store.open(b)
				defer kept.Close()
				s := start(b, kept)
				bare := bareServer(b)
				recorded := strings.TrimPrefix(s.URL(), "http://")
				var took, base time.Duration
				for left := b.N; left > 0; { // alternating, so that both run under the same load
					n := min(left, 20_000)
					base += exchanges(b, bare, n, conns)
					took += exchanges(b, recorded, n, conns)
					left -= n
				}
				if got := s.Counts(); got != (capture.Counts{Captured: uint64(b.N)}) {
					b.Fatalf("counts %+v", got)
				}
				b.ReportMetric(float64(b.N)/took.Seconds(), "captures/s")
				b.ReportMetric(float64(b.N)/base.Seconds(), "bare/s")
				b.ReportMetric(base.Seconds()/took.Seconds(), "ratio")
			})
		}
	}
}

// BenchmarkCaptureWhileWaitedFor records while waits read every capture.
func BenchmarkCaptureWhileWaitedFor(b *testing.B) {
	for _, waiters := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("waiters=%d", waiters), func(b *testing.B) {
			s := start(b, inMemory(b))
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			var work sync.WaitGroup
			for range waiters {
				work.Go(func() {
					_, err := s.Wait(ctx, "bench", query.Wait{Where: `.method == "GET"`, Settle: journal.Duration(5 * time.Minute)})
					if !errors.Is(err, context.Canceled) {
						b.Error(err)
					}
				})
			}
			took := exchanges(b, strings.TrimPrefix(s.URL(), "http://"), b.N, 64)
			cancel()
			work.Wait()
			b.ReportMetric(float64(b.N)/took.Seconds(), "captures/s")
		})
	}
}

// BenchmarkWake measures the time from the end of an append until a wait has the capture.
func BenchmarkWake(b *testing.B) {
	store := inMemory(b)
	s := start(b, store)
	var took []time.Duration
	for range b.N {
		woken := make(chan time.Time)
		after, ready := newest(b, store), make(chan struct{})
		go func() {
			close(ready)
			if _, err := s.Wait(b.Context(), "wake", query.Wait{Count: 1, After: after}); err != nil {
				b.Error(err)
			}
			woken <- time.Now()
		}()
		<-ready
		runtime.Gosched()
		c := journal.Capture{Bin: "wake"}
		if err := store.AppendCapture(b.Context(), &c); err != nil {
			b.Fatal(err)
		}
		stored := time.Now()
		took = append(took, (<-woken).Sub(stored))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func bareServer(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(200) }, NoDefaultDate: true}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	b.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			b.Error(err)
		}
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return listener.Addr().String()
}

// exchanges makes n exchanges over conns connections and returns the time they took.
func exchanges(b *testing.B, address string, n, conns int) time.Duration {
	b.Helper()
	request := []byte("POST /bench/hook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Signature: " + strings.Repeat("a", 64) +
		"\r\nUser-Agent: provider/1.0\r\nContent-Length: 500\r\n\r\n" + strings.Repeat("x", 500))
	open := make([]net.Conn, conns)
	for i := range open {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		open[i] = c
	}
	begin := time.Now()
	var work sync.WaitGroup
	for i, c := range open {
		share := n / conns
		if i < n%conns {
			share++
		}
		work.Go(func() {
			buf := make([]byte, 1024)
			for range share {
				if _, err := c.Write(request); err != nil {
					b.Error(err)
					return
				}
				for read := 0; ; {
					k, err := c.Read(buf[read:])
					if read += k; err != nil {
						b.Error(err)
						return
					}
					if bytes.HasSuffix(buf[:read], []byte("\r\n\r\n")) {
						if !bytes.HasPrefix(buf, []byte("HTTP/1.1 200")) {
							b.Errorf("response %q", buf[:read])
							return
						}
						break
					}
				}
			}
		})
	}
	work.Wait()
	return time.Since(begin)
}
