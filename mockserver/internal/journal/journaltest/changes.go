package journaltest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// changes checks that every commit reports its changes to the watches whose filter selects them,
// and to no others.
func changes(t *testing.T, s journal.Store) {
	all, ofA, ofD := s.Watch(journal.Filter{}), s.Watch(journal.Filter{Bin: "a"}), s.Watch(journal.Filter{Delivery: "d"})
	defer all.Close()
	defer ofA.Close()
	defer ofD.Close()
	for _, step := range []struct {
		what string
		do   func() error
		want []journal.Change
	}{
		{"a capture", func() error { return s.AppendCapture(t.Context(), Capture("a", 1)) }, []journal.Change{{Kind: journal.CaptureStored, Bin: "a", Seq: 1}}},
		{"a response", func() error { return s.SetResponse(t.Context(), journal.CaptureID(1), journal.Response{}) }, []journal.Change{{Kind: journal.ResponseSet, Bin: "a", Seq: 1}}},
		{"a response to none", func() error {
			if err := s.SetResponse(t.Context(), journal.CaptureID(9), journal.Response{}); !errors.Is(err, journal.ErrNotFound) {
				return fmt.Errorf("%w, want ErrNotFound", err)
			}
			return nil
		}, nil},
		{"deliveries", func() error { return s.SaveDeliveries(t.Context(), Delivery("d", 1), Delivery("e", 2)) }, []journal.Change{{Kind: journal.DeliveryStored, Delivery: "d", Seq: 1}, {Kind: journal.DeliveryStored, Delivery: "e", Seq: 2}}},
		{"an attempt", func() error { return s.AppendAttempt(t.Context(), "d", attempt(1), journal.Progress{}) }, []journal.Change{{Kind: journal.AttemptMade, Delivery: "d", Seq: 1}}},
		{"a state", func() error {
			return s.AppendAttempt(t.Context(), "e", nil, journal.Progress{State: journal.Stopped})
		}, []journal.Change{{Kind: journal.AttemptMade, Delivery: "e", Seq: 2}}},
		{"another bin", func() error { return s.AppendCapture(t.Context(), Capture("b", 2)) }, []journal.Change{{Kind: journal.CaptureStored, Bin: "b", Seq: 2}}},
		{"more of the first", func() error {
			return errors.Join(s.AppendCapture(t.Context(), Capture("a", 3)), s.AppendCapture(t.Context(), Capture("a", 4)), s.AppendCapture(t.Context(), Capture("a", 5)))
		}, []journal.Change{{Kind: journal.CaptureStored, Bin: "a", Seq: 3}, {Kind: journal.CaptureStored, Bin: "a", Seq: 4}, {Kind: journal.CaptureStored, Bin: "a", Seq: 5}}},
		{"a deletion", func() error { _, err := s.DeleteCaptures(t.Context(), 3, 99); return err }, []journal.Change{{Kind: journal.CaptureDeleted, Bin: "a", Seq: 3}}},
		{"a trim", func() error { _, err := s.TrimBin(t.Context(), "a", 1); return err }, []journal.Change{{Kind: journal.CapturesEvicted, Bin: "a", Seq: 4}}},
		{"a trim of nothing", func() error { _, err := s.TrimBin(t.Context(), "a", 1); return err }, nil},
		{"a clear", func() error { _, err := s.ClearBin(t.Context(), "b"); return err }, []journal.Change{{Kind: journal.BinCleared, Bin: "b", Seq: 2}}},
		{"a clear of nothing", func() error { _, err := s.ClearBin(t.Context(), "b"); return err }, nil},
		{"a clear of the rest", func() error { _, err := s.ClearBin(t.Context(), "a"); return err }, []journal.Change{{Kind: journal.BinCleared, Bin: "a", Seq: 5}}},
		{"a document", func() error { return s.Put(t.Context(), "kind", "key", []byte(`{}`)) }, nil},
	} {
		before := ofA.At()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		for filter, w := range map[journal.Filter]*journal.Watch{{}: all, {Bin: "a"}: ofA, {Delivery: "d"}: ofD} {
			want := slices.Clone(step.want)
			if (filter != journal.Filter{}) {
				want = slices.DeleteFunc(want, func(c journal.Change) bool { return c.Bin != filter.Bin || c.Delivery != filter.Delivery })
			}
			if len(want) > 0 {
				<-w.C()
			}
			got, missed := w.Next()
			if !slices.Equal(got, want) || missed {
				t.Errorf("%s: %+v gets %v (missed %v), want %v", step.what, filter, got, missed, want)
			}
			if filter.Bin == "a" && (w.At() > before) != (len(want) > 0) {
				t.Errorf("%s: the position went from %d to %d with %d changes", step.what, before, w.At(), len(want))
			}
		}
	}

	// A watch that is not read for long misses some changes.
	var list []*journal.Delivery
	for i := range journal.FeedSize + 1 {
		list = append(list, Delivery(fmt.Sprint("many", i), i))
	}
	if err := s.SaveDeliveries(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	if got, missed := all.Next(); !missed || len(got) > journal.FeedSize {
		t.Errorf("%d changes, missed %v; want at most %d, and some missed", len(got), missed, journal.FeedSize)
	}
	if got, missed := ofA.Next(); len(got) > 0 || missed {
		t.Errorf("%v of the bin, missed %v; want none", got, missed)
	}
	if got, missed := all.Next(); len(got) > 0 || missed {
		t.Errorf("%v later, missed %v; want none", got, missed)
	}
	all.Close()
	all.Close()
}

// changeWakes checks that a reader that watches, reads, and then waits, misses nothing.
func changeWakes(t *testing.T, s journal.Store) {
	const n = 200
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := s.Watch(journal.Filter{Bin: "b"})
		defer w.Close()
		for {
			got, err := s.Captures(t.Context(), journal.CaptureQuery{Bin: "b", Limit: n})
			if err != nil || len(got) == n {
				return
			}
			<-w.C()
		}
	}()
	for i := range n {
		add(t, s, &journal.Capture{Bin: "b", At: time.Unix(int64(i), 0)})
	}
	<-done
}

