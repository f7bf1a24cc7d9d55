package postgres

import (
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// TestReadingRests checks that a node among many reads the changes of the others in portions, and
// misses none.
func TestReadingRests(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	one, two := openStore(t, address), openStore(t, address)
	const others = 400 // nodes rest for 0.2 s
	if err := two.query(t.Context(), "INSERT INTO nodes (node, seen, lease) SELECT i::text::bytea, clock_timestamp(), interval '1 hour' FROM generate_series(1, "+strconv.Itoa(others)+") i", nil); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); two.counts.nodes.Load() < others; {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("it knows of %d nodes", two.counts.nodes.Load())
		}
		runtime.Gosched()
	}
	watch := two.Watch(journal.Filter{})
	defer watch.Close()
	begin, before := time.Now(), two.counts.reads.Load()
	const captures = 300
	for range captures {
		if err := one.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	for got := 0; got < captures; {
		select {
		case <-watch.C():
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d captures were reported", got, captures)
		}
		changes, missed := watch.Next()
		if missed {
			t.Fatal("changes were missed")
		}
		got += len(changes)
	}
	most := int64(time.Since(begin)/two.rest()) + 2
	if reads := two.counts.reads.Load() - before; reads > most {
		t.Errorf("it read %d times, want at most %d", reads, most)
	}
}

func openStore(t *testing.T, address string) *store {
	t.Helper()
	s, err := Open(t.Context(), address, Options{Heartbeat: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*store)
}
