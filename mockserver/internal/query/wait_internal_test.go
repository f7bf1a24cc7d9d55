package query

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A wait keeps no matching captures in memory: it reads them when it is over, if they still exist.
func TestAWaitKeepsNoCaptures(t *testing.T) {
	t.Parallel()
	const few, many = 5, 12
	for _, count := range []int{few, many} {
		store := journal.NewMemory(journal.MemoryOptions{Bytes: 3 << 20})
		t.Cleanup(func() { store.Close() })
		s := New(Options{})
		selected, err := s.newSelection("", "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		changes := store.Watch(journal.Filter{Bin: "large"})
		defer changes.Close()
		w := &waiter{
			store: store, shared: &sharedRead{}, changes: changes, bin: "large", selected: selected, wait: &Wait{Count: count}, maxBytes: 64 << 20,
			turn: func(context.Context) error { return nil },
		}
		for i := range count {
			c := &journal.Capture{Bin: "large", Message: signature.Message{Body: bytes.Repeat([]byte{byte(i)}, 1<<19)}}
			if err := store.AppendCapture(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if err := w.readNew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(w.result.Matched) > 0 {
				t.Fatal("a capture is kept during the wait")
			}
		}
		waited, err := w.fulfilled(t.Context())
		kept := min(count, 5)
		if err != nil || !waited.OK || waited.Count != count || len(waited.Matched) != kept {
			t.Fatalf("OK %v, %d counted, %d of them there (%v); want %d, and the %d that 3 MiB hold", waited.OK, waited.Count, len(waited.Matched), err, count, kept)
		}
		for i, c := range waited.Matched {
			if want := byte(count - kept + i); c.Body[0] != want {
				t.Errorf("capture %d is number %d, want %d", i, c.Body[0], want)
			}
		}
	}
}
