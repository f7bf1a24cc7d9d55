package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// TestReaderMissesNothing checks that a reader that follows the journal by number on one node sees
// every capture, in order, while both nodes append.
func TestReaderMissesNothing(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	nodes := []journal.Store{open(t, address, postgres.Options{}), open(t, address, postgres.Options{})}
	const senders, each = 16, 100
	var running sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			for i := range each {
				c := &journal.Capture{Bin: fmt.Sprint("bin", i%3), Message: wire.Message{Body: fmt.Append(nil, sender)}}
				if err := nodes[sender%2].AppendCapture(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, node := range nodes {
		running.Go(func() {
			watch := node.Watch(journal.Filter{})
			defer watch.Close()
			last, reported := uint64(0), uint64(0)
			for last < senders*each || reported < senders*each {
				for c := range all(t, node, last) {
					if c.Seq != last+1 {
						t.Errorf("seq %d after %d", c.Seq, last)
						return
					}
					last = c.Seq
				}
				changes, missed := watch.Next()
				for _, c := range changes {
					if missed || c.Kind != journal.CaptureStored || c.Seq != reported+1 {
						t.Errorf("change %v after %d, missed %v", c, reported, missed)
						return
					}
					reported = c.Seq
				}
				if len(changes) == 0 && reported < senders*each {
					select {
					case <-watch.C():
					case <-time.After(20 * time.Second):
						t.Errorf("no change after %d", reported)
						return
					}
				}
			}
		})
	}
	running.Wait()
	for _, node := range nodes {
		checkTotals(t, node, senders*each)
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWatchOfAnotherNode checks that every kind of change reaches the watches of another node, with
// a notice: sooner than its poll.
func TestWatchOfAnotherNode(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := open(t, address, postgres.Options{}), open(t, address, postgres.Options{})
	defer one.Close()
	defer two.Close()
	watch := two.Watch(journal.Filter{})
	defer watch.Close()
	var slowest time.Duration
	for _, step := range []struct {
		do   func() error
		want journal.Change
	}{
		{func() error { return one.AppendCapture(t.Context(), journaltest.Capture("a", 1)) }, journal.Change{Kind: journal.CaptureStored, Bin: "a", Seq: 1}},
		{func() error { return one.SetResponse(t.Context(), journal.CaptureID(1), journal.Response{}) }, journal.Change{Kind: journal.ResponseSet, Bin: "a", Seq: 1}},
		{func() error { _, err := one.DeleteCaptures(t.Context(), 1); return err }, journal.Change{Kind: journal.CaptureDeleted, Bin: "a", Seq: 1}},
		{func() error { return one.AppendCapture(t.Context(), journaltest.Capture("a", 2)) }, journal.Change{Kind: journal.CaptureStored, Bin: "a", Seq: 2}},
		{func() error { _, err := one.TrimBin(t.Context(), "a", 0); return err }, journal.Change{Kind: journal.CapturesEvicted, Bin: "a", Seq: 2}},
		{func() error { return one.AppendCapture(t.Context(), journaltest.Capture("a", 3)) }, journal.Change{Kind: journal.CaptureStored, Bin: "a", Seq: 3}},
		{func() error { _, err := one.ClearBin(t.Context(), "a"); return err }, journal.Change{Kind: journal.BinCleared, Bin: "a", Seq: 3}},
		{func() error { return one.SaveDeliveries(t.Context(), journaltest.Delivery("d", 1)) }, journal.Change{Kind: journal.DeliveryStored, Delivery: "d", Seq: 1}},
		{func() error {
			return one.AppendAttempt(t.Context(), "d", nil, journal.Progress{State: journal.Stopped})
		}, journal.Change{Kind: journal.AttemptMade, Delivery: "d", Seq: 1}},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		var got []journal.Change
		for len(got) == 0 {
			select {
			case <-watch.C():
			case <-time.After(20 * time.Second):
				t.Fatalf("%v did not arrive", step.want)
			}
			got, _ = watch.Next()
		}
		slowest = max(slowest, time.Since(begin))
		if !slices.Equal(got, []journal.Change{step.want}) {
			t.Errorf("%v, want %v", got, step.want)
		}
	}
	t.Logf("the slowest change took %v", slowest)
}

// TestNodesShareLimits checks that the ring of a bin, and the totals, are exact when two nodes
// write and delete.
func TestNodesShareLimits(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	o := postgres.Options{PerBin: 20, Bytes: 200 << 10}
	nodes := []journal.Store{open(t, address, o), open(t, address, o)}
	var running sync.WaitGroup
	for sender := range 8 {
		running.Go(func() {
			node, r := nodes[sender%2], rand.New(rand.NewPCG(uint64(sender), 1))
			for i := range 60 {
				bin := fmt.Sprint("bin", r.IntN(5))
				var err error
				switch r.IntN(10) {
				case 0:
					_, err = node.ClearBin(t.Context(), bin)
				case 1:
					_, err = node.TrimBin(t.Context(), bin, r.IntN(5))
				case 2:
					_, err = node.DeleteCaptures(t.Context(), r.Uint64N(400), r.Uint64N(400))
				default:
					err = node.AppendCapture(t.Context(), &journal.Capture{Bin: bin, Message: wire.Message{Body: make([]byte, r.IntN(9000))}})
				}
				if err != nil {
					t.Errorf("%d: %v", i, err)
					return
				}
			}
		})
	}
	running.Wait()
	size, count := int64(0), map[string]int{}
	total := 0
	for c := range all(t, nodes[0], 0) {
		size += int64(c.Size())
		count[c.Bin]++
		total++
	}
	bins, err := nodes[1].Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := uint64(0)
	for _, b := range bins {
		size += int64(b.Size())
		if b.Count != count[b.Name] || b.Count > o.PerBin {
			t.Errorf("%+v, %d captures are there", b, count[b.Name])
		}
		stored += b.Stored()
	}
	stats, err := nodes[1].Stats(t.Context())
	if err != nil || stats.Captures != total || stats.Bytes != size || size > o.Bytes {
		t.Errorf("%+v, %v; want %d captures, %d bytes", stats, err, total, size)
	}
	c := &journal.Capture{Bin: "bin0"}
	if err := nodes[0].AppendCapture(t.Context(), c); err != nil || c.Seq != stored+1 {
		t.Errorf("seq %d, %v, want %d", c.Seq, err, stored+1)
	}
	for _, node := range nodes {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestNodesStartAtOnce checks that several nodes can make the schema at the same time.
func TestNodesStartAtOnce(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	var running sync.WaitGroup
	for i := range 5 {
		running.Go(func() {
			s, err := postgres.Open(t.Context(), address, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Put(t.Context(), "node", fmt.Sprint(i), []byte(`{}`)); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	s := open(t, address, postgres.Options{})
	defer s.Close()
	if list, err := s.List(t.Context(), "node"); err != nil || len(list) != 5 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestDocumentsOfAnotherNode checks that a node learns which documents others have changed, and
// does not hear of its own.
func TestDocumentsOfAnotherNode(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer one.Close()
	defer two.Close()
	heard := make(chan string, 10)
	stop := two.OnDocument(func(kind, key string) error {
		heard <- kind + " " + key
		return nil
	})
	stopOwn := one.OnDocument(func(kind, key string) error {
		t.Errorf("%s %s is its own", kind, key)
		return nil
	})
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { return one.Put(t.Context(), "bin", "a\xff", []byte(`{}`)) }, "bin a\xff"},
		{func() error { return one.Delete(t.Context(), "bin", "a\xff") }, "bin a\xff"},
		{func() error { return one.Put(t.Context(), "endpoint", "", []byte(`{}`)) }, "endpoint "},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-heard:
			if got != step.want {
				t.Errorf("%q, want %q", got, step.want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q was not heard", step.want)
		}
	}
	stop()
	stopOwn()
	if err := one.Put(t.Context(), "bin", "b", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if len(heard) > 0 {
		t.Errorf("after stop: %q", <-heard)
	}
}

func shared(t *testing.T, address string) journal.Shared {
	t.Helper()
	s, ok := open(t, address, postgres.Options{}).(journal.Shared)
	if !ok {
		t.Fatal("the store cannot be shared")
	}
	return s
}

// TestAdopt checks that a node adopts the pending deliveries of a node that has ended, once, and no
// others.
func TestAdopt(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two, three := shared(t, address), shared(t, address), shared(t, address)
	defer two.Close()
	defer three.Close()
	done := journaltest.Delivery("done", 3)
	done.State = journal.Delivered
	if err := one.SaveDeliveries(t.Context(), journaltest.Delivery("a", 1), journaltest.Delivery("b", 2), done); err != nil {
		t.Fatal(err)
	}
	if err := two.SaveDeliveries(t.Context(), journaltest.Delivery("c", 4)); err != nil {
		t.Fatal(err)
	}
	adopts := func(s journal.Shared, want ...string) {
		t.Helper()
		got, err := s.Adopt(t.Context())
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("adopted %q, %v; want %q", got, err, want)
		}
	}
	adopts(two)
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	adopts(three, "a", "b")
	adopts(two)
	admin(t, address, "DELETE FROM nodes; INSERT INTO nodes SELECT node, clock_timestamp() - interval '16 seconds' FROM deliveries WHERE id = 'a'")
	adopts(two, "a", "b")
}
