package journal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
)

// summary returns an update in a few words.
func summary(u journal.Update) string {
	switch {
	case u.Ready != nil:
		return "ready " + u.Ready.String()
	case u.Capture != nil:
		if u.Capture.Response != nil {
			return fmt.Sprintf("capture %d responded %d", u.Capture.Seq, u.Capture.Response.Status)
		}
		return fmt.Sprintf("capture %d", u.Capture.Seq)
	case u.Delivery != nil:
		return fmt.Sprintf("delivery %d %s %d", u.Delivery.Seq, u.Delivery.State, len(u.Delivery.Attempts))
	case u.Removed != nil:
		return strings.TrimSpace(fmt.Sprintf("removed %s %s %v up to %d %s", u.Removed.Kind, u.Removed.Bin, u.Removed.Seqs, u.Removed.UpTo, u.Removed.Why))
	case u.Skipped != nil:
		return fmt.Sprintf("skipped %s %d-%d %s", u.Skipped.Kind, u.Skipped.From, u.Skipped.To, u.Skipped.Why)
	case u.Missed != nil:
		return "missed " + u.Missed.Why
	}
	return "nothing"
}

// next returns the updates that a follower sends now.
func next(t *testing.T, f *journal.Follower) string {
	t.Helper()
	var list []string
	if err := f.Next(t.Context(), func(u journal.Update) error {
		list = append(list, summary(u))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "; ")
}

func follow(t *testing.T, s journal.Store, bin string, from *journal.Position) *journal.Follower {
	t.Helper()
	f, err := journal.Follow(t.Context(), s, journal.FollowOptions{Bin: bin, From: from})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func memory(t *testing.T, o journal.MemoryOptions) journal.Store {
	s := journal.NewMemory(o)
	t.Cleanup(func() { s.Close() })
	return s
}

func capture(t *testing.T, s journal.Store, bin string, times int) {
	t.Helper()
	for range times {
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: bin}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFollowerSendsEveryChange checks that a follower sends every later change of what it has sent.
func TestFollowerSendsEveryChange(t *testing.T) {
	t.Parallel()
	s := memory(t, journal.MemoryOptions{PerBin: 3, Deliveries: 2})
	all, ofA := follow(t, s, "", nil), follow(t, s, "a", nil)
	response := func(seq uint64, status int) func() error {
		return func() error {
			return s.SetResponse(t.Context(), journal.CaptureID(seq), journal.Response{Status: status})
		}
	}
	save := func(id string, state journal.State) func() error {
		return func() error {
			d := journaltest.Delivery(id, 1)
			d.Attempts, d.State = nil, state
			return s.SaveDeliveries(t.Context(), d)
		}
	}
	attempt := func(id string, state journal.State) func() error {
		return func() error {
			return s.AppendAttempt(t.Context(), id, &journal.Attempt{N: 1}, journal.Progress{State: state})
		}
	}
	add := func(bin string, n int) func() error {
		return func() error { capture(t, s, bin, n); return nil }
	}
	for _, step := range []struct {
		do         func() error
		all, ofBin string // "=": the same
	}{
		{func() error { return nil }, "ready 0-0", "="},
		{add("a", 1), "capture 1", "="},
		{add("b", 1), "capture 2", ""},
		{response(1, 202), "capture 1 responded 202", "="},
		{response(2, 500), "capture 2 responded 500", ""},
		// sent once
		{func() error { capture(t, s, "a", 1); return response(3, 204)() }, "capture 3 responded 204", "="},
		{add("a", 3), "capture 4; capture 5; capture 6; removed capture a [] up to 3 evicted", "="},
		// checked below, in any order
		{func() error { _, err := s.DeleteCaptures(t.Context(), 5, 2); return err }, "", ""},
		{save("d", journal.Pending), "delivery 1 pending 0", "="},
		{attempt("d", journal.Pending), "delivery 1 pending 1", "="},
		{func() error { return save("e", journal.Delivered)() }, "delivery 2 delivered 0", "="},
		{attempt("d", journal.Delivered), "delivery 1 delivered 2", "="},
		{save("f", journal.Pending), "delivery 3 pending 0; removed delivery  [1] up to 0 evicted", "="},
		{func() error { _, err := s.ClearBin(t.Context(), "a"); return err }, "removed capture a [] up to 6 cleared", "="},
		{func() error { return nil }, "", "="},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		gotAll, gotA := next(t, all), next(t, ofA)
		if strings.Contains(gotAll, "deleted") {
			for _, want := range []string{"removed capture a [5] up to 0 deleted", "removed capture b [2] up to 0 deleted"} {
				if !strings.Contains(gotAll, want) {
					t.Errorf("got %q, want %q among it", gotAll, want)
				}
			}
			if want := "removed capture a [5] up to 0 deleted"; gotA != want {
				t.Errorf("for the bin got %q, want %q", gotA, want)
			}
			continue
		}
		if step.ofBin == "=" {
			step.ofBin = step.all
		}
		if gotAll != step.all {
			t.Errorf("got %q, want %q", gotAll, step.all)
		}
		if gotA != step.ofBin {
			t.Errorf("for the bin got %q, want %q", gotA, step.ofBin)
		}
	}
}

// TestFollowerSendsManyDeliveries follows many pending deliveries.
func TestFollowerSendsManyDeliveries(t *testing.T) {
	t.Parallel()
	const n = 500
	s := memory(t, journal.MemoryOptions{})
	f := follow(t, s, "", nil)
	next(t, f)
	for i := range n {
		if err := s.SaveDeliveries(t.Context(), journaltest.Delivery(fmt.Sprint(i), i)); err != nil {
			t.Fatal(err)
		}
	}
	next(t, f)
	for i := range n {
		if err := s.AppendAttempt(t.Context(), fmt.Sprint(i), nil, journal.Progress{State: journal.Delivered}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(next(t, f), " delivered "); got != n {
		t.Errorf("%d deliveries are reported as delivered, want %d", got, n)
	}
}

// TestAQuietBinIsNotBehind checks that a reader of a quiet bin is not behind because of busy bins.
func TestAQuietBinIsNotBehind(t *testing.T) {
	t.Parallel()
	s := memory(t, journal.MemoryOptions{})
	f := follow(t, s, "quiet", nil)
	next(t, f)
	for range 3 {
		capture(t, s, "busy", 7000)
		if got := next(t, f); got != "" {
			t.Errorf("got %q, want nothing", got)
		}
	}
	capture(t, s, "quiet", 1)
	if got, want := next(t, f), "capture 21001"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFollowerReportsSkippedRecords checks that a reader that is far behind gets a Skipped.
func TestFollowerReportsSkippedRecords(t *testing.T) {
	t.Parallel()
	s := memory(t, journal.MemoryOptions{})
	live := follow(t, s, "", nil)
	next(t, live)
	capture(t, s, "a", 10_050)
	if got, want := next(t, live), "missed behind; skipped capture 1-50 behind; capture 51; "; !strings.HasPrefix(got, want) {
		t.Errorf("got %.100q, want %q", got, want)
	}
	back := follow(t, s, "", &journal.Position{Capture: 10_048})
	if got, want := next(t, back), "ready 10048-0; missed resumed; capture 10049; capture 10050"; got != want {
		t.Errorf("got %.100q, want %q", got, want)
	}
	// This position is from another, longer journal.
	restarted := follow(t, s, "", &journal.Position{Capture: 10_051, Delivery: 9})
	if got, want := next(t, restarted), "ready 0-0; skipped capture 1-50 behind; "; !strings.HasPrefix(got, want) {
		t.Errorf("got %.100q, want %q", got, want)
	}
}

// TestFollowerWakes checks that C wakes a reader for each update and when the store is closed.
func TestFollowerWakes(t *testing.T) {
	t.Parallel()
	s := journal.NewMemory(journal.MemoryOptions{})
	f := follow(t, s, "", nil)
	next(t, f)
	go s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"})
	<-f.C()
	if got := next(t, f); got != "capture 1" {
		t.Errorf("got %q, want the capture", got)
	}
	go s.Close()
	if _, open := <-f.C(); open {
		t.Error("woken for nothing")
	}
}
