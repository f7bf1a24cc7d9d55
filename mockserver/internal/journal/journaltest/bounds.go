package journaltest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// RunBounds tests the limits of a store: that they apply, that the oldest records are evicted
// first, and that evictions are counted.
func RunBounds(t *testing.T, open func(*testing.T, journal.Limits) journal.Store) {
	for _, c := range []struct {
		name   string
		bounds journal.Limits
		test   func(*testing.T, journal.Store)
	}{
		{"captures in a bin", journal.Limits{PerBin: 10}, ring},
		{"bytes of all bins", journal.Limits{Bytes: 100_000}, bytesOfAllBins},
		{"responses", journal.Limits{Bytes: 1 << 20}, largeResponses},
		{"deliveries count bytes", journal.Limits{Bytes: 1 << 20}, largeDeliveries},
		{"pending deliveries", journal.Limits{Bytes: 1 << 20}, pendingDeliveries},
		{"documents", journal.Limits{Bytes: 1 << 20}, manyDocuments},
		{"empty bins", journal.Limits{Bytes: 1 << 20}, manyBins},
		{"cleared bins", journal.Limits{Bytes: 400 << 10}, clearedBins},
		{"age", journal.Limits{For: 100 * time.Millisecond}, age},
		{"deliveries", journal.Limits{Deliveries: 4}, oldDeliveries},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, c.bounds)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			m := newMirror(t, s)
			c.test(t, s)
			m.check(t, s)
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
	same(t, "deliveries", []uint64{16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}, seqs(got))
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
		t.Errorf("Stored: %d, want 25", got)
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
	limit := s.Limits().Bytes
	var size int64
	for i := range 200 {
		c := add(t, s, &journal.Capture{Bin: fmt.Sprint(i % 3), Message: wire.Message{Body: make([]byte, 999)}})
		size = int64(c.Size())
	}
	bins := int64(3 * (&journal.Bin{Name: "0"}).Size())
	count := int((limit - bins) / size)
	stats := totals(t, s)
	same(t, "Stats", journal.Stats{Captures: count, Bytes: int64(count)*size + bins, EvictedCaptures: uint64(200 - count)}, stats)
	got, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit})
	if err != nil || len(got) != count || got[count-1].Seq != uint64(200-count+1) {
		t.Errorf("captures %v, %v; want the newest %d", seqs(got), err, count)
	}
	huge := &journal.Capture{Bin: "0", Message: wire.Message{Body: make([]byte, limit)}}
	if err := s.AppendCapture(t.Context(), huge); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a capture that is too large: %v, want ErrFull", err)
	}
	same(t, "after it", stats, totals(t, s))
}

