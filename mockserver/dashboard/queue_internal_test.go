package dashboard

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Only a few responses with records are made at the same time. Waits, streams and small responses
// need no slot.
func TestResponsesWaitForSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Int32
		release := make(chan struct{})
		h := limitConcurrency(2, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			now.Add(1)
			<-release
			now.Add(-1)
			_, _ = w.Write([]byte("done"))
		}))
		ask := func(work *sync.WaitGroup, n int, path string) {
			for range n {
				work.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)) })
			}
			synctest.Wait()
		}
		var lists, others sync.WaitGroup
		ask(&lists, 5, "/api/v1/bins/a/captures?limit=1000")
		if got := now.Load(); got != 2 {
			t.Errorf("%d lists at a time, want 2", got)
		}
		ask(&others, 1, "/api/v1/bins/a/wait")
		ask(&others, 1, "/api/v1/stream")
		ask(&others, 1, "/api/v1/server")
		if got := now.Load(); got != 5 {
			t.Errorf("%d at a time, want the two lists and three others", got)
		}
		close(release)
		lists.Wait()
		others.Wait()
	})
	for kept, want := range map[int64][2]int{32_000_000: {1, 2_000_000}, 1 << 30: {8, 16 << 20}, 32 << 30: {8, 16 << 20}, 0: {1, 1 << 20}} {
		if got := [2]int{slotsFor(kept), pageBytes(kept)}; got != want {
			t.Errorf("%d: %v, want %v", kept, got, want)
		}
	}
}

// A wait takes a slot when it is over, and keeps it until it has its response.
func TestWaitsTakeSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waiting, answering atomic.Int32
		over, release := make(chan struct{}), make(chan struct{})
		h := limitConcurrency(1, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			waiting.Add(1)
			<-over
			if err := takeSlot(r.Context()); err != nil {
				t.Error(err)
			}
			answering.Add(1)
			<-release
			answering.Add(-1)
		}))
		var work sync.WaitGroup
		for range 3 {
			work.Go(func() {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/v1/bins/a/wait", nil))
			})
		}
		synctest.Wait()
		if n := waiting.Load(); n != 3 {
			t.Errorf("%d wait at a time, want 3", n)
		}
		close(over)
		synctest.Wait()
		if n := answering.Load(); n != 1 {
			t.Errorf("%d are answered at a time, want 1", n)
		}
		close(release)
		work.Wait()
	})
}
