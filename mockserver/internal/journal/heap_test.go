package journal_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLimitBoundsTheHeap checks that the memory of a full store stays near its limit, and that it
// is returned when the records are deleted.
func TestLimitBoundsTheHeap(t *testing.T) { // not parallel: all tests share the heap
	const limit = 8 << 20
	text := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		name string
		fill func(t *testing.T, s journal.Store, i int) error
		n    int
	}{
		{"bodies", func(t *testing.T, s journal.Store, i int) error {
			return s.AppendCapture(t.Context(), &journal.Capture{Bin: "a", Message: wire.Message{Body: make([]byte, 1<<20)}})
		}, 100},
		{"small requests", func(t *testing.T, s journal.Store, i int) error {
			return s.AppendCapture(t.Context(), &journal.Capture{Bin: fmt.Sprint("b", i%7), Message: wire.Message{Headers: make(signature.Headers, 1)}})
		}, 100_000},
		{"heads that are parts of one text, of a bin each", func(t *testing.T, s journal.Store, i int) error {
			head := fmt.Sprint("bin", i, text(40<<10))
			name := head[:strings.IndexByte(head, 'x')]
			return s.AppendCapture(t.Context(), &journal.Capture{Bin: name, Message: wire.Message{Target: head}})
		}, 3000},
		{"responses that come later", func(t *testing.T, s journal.Store, i int) error {
			c := journal.Capture{Bin: "a"}
			if err := s.AppendCapture(t.Context(), &c); err != nil {
				return err
			}
			return s.SetResponse(t.Context(), c.ID, journal.Response{Body: text(1 << 20)})
		}, 100},
		{"deliveries", func(t *testing.T, s journal.Store, i int) error {
			d := journal.Delivery{State: journal.Pending}
			d.Event.Body = make([]byte, 200<<10)
			if err := s.SaveDeliveries(t.Context(), &d); err != nil {
				return err
			}
			a := journal.Attempt{Sent: wire.Message{Body: d.Event.Body}, Response: &wire.Response{Body: make([]byte, 64<<10)}}
			if err := s.AppendAttempt(t.Context(), d.ID, &a, journal.Progress{State: journal.Pending}); err != nil {
				return err
			}
			return s.AppendAttempt(t.Context(), d.ID, &a, journal.Progress{State: journal.Delivered})
		}, 300},
		{"small deliveries", func(t *testing.T, s journal.Store, i int) error {
			return s.SaveDeliveries(t.Context(), &journal.Delivery{State: journal.Delivered})
		}, 100_000},
		{"documents", func(t *testing.T, s journal.Store, i int) error {
			_ = s.Put(t.Context(), "kind", fmt.Sprint(i), make([]byte, 2000)) // most are refused
			return nil
		}, 20_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := heap()
			s := journal.NewMemory(journal.MemoryOptions{Bytes: limit})
			for i := range c.n {
				if err := c.fill(t, s, i); err != nil {
					t.Fatal(err)
				}
			}
			stats, err := s.Stats(t.Context())
			if err != nil || stats.Bytes > limit || stats.Bytes < limit/5 {
				t.Errorf("%+v, %v: want up to %d bytes", stats, err, limit)
			}
			if took := heap() - before; took > 2*limit {
				t.Errorf("%d KiB of heap for a limit of %d KiB: %+v", took>>10, limit>>10, stats)
			}
			bins, err := s.Bins(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range bins {
				if _, err := s.ClearBin(t.Context(), b.Name); err != nil {
					t.Fatal(err)
				}
			}
			if took := heap() - before; stats.Captures > 0 && took > limit/2 {
				t.Errorf("%d KiB of heap stay after all was cleared", took>>10)
			}
			runtime.KeepAlive(s)
		})
	}
}
