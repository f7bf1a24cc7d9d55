package postgres_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
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

// appendN appends b.N captures from concurrent senders to the stores in turn, and returns the
// throughput.
func appendN(b *testing.B, senders int, stores ...journal.Store) float64 {
	b.ReportAllocs()
	b.ResetTimer()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var running sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			c := delivery()
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				begin := time.Now()
				if err := stores[sender%len(stores)].AppendCapture(context.Background(), &c); err != nil {
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
	return float64(b.N) / b.Elapsed().Seconds()
}

// BenchmarkAppendCapture appends durable captures. It reports the ratio to the same rows inserted
// by COPY, 256 in a transaction, by one connection that does nothing else, and to those that
// pgbench inserts, one in a transaction, by 64 connections.
func BenchmarkAppendCapture(b *testing.B) {
	server := pgtest.StartServer(b, "fsync=on")
	address := server.DSN
	copied, alone := copyRows(b, address), pgbenchRows(b, server)
	for _, senders := range []int{1, 64, 256, 1024} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			s := open(b, empty(address), postgres.Options{})
			defer s.Close()
			reached := appendN(b, senders, s)
			b.ReportMetric(reached/copied, "of-COPY")
			b.ReportMetric(reached/alone, "of-pgbench")
		})
	}
	b.Run("full journal/senders=256", func(b *testing.B) {
		s := open(b, empty(address), postgres.Options{Bytes: 20 << 20})
		defer s.Close()
		b.ReportMetric(appendN(b, 256, s)/copied, "of-COPY")
	})
	b.Run("full bin/senders=256", func(b *testing.B) {
		s := open(b, empty(address), postgres.Options{PerBin: 1000})
		defer s.Close()
		b.ReportMetric(appendN(b, 256, s)/copied, "of-COPY")
	})
	b.Run("two nodes/senders=256", func(b *testing.B) {
		at := empty(address)
		one, two := open(b, at, postgres.Options{}), open(b, at, postgres.Options{})
		defer one.Close()
		defer two.Close()
		b.ReportMetric(appendN(b, 256, one, two)/copied, "of-COPY")
	})
}

// BenchmarkHeap appends a million captures to a journal that has room for a fifth of them, and
// reports the memory of the node after the first 100 000 and at the end.
func BenchmarkHeap(b *testing.B) {
	address := pgtest.Start(b, "fsync=on")
	for b.Loop() {
		s := open(b, empty(address), postgres.Options{Bytes: 256 << 20})
		appendAll := func(n int64) {
			var next atomic.Int64
			var running sync.WaitGroup
			for range 256 {
				running.Go(func() {
					c := delivery()
					for next.Add(1) <= n {
						if err := s.AppendCapture(context.Background(), &c); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
		}
		appendAll(100_000)
		b.ReportMetric(liveHeap(), "heap-KB-100k")
		appendAll(900_000)
		b.ReportMetric(liveHeap(), "heap-KB-1M")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// liveHeap returns the bytes of live objects, in KB.
func liveHeap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1000
}

// pgbenchRows returns how many rows pgbench inserts in a second.
func pgbenchRows(b *testing.B, server *pgtest.Server) float64 {
	b.Helper()
	c := delivery()
	conn, err := pgconn.Connect(b.Context(), server.DSN)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	const table = "CREATE TABLE alone (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bin bigint, size bigint, head bytea, body bytea); CREATE INDEX ON alone (bin, seq)"
	if err := conn.Exec(b.Context(), table).Close(); err != nil {
		b.Fatal(err)
	}
	script := filepath.Join(b.TempDir(), "insert.sql")
	insert := fmt.Sprintf("INSERT INTO alone (bin, size, head, body) VALUES (1, %d, '\\x%x', '\\x%x');\n", c.Size(), record.PackCapture(nil, &c), c.Body)
	if err := os.WriteFile(script, []byte(insert), 0o600); err != nil {
		b.Fatal(err)
	}
	out, err := exec.CommandContext(b.Context(), server.Program("pgbench"), "-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", "3", "-f", script, server.DSN).CombinedOutput()
	found := regexp.MustCompile(`tps = ([0-9.]+)`).FindSubmatch(out)
	if err != nil || found == nil {
		b.Fatalf("pgbench: %v\n%s", err, out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

// copyRows returns how many rows COPY inserts in a second.
func copyRows(b *testing.B, address string) float64 {
	b.Helper()
	at := empty(address)
	if err := open(b, at, postgres.Options{}).Close(); err != nil {
		b.Fatal(err)
	}
	conn, err := pgconn.Connect(b.Context(), at)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	const batches, rows = 100, 256
	c := delivery()
	head, seq := record.PackCapture(nil, &c), uint64(0)
	begin := time.Now()
	for range batches {
		var data bytes.Buffer
		data.WriteString("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		for range rows {
			seq++
			row := binary.BigEndian.AppendUint16(nil, 5)
			for _, n := range []uint64{seq, 1, uint64(c.Size())} {
				row = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(row, 8), n)
			}
			for _, value := range [][]byte{head, c.Body} {
				row = append(binary.BigEndian.AppendUint32(row, uint32(len(value))), value...)
			}
			data.Write(row)
		}
		data.WriteString("\xff\xff")
		if _, err := conn.CopyFrom(b.Context(), &data, "COPY captures FROM STDIN (FORMAT binary)"); err != nil {
			b.Fatal(err)
		}
	}
	return batches * rows / time.Since(begin).Seconds()
}
