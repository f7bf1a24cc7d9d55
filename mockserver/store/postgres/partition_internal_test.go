package postgres

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

var partitioned atomic.Int64

// openPartitioned opens a journal in an empty schema, with small partitions.
func openPartitioned(t *testing.T, address string, o Options, numbers int64) *store {
	t.Helper()
	o.partition = numbers
	s, err := Open(t.Context(), fmt.Sprintf("%s&search_path=partitioned%d", address, partitioned.Add(1)), o)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*store)
}

// TestStoreInPartitions runs the contract test with partitions of a few captures, which are dropped
// as soon as they can be.
func TestStoreInPartitions(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	open := func(t *testing.T, l journal.Limits) journal.Store {
		s := openPartitioned(t, address, Options{PerBin: l.PerBin, Deliveries: l.Deliveries, Bytes: l.Bytes, For: l.For}, 13)
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() {
			for pause(ctx, 20*time.Millisecond) {
				if err := s.clean(ctx); err != nil && ctx.Err() == nil && !s.queue.isClosed() {
					t.Errorf("clean: %v", err)
				}
			}
		})
		t.Cleanup(func() {
			cancel()
			running.Wait()
		})
		return s
	}
	t.Run("contract", func(t *testing.T) {
		journaltest.Run(t, func(t *testing.T) journal.Store { return open(t, journal.Limits{}) })
	})
	t.Run("bounds", func(t *testing.T) { journaltest.RunBounds(t, open) })
}

