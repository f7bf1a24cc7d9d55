package journaltest

import (
	"errors"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// holds compares the captures of a store, oldest first, and its totals.
func holds(t *testing.T, what string, s journal.Store, evicted uint64, want ...journal.Capture) {
	t.Helper()
	got, err := s.Captures(t.Context(), journal.CaptureQuery{Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	same(t, what, seqs(want), seqs(got))
	total := journal.Stats{Captures: len(want), EvictedCaptures: evicted}
	for i := range want {
		total.Bytes += int64(want[i].Size())
	}
	bins, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range bins {
		total.Bytes += int64(bins[i].Size())
	}
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, what+": Stats", total, stats)
}

func deletes(t *testing.T, s journal.Store) {
	var all []journal.Capture
	for i, bin := range []string{"a", "b", "a", "a", "b", "a"} {
		all = append(all, add(t, s, Capture(bin, i)))
	}
	deleted := func(want int, seqs ...uint64) {
		t.Helper()
		if n, err := s.DeleteCaptures(t.Context(), seqs...); n != want || err != nil {
			t.Errorf("DeleteCaptures(%d): %d, %v; want %d", seqs, n, err, want)
		}
	}
	deleted(0)
	deleted(0, 0, 99, 1<<40, ^uint64(0))
	deleted(1, all[2].Seq, all[2].Seq, 99)
	holds(t, "one in the middle", s, 0, all[0], all[1], all[3], all[4], all[5])
	if _, err := s.Capture(t.Context(), all[2].ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a deleted capture: %v, want ErrNotFound", err)
	}
	if err := s.SetResponse(t.Context(), all[2].ID, journal.Response{}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("SetResponse of a deleted capture: %v, want ErrNotFound", err)
	}
	deleted(3, all[5].Seq, all[0].Seq, all[4].Seq)
	holds(t, "of two bins", s, 0, all[1], all[3])
	CheckSearch(t, s, []journal.Capture{all[1], all[3]}, journal.CaptureQuery{}, "a")
	list, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Bins", []journal.Bin{{Name: "a", Count: 1, Last: all[5].Seq, Cleared: 3}, {Name: "b", Count: 1, Last: all[4].Seq, Cleared: 1}}, list)
	if c := add(t, s, Capture("a", 9)); c.Seq <= all[5].Seq {
		t.Errorf("seq %d was reused", c.Seq)
	}
	if n, err := s.ClearBin(t.Context(), "a"); n != 2 || err != nil {
		t.Errorf("ClearBin after deletions: %d, %v; want 2", n, err)
	}
	holds(t, "cleared", s, 0, all[1])
}

func trims(t *testing.T, s journal.Store) {
	var all []journal.Capture
	for i, bin := range []string{"a", "b", "a", "a", "a"} {
		all = append(all, add(t, s, Capture(bin, i)))
	}
	trimmed := func(want int, bin string, keep int) {
		t.Helper()
		if n, err := s.TrimBin(t.Context(), bin, keep); n != want || err != nil {
			t.Errorf("TrimBin(%s, %d): %d, %v; want %d", bin, keep, n, err, want)
		}
	}
	trimmed(0, "nobody", 0)
	trimmed(0, "a", 4)
	holds(t, "within the limit", s, 0, all...)
	trimmed(2, "a", 2)
	holds(t, "the newest two", s, 2, all[1], all[3], all[4])
	list, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Bins", []journal.Bin{{Name: "a", Count: 2, Last: all[4].Seq, Evicted: 2}, {Name: "b", Count: 1, Last: all[1].Seq}}, list)
	trimmed(2, "a", -1)
	holds(t, "nothing of it", s, 4, all[1])
}
