package query_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestWaitForExistingCaptures(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	for i := range 4 {
		post(t, store, fmt.Sprintf("/w/%d", i), fmt.Sprintf(`{"n":%d}`, i))
	}
	post(t, store, "/other", "")
	second := captures(t, s, "w")[1].Seq
	for _, tt := range []struct {
		name   string
		wait   query.Wait
		ok     bool
		count  int
		want   []string
		reason string
	}{
		{name: "at least", wait: query.Wait{Count: 2}, ok: true, count: 4, want: []string{"/w/0", "/w/1", "/w/2", "/w/3"}},
		{name: "where", wait: query.Wait{Count: 2, Where: ".body.n >= 2"}, ok: true, count: 2, want: []string{"/w/2", "/w/3"}},
		{name: "q", wait: query.Wait{Count: 1, Q: `method:POST "n\":2"`}, ok: true, count: 1, want: []string{"/w/2"}},
		{name: "q and where", wait: query.Wait{Count: 1, Q: "-path:/w/3", Where: ".body.n >= 2"}, ok: true, count: 1, want: []string{"/w/2"}},
		{
			name: "q, too few", wait: query.Wait{Count: 2, Q: "path:/w/3", Where: ".body.n >= 2", Timeout: of(short)}, count: 1, want: []string{"/w/3"},
			reason: "want 2 captures with path:/w/3 and .body.n >= 2 within 20ms, got 1; 3 others arrived in bin w",
		},
		{name: "after", wait: query.Wait{Count: 1, After: second}, ok: true, count: 2, want: []string{"/w/2", "/w/3"}},
		{name: "exactly", wait: query.Wait{Count: 4, Max: number(4), Settle: of(short)}, ok: true, count: 4, want: []string{"/w/0", "/w/1", "/w/2", "/w/3"}},
		{name: "at most", wait: query.Wait{Max: number(4)}, ok: true, count: 4, want: []string{"/w/0", "/w/1", "/w/2", "/w/3"}},
		{
			name: "too few", wait: query.Wait{Count: 5, Timeout: of(short)}, count: 4, want: []string{"/w/0", "/w/1", "/w/2", "/w/3"},
			reason: "want 5 captures within 20ms, got 4",
		},
		{
			name: "too few that match", wait: query.Wait{Count: 2, Where: ".body.n == 2", Timeout: of(short)}, count: 1, want: []string{"/w/2"},
			reason: "want 2 captures with .body.n == 2 within 20ms, got 1; 3 others arrived in bin w",
		},
		{
			name: "too many", wait: query.Wait{Count: 1, Max: number(2), Where: ".body.n > 0"}, count: 3, want: []string{"/w/1", "/w/2", "/w/3"},
			reason: "want at most 2 captures with .body.n > 0, got 3",
		},
		{
			name: "never, and it is there", wait: query.Wait{Where: ".body.n == 3", Settle: of(time.Minute)}, count: 1, want: []string{"/w/3"},
			reason: "want at most 0 captures with .body.n == 3, got 1",
		},
		{name: "never", wait: query.Wait{Where: ".body.n == 9", Settle: of(short)}, ok: true},
		{
			name: "nothing new", wait: query.Wait{Count: 1, After: 1 << 40, Timeout: of(short)},
			reason: "want 1 captures within 20ms, got 0; nothing at all arrived in bin w after seq 1099511627776",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Wait(t.Context(), "w", tt.wait)
			if err != nil {
				t.Fatal(err)
			}
			if got.OK != tt.ok || got.Count != tt.count || got.Reason != tt.reason || got.Inconclusive || got.Matched == nil {
				t.Errorf("got %t, %d, %q; want %t, %d, %q", got.OK, got.Count, got.Reason, tt.ok, tt.count, tt.reason)
			}
			if diff := cmp.Diff(tt.want, targets(got.Matched)); diff != "" {
				t.Errorf("matched (-want +got):\n%s", diff)
			}
		})
	}
}

// background waits in a goroutine and sends the result to the channel.
func background(t *testing.T, ctx context.Context, s *query.Searcher, w query.Wait) <-chan query.Waited {
	t.Helper()
	done := make(chan query.Waited, 1)
	go func() {
		got, err := s.Wait(ctx, "w", w)
		if err != nil {
			t.Errorf("Wait: %v", err)
		}
		done <- got
	}()
	return done
}

func TestWaitForNewCaptures(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	done := background(t, t.Context(), s, query.Wait{Count: 3, Where: `.body.kind == "x"`, Timeout: of(time.Minute)})
	for i := range 3 {
		post(t, store, "/w", `{"kind":"y"}`)
		select {
		case got := <-done:
			t.Fatalf("done after %d: %+v", i, got)
		default:
		}
		post(t, store, fmt.Sprintf("/w/%d", i), `{"kind":"x"}`)
	}
	if got := <-done; !got.OK || got.Count != 3 {
		t.Errorf("got %+v", got)
	}
}

