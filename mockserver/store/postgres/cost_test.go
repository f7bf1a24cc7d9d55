package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// BenchmarkCost measures what SCALE.md calculates with: for transactions of different sizes, the
// time of one, its wait for the disk, and the processor time and bytes of a capture, also while
// other nodes read the changes. It needs /proc, so it runs on Linux only.
func BenchmarkCost(b *testing.B) {
	address := pgtest.Start(b, "fsync=on")
	for _, run := range []struct{ senders, readers int }{{1, 0}, {8, 0}, {64, 0}, {512, 0}, {4096, 0}, {64, 8}, {512, 8}, {4096, 8}} {
		b.Run(fmt.Sprintf("senders=%d/readers=%d", run.senders, run.readers), func(b *testing.B) {
			at := empty(address)
			admin, err := pgconn.Connect(b.Context(), at)
			if err != nil {
				b.Fatal(err)
			}
			defer admin.Close(context.Background())
			if _, err := admin.Exec(b.Context(), "ALTER ROLE hookrig SET track_wal_io_timing = on").ReadAll(); err != nil {
				b.Fatal(err)
			}
			s, senders := open(b, at, postgres.Options{}), run.senders
			defer s.Close()
			for range run.readers { // other nodes, which learn of the captures
				defer open(b, at, postgres.Options{}).Close()
			}
			var next atomic.Int64
			appendTo := func(n int64) {
				next.Store(0)
				var running sync.WaitGroup
				for range senders {
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
			appendTo(int64(2 * senders)) // warm
			before := measure(b, admin)
			b.ResetTimer()
			appendTo(int64(b.N))
			b.StopTimer()
			after := measure(b, admin)
			n, commits := float64(b.N), after.commits-before.commits
			b.ReportMetric(n/commits, "captures/commit")
			b.ReportMetric(b.Elapsed().Seconds()*1e6/commits, "µs/commit")
			b.ReportMetric((after.synced-before.synced)*1000/commits, "sync-µs/commit")
			b.ReportMetric((after.server-before.server)*1e6/n, "server-µs/op")
			b.ReportMetric((after.node-before.node)*1e6/n, "node-µs/op")
			b.ReportMetric((after.log-before.log)/n, "wal-B/op")
			b.ReportMetric((after.table-before.table)/n, "table-B/op")
		})
	}
}

// costs are totals: in seconds, milliseconds for synced, and bytes.
type costs struct{ commits, synced, server, node, log, table float64 }

func measure(b *testing.B, admin *pgconn.PgConn) costs {
	b.Helper()
	c := costs{
		commits: read(b, admin, "SELECT change FROM journal")[0],
		log:     read(b, admin, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0],
		synced:  read(b, admin, "SELECT wal_sync_time FROM pg_stat_wal")[0],
		table:   read(b, admin, "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema::regnamespace AND relname LIKE 'captures%'")[0],
		node:    processorTime(b, os.Getpid()),
	}
	for _, pid := range read(b, admin, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()") {
		c.server += processorTime(b, int(pid))
	}
	return c
}

// read returns the numbers in the first column of a query.
func read(b *testing.B, c *pgconn.PgConn, sql string) []float64 {
	b.Helper()
	results, err := c.Exec(b.Context(), sql).ReadAll()
	if err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
	var list []float64
	for _, row := range results[0].Rows {
		n, err := strconv.ParseFloat(string(row[0]), 64)
		if err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
		list = append(list, n)
	}
	return list
}

// processorTime returns the processor time that a process has used, in seconds.
func processorTime(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip(err)
	}
	// The name of the process, in parentheses, may contain spaces. The user and the system time
	// are the fields 14 and 15, in hundredths of a second: see proc(5).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const ticks = 100
	var total float64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += n / ticks
	}
	return total
}