// mirror has the records of a store as its changes report them.
type mirror struct {
	watch      *journal.Watch
	captures   map[string][]uint64 // ascending
	deliveries map[uint64]string
	missed     bool
}

func newMirror(t *testing.T, s journal.Store) *mirror {
	m := &mirror{watch: s.Watch(journal.Filter{}), captures: map[string][]uint64{}, deliveries: map[uint64]string{}}
	t.Cleanup(m.watch.Close)
	return m
}

// apply applies the changes since the last call.
func (m *mirror) apply() {
	changes, missed := m.watch.Next()
	m.missed = m.missed || missed
	for _, c := range changes {
		list := m.captures[c.Bin]
		switch c.Kind {
		case journal.CaptureStored:
			list = append(list, c.Seq)
			slices.Sort(list)
		case journal.CaptureDeleted:
			list = slices.DeleteFunc(list, func(seq uint64) bool { return seq == c.Seq })
		case journal.BinCleared, journal.CapturesEvicted:
			list = slices.DeleteFunc(list, func(seq uint64) bool { return seq <= c.Seq })
		case journal.DeliveryStored:
			m.deliveries[c.Seq] = c.Delivery
		case journal.DeliveryEvicted:
			delete(m.deliveries, c.Seq)
		}
		if m.captures[c.Bin] = list; len(list) == 0 {
			delete(m.captures, c.Bin)
		}
	}
}

// check compares the mirror with the store.
func (m *mirror) check(t *testing.T, s journal.Store) {
	t.Helper()
	for {
		captures, deliveries := map[string][]uint64{}, map[uint64]string{}
		for after := uint64(0); ; {
			page, err := s.Captures(t.Context(), journal.CaptureQuery{After: after, Limit: journal.MaxLimit, Oldest: true})
			if errors.Is(err, journal.ErrClosed) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				captures[c.Bin] = append(captures[c.Bin], c.Seq)
				after = c.Seq
			}
			if len(page) < journal.MaxLimit {
				break
			}
		}
		for before := uint64(0); ; {
			page, err := s.Deliveries(t.Context(), journal.DeliveryQuery{Before: before, Limit: journal.MaxLimit})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page {
				deliveries[d.Seq] = d.ID
				before = d.Seq
			}
			if len(page) < journal.MaxLimit {
				break
			}
		}
		m.apply()
		if m.missed || maps.EqualFunc(captures, m.captures, slices.Equal) && maps.Equal(deliveries, m.deliveries) {
			return
		}
		select { // the store may have evicted during the read
		case <-m.watch.C():
		case <-time.After(10 * time.Second):
			t.Fatalf("the store has %v and %v, its changes reported %v and %v", captures, deliveries, m.captures, m.deliveries)
		}
	}
}