func totals(t *testing.T, s journal.Store) journal.Stats {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// within checks that the bytes of a store are between least and its limit.
func within(t *testing.T, s journal.Store, least int64) journal.Stats {
	t.Helper()
	stats := totals(t, s)
	if stats.Bytes > s.Limits().Bytes || stats.Bytes < least {
		t.Errorf("%d bytes, want %d to %d: %+v", stats.Bytes, least, s.Limits().Bytes, stats)
	}
	return stats
}

// largeResponses checks that responses count, including those that are stored later.
func largeResponses(t *testing.T, s journal.Store) {
	response := journal.Response{Body: strings.Repeat("r", 100<<10)}
	for i := range 40 {
		c := add(t, s, Capture("a", i))
		if err := s.SetResponse(t.Context(), c.ID, response); err != nil {
			t.Fatal(err)
		}
		if i == 20 { // replaces another response
			if err := s.SetResponse(t.Context(), c.ID, journal.Response{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if stats := within(t, s, 900<<10); stats.Captures > 11 || stats.EvictedCaptures < 29 {
		t.Errorf("%+v: want about ten", stats)
	}
	c := add(t, s, Capture("a", 99))
	before := totals(t, s)
	if err := s.SetResponse(t.Context(), c.ID, journal.Response{Body: strings.Repeat("r", 2<<20)}); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a response that is too large: %v, want ErrFull", err)
	}
	same(t, "after it", before, totals(t, s))
}

// largeDeliveries checks that deliveries count with events, attempts and responses, and that both
// captures and deliveries are evicted.
func largeDeliveries(t *testing.T, s journal.Store) {
	for i := range 300 {
		add(t, s, &journal.Capture{Bin: "a", Message: wire.Message{Body: make([]byte, 10<<10)}})
		if i == 100 {
			within(t, s, 1000<<10)
		}
	}
	for i := range 60 {
		d := Delivery(fmt.Sprint(i), i)
		d.State, d.Event.Body = journal.Pending, make([]byte, 50<<10)
		save(t, s, d)
		a := &journal.Attempt{N: 1, Sent: wire.Message{Body: d.Event.Body}, Response: &wire.Response{Body: make([]byte, 60<<10)}}
		if err := s.AppendAttempt(t.Context(), d.ID, a, journal.Progress{State: journal.Delivered}); err != nil {
			t.Fatal(err)
		}
		within(t, s, 0)
	}
	stats := within(t, s, 800<<10)
	if stats.Captures == 0 || stats.Deliveries < 2 || stats.Deliveries > 6 || int(stats.EvictedDeliveries)+stats.Deliveries != 60 {
		t.Errorf("%+v: want some of both", stats)
	}
	if _, err := s.Delivery(t.Context(), "59"); err != nil {
		t.Errorf("the newest one: %v", err)
	}
	if _, err := s.Delivery(t.Context(), "0"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("the oldest one: %v", err)
	}
}

// pendingDeliveries checks that pending deliveries are not evicted: beyond half of the bytes a new
// one gets ErrFull, so that captures still fit.
func pendingDeliveries(t *testing.T, s journal.Store) {
	n := 0
	var err error
	for ; err == nil && n < 100; n++ {
		d := Delivery(fmt.Sprint(n), n)
		d.State, d.Event.Body = journal.Pending, make([]byte, 50<<10)
		err = s.SaveDeliveries(t.Context(), d)
	}
	if !errors.Is(err, journal.ErrFull) || n < 9 || n > 11 {
		t.Errorf("the %dth: %v, want ErrFull after ten", n, err)
	}
	for i := range 10 {
		add(t, s, &journal.Capture{Bin: fmt.Sprint(i), Message: wire.Message{Body: make([]byte, 400<<10)}})
		within(t, s, 800<<10)
	}
	for n := range 100 {
		a := &journal.Attempt{N: n + 1, Response: &wire.Response{Body: make([]byte, 50<<10)}}
		if err = s.AppendAttempt(t.Context(), "0", a, journal.Progress{State: journal.Pending, Next: 7}); err != nil {
			break
		}
	}
	if !errors.Is(err, journal.ErrFull) {
		t.Errorf("after many attempts: %v, want ErrFull", err)
	}
	within(t, s, 900<<10)
	// The progress of a full delivery is still stored.
	if err := s.AppendAttempt(t.Context(), "0", &journal.Attempt{N: 101, Response: &wire.Response{Body: make([]byte, 900<<10)}}, journal.Progress{State: journal.Exhausted}); err != nil && !errors.Is(err, journal.ErrFull) {
		t.Error(err)
	}
	if d, err := s.Delivery(t.Context(), "0"); err == nil && d.State != journal.Exhausted {
		t.Errorf("%s, want exhausted", d.State)
	}
	add(t, s, &journal.Capture{Bin: "a", Message: wire.Message{Body: make([]byte, 400<<10)}})
	within(t, s, 0)
}

func manyDocuments(t *testing.T, s journal.Store) {
	ctx := t.Context()
	doc := []byte(`"` + strings.Repeat("d", 10<<10) + `"`)
	n := 0
	var err error
	for ; err == nil && n < 1000; n++ {
		err = s.Put(ctx, "kind", fmt.Sprint(n), doc)
	}
	if !errors.Is(err, journal.ErrFull) || n < 20 || n > 26 {
		t.Errorf("the %dth: %v, want ErrFull at a quarter", n, err)
	}
	if err := s.Put(ctx, "kind", "0", []byte(`{}`)); err != nil {
		t.Errorf("replacing a document with a smaller one: %v", err)
	}
	if err := s.Put(ctx, "kind", "another", doc[:9<<10]); err != nil {
		t.Errorf("a document that fits again: %v", err)
	}
	for i := range n {
		if err := s.Delete(ctx, "kind", fmt.Sprint(i)); err != nil && !errors.Is(err, journal.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, "kind", "another"); err != nil {
		t.Fatal(err)
	}
	if stats := totals(t, s); stats.Bytes != 0 {
		t.Errorf("%d bytes without a document", stats.Bytes)
	}
}

// manyBins checks that the number of empty bins is limited and that their evictions stay counted.
func manyBins(t *testing.T, s journal.Store) {
	const n = 600
	for i := range n {
		add(t, s, &journal.Capture{Bin: fmt.Sprint("bin", i), Message: wire.Message{Body: make([]byte, 20<<10)}})
	}
	stats := within(t, s, 800<<10)
	bins, err := s.Bins(t.Context())
	if err != nil || len(bins) > stats.Captures+s.Limits().EmptyBins() || len(bins) < stats.Captures {
		t.Errorf("%d bins, %v; %+v", len(bins), err, stats)
	}
	if stats.EvictedCaptures+uint64(stats.Captures) != n {
		t.Errorf("%+v: want all %d counted", stats, n)
	}
	if most := uint64(n - stats.Captures); stats.Forgotten == 0 || stats.Forgotten > most || stats.Forgotten < most-uint64(s.Limits().EmptyBins())-1 {
		t.Errorf("forgotten up to %d, want nearly %d", stats.Forgotten, most)
	}
	if c := add(t, s, Capture("bin0", 1)); c.Seq != n+1 {
		t.Errorf("seq %d, want %d", c.Seq, n+1)
	}
}

// clearedBins checks that a few cleared bins are remembered, without evictions.
func clearedBins(t *testing.T, s journal.Store) {
	most := s.Limits().EmptyBins()
	for i := range most + 50 {
		name := fmt.Sprint("bin", i)
		add(t, s, Capture(name, i))
		if n, err := s.ClearBin(t.Context(), name); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	bins, err := s.Bins(t.Context())
	if err != nil || len(bins) != most {
		t.Errorf("%d bins, %v; want %d", len(bins), err, most)
	}
	if stats := totals(t, s); stats.Captures != 0 || stats.EvictedCaptures != 0 || stats.Forgotten != 0 {
		t.Errorf("%+v", stats)
	}
	if c := add(t, s, Capture("bin0", 1)); c.Seq != uint64(most)+51 {
		t.Errorf("seq %d was reused", c.Seq)
	}
}

// age checks that old records are evicted even if no new ones arrive.
func age(t *testing.T, s journal.Store) {
	pending := Delivery("pending", 1)
	pending.State = journal.Pending
	save(t, s, pending)
	done := Delivery("done", 2)
	done.State = journal.Delivered
	save(t, s, done)
	old := Capture("a", 1)
	old.At = time.Unix(0, 0) // the time of storing counts
	before := time.Now()
	first := add(t, s, old)
	if _, err := s.Capture(t.Context(), first.ID); err != nil && time.Since(before) < s.Limits().For {
		t.Errorf("it was evicted at once: %v", err)
	}
	for {
		stats := totals(t, s)
		if stats.Captures == 0 && stats.Deliveries == 1 {
			if stats.EvictedCaptures != 1 || stats.EvictedDeliveries != 1 {
				t.Errorf("%+v", stats)
			}
			break
		}
		runtime.Gosched()
	}
	if _, err := s.Delivery(t.Context(), "pending"); err != nil {
		t.Error(err)
	}
}

// oldDeliveries checks that the oldest delivery that is not pending is evicted.
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
	same(t, "deliveries", []string{"7", "6", "5", "1"}, ids)
	if _, err := s.Delivery(t.Context(), "0"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an evicted delivery: %v, want ErrNotFound", err)
	}
	stats, err := s.Stats(t.Context())
	if err != nil || stats.EvictedDeliveries != 4 || stats.Deliveries != 4 {
		t.Errorf("Stats: %+v, %v", stats, err)
	}
}