// tables returns the tables of partitions that exist.
func (s *store) tables(t *testing.T) []string {
	t.Helper()
	var list []string
	if err := s.query(t.Context(), `SELECT relname::text::bytea FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'r' AND relname LIKE 'captures%' ORDER BY length(relname), relname`, func(row [][]byte) error {
		list = append(list, string(row[0]))
		return nil
	}, []byte(schemaOf(s.config))); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPartitionsAreDropped checks which tables remain after evictions, and that a node that reads
// keeps none from going for ever.
func TestPartitionsAreDropped(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	s := openPartitioned(t, address, Options{PerBin: 5, Bytes: 1 << 20}, 100)
	defer s.Close()
	add := func(n int, bin string, size int) {
		t.Helper()
		for range n {
			if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: bin, Message: wire.Message{Body: make([]byte, size)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(what string, want ...string) {
		t.Helper()
		if err := s.clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.tables(t); !slices.Equal(got, want) {
			t.Errorf("%s: tables %v, want %v", what, got, want)
		}
	}
	add(1, "old", 10)
	add(350, "a", 10)
	want("the ring of a bin", "captures_1", "captures_301")
	add(60, "a", 10)
	want("the next one is made ahead", "captures_1", "captures_401")
	add(1, "large", 1<<20-3*512-9-640-5-100)
	want("a large capture evicts the rest", "captures_401")
	if stats, err := s.Stats(t.Context()); err != nil || stats.Captures != 1 || stats.EvictedCaptures+uint64(stats.Captures) != 412 {
		t.Errorf("%+v, %v", stats, err)
	}
	if n, err := s.DeleteCaptures(t.Context(), 412); n != 1 || err != nil {
		t.Error(n, err)
	}
	if _, err := s.ClearBin(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	add(1, "b", 10)
	if list, err := s.Captures(t.Context(), journal.CaptureQuery{}); err != nil || len(list) != 1 || list[0].Seq != 413 {
		t.Errorf("%+v, %v", list, err)
	}

	// A statement that reads for long delays a drop, and nobody waits for the drop.
	reading := openReader(t, s)
	add(100, "b", 10)
	if err := s.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.tables(t); len(got) != 2 {
		t.Errorf("tables %v, want that which is read too", got)
	}
	reading()
	want("after it", "captures_501")
}

// openReader begins a transaction that has read captures, and returns what ends it.
func openReader(t *testing.T, s *store) (end func()) {
	t.Helper()
	c, err := connect(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.run(t.Context(), "BEGIN; SELECT count(*) FROM captures"); err != nil {
		t.Fatal(err)
	}
	return c.close
}

// TestRowsBelowTheFloorAreDeleted checks that a partition that would become too large is purged.
func TestRowsBelowTheFloorAreDeleted(t *testing.T) {
	t.Parallel()
	s := openPartitioned(t, pgtest.Start(t), Options{Bytes: 1 << 20}, 0)
	defer s.Close()
	for range 300 {
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a", Message: wire.Message{Body: make([]byte, 20<<10)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	if err := s.query(t.Context(), "SELECT count(*) FROM captures", func(row [][]byte) error {
		rows = integer(row[0])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if stats, err := s.Stats(t.Context()); err != nil || rows < int64(stats.Captures) || rows > int64(stats.Captures)+3 {
		t.Errorf("%d rows for %+v, %v", rows, stats, err)
	}
}

func TestPartitionNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ bytes, captures, captureBytes, made, last, want int64 }{
		{32 << 30, 0, 0, 0, 0, 512 << 10},
		{32 << 30, 10, 10 << 10, 5, 0, 1 << 20},
		{32 << 30, 1, 100 << 20, 5, 0, minPartition},
		{1 << 20, 10, 10 << 10, 5, 0, minPartition},
		{32 << 30, 10, 10 << 10, maxPartitions, 1 << 20, 2 << 20},
		{32 << 30, 10, 10 << 10, maxPartitions, 1 << 40, 1 << 40},
	} {
		if got := partitionNumbers(c.bytes, c.captures, c.captureBytes, c.made, c.last); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

// TestOldFormat opens a journal of the first format.
func TestOldFormat(t *testing.T) {
	t.Parallel()
	for _, captures := range []int{0, 250} {
		t.Run(fmt.Sprint(captures), func(t *testing.T) {
			t.Parallel()
			address := pgtest.Start(t) + "&search_path=old"
			conn, err := pgconn.Connect(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(context.Background())
			first, err := migrations.ReadFile("schema/0001_journal.sql")
			if err != nil {
				t.Fatal(err)
			}
			script := "CREATE SCHEMA old; CREATE TABLE version (application text NOT NULL, version bigint NOT NULL); INSERT INTO version VALUES ('hookrig', 1);\n" + string(first)
			if captures > 0 {
				// a record of a capture: see package record
				script += fmt.Sprintf(`; INSERT INTO captures SELECT n, 1, 700, '\x05000000000000000000000000', '\x00ff' FROM generate_series(1, %d) n;
					INSERT INTO bins VALUES (1, 'a', %[1]d, %[1]d * 700, %[1]d, 3, 4, 0);
					UPDATE journal SET seq = %[1]d, captures = %[1]d, capture_bytes = %[1]d * 700, bin_bytes = 513, evicted_captures = 3, bin = 1`, captures)
			}
			if err := conn.Exec(t.Context(), script).Close(); err != nil {
				t.Fatal(err)
			}
			opened, err := Open(t.Context(), address, Options{Bytes: 100_000})
			if err != nil {
				t.Fatal(err)
			}
			s := opened.(*store)
			defer s.Close()
			for range 5 {
				if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
					t.Fatal(err)
				}
			}
			stats, err := s.Stats(t.Context())
			if err != nil || stats.Captures != min(captures+5, stats.Captures) || uint64(stats.Captures)+stats.EvictedCaptures != uint64(captures+5+min(captures, 3)) {
				t.Errorf("%+v, %v", stats, err)
			}
			page, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit, Oldest: true})
			if err != nil || len(page) != stats.Captures || page[len(page)-1].Seq != uint64(captures+5) || page[0].IsDamaged() {
				t.Errorf("%d captures of %+v, %v", len(page), stats, err)
			}
			if want := []string{"captures_1", fmt.Sprintf("captures_%d", captures+1)}; captures > 0 && !slices.Equal(s.tables(t), want) {
				t.Errorf("tables %v, want %v", s.tables(t), want)
			}
		})
	}
}

var onPartition = regexp.MustCompile(` on captures_[0-9]+( |$)`)

// TestPlansTouchFewPartitions reads the plans of the queries of a journal with many partitions.
func TestPlansTouchFewPartitions(t *testing.T) {
	t.Parallel()
	s := openPartitioned(t, pgtest.Start(t), Options{Bytes: 1 << 20}, 50)
	defer s.Close()
	var running sync.WaitGroup
	for range 40 {
		running.Go(func() {
			for range 50 {
				if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if n := len(s.tables(t)); n < 40 {
		t.Fatalf("%d partitions", n)
	}
	touched := func(sql string) (scanned int) {
		t.Helper()
		c, err := connect(t.Context(), s.config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		results, err := c.pg.Exec(t.Context(), "EXPLAIN (ANALYZE, COSTS off, TIMING off) "+sql).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		plan := ""
		for _, row := range results[0].Rows {
			line := string(row[0])
			plan += line + "\n"
			if onPartition.MatchString(line) && !strings.Contains(line, "never executed") {
				scanned++
			}
		}
		if testing.Verbose() && scanned > 3 {
			t.Log(plan)
		}
		return scanned
	}
	for _, c := range []struct {
		what, sql string
		most      int
	}{
		{"by number", "SELECT * FROM captures WHERE seq = 777 AND seq > " + sqlFloor, 1},
		{"by numbers", "SELECT * FROM captures WHERE seq = ANY('{777,778}'::bigint[]) AND seq > " + sqlFloor, 1},
		{"the newest", "SELECT * FROM captures WHERE seq > 0 AND seq < 9223372036854775807 AND seq > " + sqlFloor + " ORDER BY seq DESC LIMIT 20", 2},
		{"the oldest", "SELECT * FROM captures WHERE seq > 0 AND seq < 9223372036854775807 AND seq > " + sqlFloor + " ORDER BY seq LIMIT 20", 2},
		{"a page", "SELECT * FROM captures WHERE seq > 1700 AND seq < 9223372036854775807 AND seq > " + sqlFloor + " ORDER BY seq LIMIT 20", 2},
		{"the newest of a bin", "SELECT * FROM captures WHERE seq > 0 AND seq < 9223372036854775807 AND seq > " + sqlFloor + " AND bin = (SELECT id FROM bins WHERE name = 'a') ORDER BY seq DESC LIMIT 20", 2},
		{"counts", "SELECT bin, count(*) FROM captures WHERE seq > 1710 AND seq <= 1740 AND seq > " + sqlFloor + " GROUP BY bin", 1},
		{"an eviction", strings.NewReplacer("$1", "(SELECT floor FROM journal)", "$2", "1900", "$3", "20", "$4", "5000").Replace(sqlOldestOfAll), 2},
	} {
		if n := touched(c.sql); n == 0 || n > c.most {
			t.Errorf("%s reads %d partitions, want at most %d", c.what, n, c.most)
		}
	}
}
