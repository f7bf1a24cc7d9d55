package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

// delivery returns a typical webhook: eight headers and a body of 500 bytes.
func delivery() journal.Capture {
	return journal.Capture{
		Bin: "bench", At: time.Now(), Peer: "127.0.0.1:40000",
		Message: wire.Message{
			Method: "POST", Target: "/bench/hooks/in", Version: "HTTP/1.1",
			Headers: signature.Headers{
				{Name: "Host", Value: "127.0.0.1:8081"},
				{Name: "User-Agent", Value: "provider/1.0"},
				{Name: "Content-Type", Value: "application/json; charset=utf-8"},
				{Name: "x-neostore-signature", Value: "5d41402abc4b2a76b9719d911017c592ae2fb1e3dd3a2b8c7d1e0f4a5b6c7d8e"},
				{Name: "x-neostore-event", Value: "Pass:Installed"},
				{Name: "Accept", Value: "*/*"},
				{Name: "Content-Length", Value: "500"},
				{Name: "Connection", Value: "keep-alive"},
			},
			Body: make([]byte, 500),
		},
	}
}

// appendN appends b.N captures from concurrent senders and reports the throughput.
func appendN(b *testing.B, s journal.Store, senders int) {
	b.ReportAllocs()
	b.ResetTimer()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var running sync.WaitGroup
	for range senders {
		running.Go(func() {
			c := delivery()
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				begin := time.Now()
				if err := s.AppendCapture(context.Background(), &c); err != nil {
					b.Error(err)
					return
				}
				took[i-1] = time.Since(begin)
			}
		})
	}
	running.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[b.N-1].Microseconds())/1000, "max-ms")
}

func BenchmarkAppendCapture(b *testing.B) {
	for _, senders := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("sqlite/senders=%d", senders), func(b *testing.B) {
			s := open(b, b.TempDir(), sqlite.Options{})
			defer s.Close()
			appendN(b, s, senders)
		})
	}
	b.Run("memory/senders=256", func(b *testing.B) {
		s := journal.NewMemory(journal.MemoryOptions{})
		appendN(b, s, 256)
	})
	b.Run("fsync of 200 KB in a bare loop", func(b *testing.B) {
		f, err := os.Create(filepath.Join(b.TempDir(), "file"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		block := make([]byte, 200<<10)
		for i := range b.N {
			if _, err := f.WriteAt(block, int64(i%100)*int64(len(block))); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		// 256 captures per operation.
		b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "captures/s")
	})
}

// BenchmarkQuery queries a journal with a million captures.
func BenchmarkQuery(b *testing.B) {
	const captures, senders = 1_000_000, 256
	s := open(b, b.TempDir(), sqlite.Options{})
	defer s.Close()
	var running sync.WaitGroup
	for range senders {
		running.Go(func() {
			c := delivery()
			for i := range captures / senders {
				c.Bin = fmt.Sprint("bin", i%10)
				if err := s.AppendCapture(context.Background(), &c); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	for name, q := range map[string]journal.CaptureQuery{
		"newest":             {},
		"newest of a bin":    {Bin: "bin3"},
		"after a cursor":     {Bin: "bin3", After: captures / 2, Oldest: true},
		"before a cursor":    {Before: captures / 2},
		"nothing since then": {Bin: "bin3", After: captures + 1},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Captures(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("bins", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Bins(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
