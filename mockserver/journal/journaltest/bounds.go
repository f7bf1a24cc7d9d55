package journaltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// Bounds are what a store is opened with; 0 is its default.
type Bounds struct {
	PerBin     int // captures
	Bytes      int // of all captures
	Deliveries int
}

// RunBounds tests that the bounds of a store hold, that the oldest goes first, and that it is counted.
func RunBounds(t *testing.T, open func(*testing.T, Bounds) journal.Store) {
	for _, c := range []struct {
		name   string
		bounds Bounds
		test   func(*testing.T, journal.Store)
	}{
		{"a bin is a ring", Bounds{PerBin: 10}, ring},
		{"bytes of all bins", Bounds{Bytes: 10_000}, bytesOfAllBins},
		{"deliveries", Bounds{Deliveries: 4}, oldDeliveries},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, c.bounds)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			c.test(t, s)
		})
	}
}

func ring(t *testing.T, s journal.Store) {
	for i := range 25 {
		add(t, s, Capture("ring", i))
	}
	add(t, s, Capture("other", 1))
	got, err := s.Captures(t.Context(), journal.CaptureQuery{Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "held", []uint64{16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}, seqs(got))
	if _, err := s.Capture(t.Context(), journal.CaptureID(15)); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an evicted capture: %v, want ErrNotFound", err)
	}
	list, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Bins", []journal.Bin{{Name: "other", Count: 1, Last: 26}, {Name: "ring", Count: 10, Last: 25, Evicted: 15}}, list)
	if n, err := s.ClearBin(t.Context(), "ring"); n != 10 || err != nil {
		t.Errorf("ClearBin: %d, %v", n, err)
	}
	if list, err = s.Bins(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "Bins after ClearBin", []journal.Bin{{Name: "other", Count: 1, Last: 26}, {Name: "ring", Last: 25, Evicted: 15, Cleared: 10}}, list)
	if got := list[1].Stored(); got != 25 {
		t.Errorf("%d were ever stored, want 25", got)
	}
	after := add(t, s, Capture("ring", 99))
	if got, err := s.Capture(t.Context(), after.ID); err != nil || got.Seq != 27 {
		t.Errorf("after ClearBin: %d, %v", got.Seq, err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.EvictedCaptures != 15 || stats.Captures != 2 {
		t.Errorf("Stats: %+v, %v", stats, err)
	}
}

func bytesOfAllBins(t *testing.T, s journal.Store) {
	for i := range 50 {
		add(t, s, &journal.Capture{Bin: fmt.Sprint(i % 3), Message: wire.Message{Body: make([]byte, 999)}})
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.Bytes != 10_000 || stats.Captures != 10 || stats.EvictedCaptures != 40 {
		t.Errorf("%+v, %v; want 10 captures of 10000 bytes, 40 evicted", stats, err)
	}
	got, err := s.Captures(t.Context(), journal.CaptureQuery{})
	if err != nil || len(got) != 10 || got[9].Seq != 41 {
		t.Errorf("held: %v, %v; want 50 to 41", seqs(got), err)
	}
	huge := &journal.Capture{Bin: "0", Message: wire.Message{Body: make([]byte, 20_000)}}
	if err := s.AppendCapture(t.Context(), huge); !errors.Is(err, journal.ErrFull) {
		t.Errorf("one that never fits: %v, want ErrFull", err)
	}
	if again, err := s.Stats(t.Context()); err != nil || again != stats {
		t.Errorf("after it: %+v, %v; want %+v", again, err, stats)
	}
}

// The oldest delivery that is not pending goes.
func oldDeliveries(t *testing.T, s journal.Store) {
	for i := range 8 {
		d := Delivery(fmt.Sprint(i), i)
		if i != 1 {
			d.State = journal.Delivered
		}
		save(t, s, d)
	}
	list, err := s.Deliveries(t.Context(), journal.DeliveryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	same(t, "held", []string{"7", "6", "5", "1"}, ids)
	if _, err := s.Delivery(t.Context(), "0"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an evicted delivery: %v, want ErrNotFound", err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.EvictedDeliveries != 4 || stats.Deliveries != 4 {
		t.Errorf("Stats: %+v, %v", stats, err)
	}
}
