package capture_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// tight is a store that can run out of room.
type tight struct {
	journal.Store
	full atomic.Bool
}

func (s *tight) AppendCapture(ctx context.Context, c *journal.Capture) error {
	if s.full.Load() {
		return fmt.Errorf("disk: %w", journal.ErrFull)
	}
	return s.Store.AppendCapture(ctx, c)
}

// The stats of a bin count every request that named it, by its result.
func TestStats(t *testing.T) {
	t.Parallel()
	store := &tight{Store: journal.NewMemory(journal.MemoryOptions{PerBin: 4})}
	defer store.Close()
	s, _ := start(t, func(o *capture.Options) { o.Store, o.MaxBody, o.MaxHead = store, 16, 512 })
	for _, raw := range []string{
		"POST /b HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n0123456789abcdefg",
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\nExpect: 100-continue\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 600) + "\r\n\r\n",
		"POST /b HTTP/1.1\r\nno header line\r\n\r\n",
		"POST /b HTTP/3.0\r\nHost: x\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
		"POST /other HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n",
	} {
		send(t, s, raw)
	}
	store.full.Store(true)
	for range 2 {
		if got := post(t, s.URL()+"/b", "x"); got != 507 {
			t.Errorf("a full store: %d", got)
		}
	}
	store.full.Store(false)

	check := func(want analysis.BinStats) {
		t.Helper()
		got, err := s.BinStats(t.Context(), want.Bin)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(want, "Since")); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
		if got.Since.IsZero() || time.Since(got.Since) < 0 {
			t.Errorf("since %s", got.Since)
		}
	}
	odd := analysis.Irregular{Refused: analysis.Refused{Size: 3, Malformed: 2, NoRoom: 2}, Truncated: 2, Aborted: 1}
	check(analysis.BinStats{Bin: "b", Received: 9, Stored: 7, Kept: 4, Evicted: 3, Irregular: odd, Complete: true})
	check(analysis.BinStats{Bin: "other", Received: 1, Stored: 1, Kept: 1, Complete: true})
	check(analysis.BinStats{Bin: "never-seen", Complete: true})
	if n, err := store.ClearBin(t.Context(), "b"); n != 4 || err != nil {
		t.Errorf("cleared %d, %v", n, err)
	}
	check(analysis.BinStats{Bin: "b", Received: 9, Stored: 7, Evicted: 3, Cleared: 4, Irregular: odd, Complete: true})
	if err := s.Dropped(t.Context(), "other", 0, 100); err != nil {
		t.Fatal(err)
	}
	check(analysis.BinStats{Bin: "other", Received: 1, Stored: 1, Kept: 1, Irregular: analysis.Irregular{Dropped: 1}, Complete: true})
	odd.Dropped = 1
	if diff := cmp.Diff(odd, s.Irregular()); diff != "" {
		t.Errorf("in all (-want +got):\n%s", diff)
	}
	if _, err := s.BinStats(t.Context(), "a/b"); err == nil {
		t.Error("a stats of no bin")
	}
}
