package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(*testing.T) journal.Store { return journal.NewMemory(journal.MemoryOptions{}) })
}

func TestMemoryEvicts(t *testing.T) {
	t.Parallel()
	journaltest.RunBounds(t, func(_ *testing.T, l journal.Limits) journal.Store {
		return journal.NewMemory(journal.MemoryOptions(l))
	})
}

func TestMemoryIsFullOfPendingDeliveries(t *testing.T) {
	t.Parallel()
	s := journal.NewMemory(journal.MemoryOptions{Deliveries: 2})
	for i := range 2 {
		if err := s.SaveDeliveries(t.Context(), journaltest.Delivery(fmt.Sprint(i), i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveDeliveries(t.Context(), journaltest.Delivery("2", 2)); !errors.Is(err, journal.ErrFull) {
		t.Errorf("%v, want ErrFull", err)
	}
}

// TestMemoryAgainstAList checks that after random appends, clears and evictions the store has the
// same captures as a plain list.
func TestMemoryAgainstAList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const perBin = 5
		s := journal.NewMemory(journal.MemoryOptions{PerBin: perBin})
		var model []journal.Capture
		without := func(drop func(journal.Capture) bool) {
			var kept []journal.Capture
			for _, c := range model {
				if !drop(c) {
					kept = append(kept, c)
				}
			}
			model = kept
		}
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			bin := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "bin")
			what := rapid.IntRange(0, 9).Draw(t, "what")
			if what == 1 && len(model) > 0 {
				doomed := rapid.SampledFrom(model).Draw(t, "doomed").Seq
				if n, err := s.DeleteCaptures(t.Context(), doomed); n != 1 || err != nil {
					t.Fatal(n, err)
				}
				without(func(c journal.Capture) bool { return c.Seq == doomed })
				continue
			}
			if what == 0 {
				if _, err := s.ClearBin(t.Context(), bin); err != nil {
					t.Fatal(err)
				}
				without(func(c journal.Capture) bool { return c.Bin == bin })
				continue
			}
			c := journal.Capture{Bin: bin, Message: wire.Message{Target: fmt.Sprint(i)}}
			if err := s.AppendCapture(t.Context(), &c); err != nil {
				t.Fatal(err)
			}
			model = append(model, c)
			var same []journal.Capture
			for _, m := range model {
				if m.Bin == bin {
					same = append(same, m)
				}
			}
			if len(same) > perBin {
				without(func(m journal.Capture) bool { return m.Seq == same[0].Seq })
			}
		}
		got, err := s.Captures(t.Context(), journal.CaptureQuery{Oldest: true})
		if err != nil || len(got) != len(model) {
			t.Fatalf("%d captures, %v; want %d", len(got), err, len(model))
		}
		for i := range got {
			if got[i].Seq != model[i].Seq || got[i].Target != model[i].Target {
				t.Fatalf("capture %d is %d %q, want %d %q", i, got[i].Seq, got[i].Target, model[i].Seq, model[i].Target)
			}
			if one, err := s.Capture(t.Context(), model[i].ID); err != nil || one.Target != model[i].Target {
				t.Fatalf("%s: %q, %v", model[i].ID, one.Target, err)
			}
		}
	})
}

func TestCaptureID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64Range(0, 1<<40-1).Draw(t, "b")
		if seq, ok := journal.ParseCaptureID(journal.CaptureID(a)); seq != a || !ok {
			t.Fatalf("%d → %q → %d", a, journal.CaptureID(a), seq)
		}
		if c := a % (1 << 40); (c < b) != (journal.CaptureID(c) < journal.CaptureID(b)) {
			t.Fatalf("%d and %d sort otherwise than %q and %q", c, b, journal.CaptureID(c), journal.CaptureID(b))
		}
	})
	if id := journal.CaptureID(42); id != "c0000001a" {
		t.Errorf("CaptureID(42) = %q", id)
	}
	for _, id := range []string{"", "c", "c1a", "c00000001a", "C0000001a", "c0000001A", "d0000001a", "c0000001w", "c+000001a"} {
		if seq, ok := journal.ParseCaptureID(id); ok {
			t.Errorf("ParseCaptureID(%q) = %d", id, seq)
		}
	}
}

func TestCaptureJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(journal.Capture{}.Clone())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"body":""`, `"headers":[]`, `"seq":0`, `"id":""`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: want %s", text, want)
		}
	}
	want := journaltest.Capture("a", 1).Clone()
	if text, err = json.Marshal(want); err != nil {
		t.Fatal(err)
	}
	var got journal.Capture
	if err := json.Unmarshal(text, &got); err != nil || string(got.Body) != string(want.Body) || len(got.Headers) != 4 || got.Response.Delay != want.Response.Delay {
		t.Errorf("%+v, %v", got, err)
	}
}
