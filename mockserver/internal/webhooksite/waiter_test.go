package webhooksite

import (
	"testing"
	"testing/synctest"
	"time"
)

// Who sees a request before it waits can answer it all the same.
func TestAnsweredBeforeItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h waiters
		arrived := h.arrive("a")
		taken := make(chan bool, 1)
		go func() { taken <- h.answer(t.Context(), "a", 1, response{status: 201}) }()
		synctest.Wait() // for the answer to wait for the request
		if r, ok := h.wait(t.Context(), "a", 1, 10*time.Second, arrived); !ok || r.status != 201 || !<-taken {
			t.Errorf("%+v, %v", r, ok)
		}
		if h.answer(t.Context(), "a", 1, response{}) {
			t.Error("it was answered twice")
		}

		arrived = h.arrive("a") // which is never stored
		begin := time.Now()
		go func() { taken <- h.answer(t.Context(), "a", 2, response{}) }()
		synctest.Wait()
		arrived()
		if <-taken || time.Since(begin) > 0 {
			t.Errorf("an answer to nobody took %s", time.Since(begin))
		}
		if r, ok := h.wait(t.Context(), "a", 3, 10*time.Second, func() {}); ok || time.Since(begin) != 10*time.Second {
			t.Errorf("without an answer: %+v after %s", r, time.Since(begin))
		}
		if len(h.waiting)+len(h.arriving) > 0 {
			t.Errorf("left behind: %+v", &h)
		}
	})
}