// Captures that arrive during Settle are checked too.
func TestWaitSettle(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	done := background(t, t.Context(), s, query.Wait{Count: 1, Max: number(1), Timeout: of(time.Minute), Settle: of(time.Minute)})
	post(t, store, "/w/1", "")
	post(t, store, "/w/2", "")
	if got := <-done; got.OK || got.Reason != "want at most 1 captures, got 2" {
		t.Errorf("got %+v", got)
	}
	s, store = start(t)
	done = background(t, t.Context(), s, query.Wait{Settle: of(time.Minute)})
	post(t, store, "/w/1", "")
	if got := <-done; got.OK || got.Count != 1 {
		t.Errorf("never: got %+v", got)
	}
}

// Waits that start before, while and after the captures arrive all see all of them.
func TestManyWaiters(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	const senders, each = 4, 50
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			got, err := s.Wait(t.Context(), "w", query.Wait{Count: senders * each, Timeout: of(time.Minute)})
			if err != nil || !got.OK || len(got.Matched) != senders*each {
				t.Errorf("waiter %d: %t, %d, %v", i, got.OK, len(got.Matched), err)
			}
		})
	}
	for range senders {
		work.Go(func() {
			for range each {
				post(t, store, "/w", "")
			}
		})
	}
	work.Wait()
}

func TestWaitRefuses(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, tt := range []struct {
		wait query.Wait
		want string
	}{
		{query.Wait{}, `invalid wait: count 0: this is always true; give a count, or a settle time for "never"`},
		{query.Wait{Count: -1}, "invalid wait: count -1: want 0 to 100000"},
		{query.Wait{Count: 3, Max: number(2)}, "invalid wait: max 2: want at least the count, 3"},
		{query.Wait{Count: 1, Timeout: of(time.Hour)}, "invalid wait: timeout 1h0m0s: want up to 10m0s"},
		{query.Wait{Count: 1, Settle: of(-1)}, "invalid wait: settle -1ns: want up to 10m0s"},
		{query.Wait{Count: 1, Where: ".x ="}, `invalid condition ".x =": line 1, column 5: unexpected EOF: want a jq condition such as .method == "POST" and .body.id == 7`},
	} {
		if _, err := s.Wait(t.Context(), "w", tt.wait); !errors.Is(err, journal.ErrInvalid) || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Wait(ctx, "w", query.Wait{Count: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}

// A bound that cannot be checked, because the bin evicted captures, is not passed.
func TestWaitIsInconclusive(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{PerBin: 2})
	defer store.Close()
	s := query.New(query.Options{Store: store})
	defer s.Close()
	for range 3 {
		post(t, store, "/w", "x")
	}
	never := query.Wait{Where: `.method == "GET"`, Settle: of(short)}
	got, err := s.Wait(t.Context(), "w", never)
	const reason = "inconclusive: bin w evicted 1 captures, and some of them may have matched; wait after a seq that it still has, or use another bin"
	if err != nil || got.OK || !got.Inconclusive || got.Reason != reason {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = s.Wait(t.Context(), "w", query.Wait{Where: `.body == "x"`, Count: 3, Timeout: of(short)})
	if want := reason + "; want 3 captures with .body == \"x\" within " + of(short).String() + ", got 2"; err != nil || got.OK || !got.Inconclusive || got.Reason != want || got.Count != 2 {
		t.Errorf("not enough: %+v, %v; want %s", got, err, want)
	}
	if got, err = s.Wait(t.Context(), "w", query.Wait{Max: number(1), Timeout: of(short)}); err != nil || got.OK || got.Inconclusive {
		t.Errorf("too many captures in the bin: %+v, %v; want it to fail for sure", got, err)
	}
	// the bin still has it, so nothing after it was evicted
	never.After = captures(t, s, "w")[0].Seq
	if got, err = s.Wait(t.Context(), "w", never); err != nil || !got.OK {
		t.Errorf("after a capture in the bin: %+v, %v", got, err)
	}
	if got, err = s.Wait(t.Context(), "w", query.Wait{Count: 1}); err != nil || !got.OK {
		t.Errorf("at least: %+v, %v", got, err) // evicted captures change nothing
	}
}

// An unreadable capture may match or not, so a wait with Max is inconclusive.
func TestWaitOverDamagedCaptures(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	post(t, store, "/w", "x")
	damaged := journal.Capture{Bin: "w", Problems: []string{journal.Damaged + "its record cannot be read"}}
	if err := store.AppendCapture(t.Context(), &damaged); err != nil {
		t.Fatal(err)
	}
	for _, w := range []query.Wait{{Max: number(0), Where: `.method == "PUT"`, Timeout: of(short)}, {Count: 1, Where: `.method == "PUT"`, Timeout: of(short)}} {
		got, err := s.Wait(t.Context(), "w", w)
		if err != nil || got.OK || !got.Inconclusive {
			t.Errorf("%+v: %+v, %v; want it inconclusive", w, got, err)
		}
	}
	if got, err := s.Wait(t.Context(), "w", query.Wait{Count: 1, Where: `.method == "POST"`}); err != nil || !got.OK {
		t.Errorf("%+v, %v: the captures in the bin suffice", got, err)
	}
}
