package webhooksite

import (
	"context"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/broadcast"
)

// waiters are the requests that wait for somebody's response, by the numbers of their captures. The
// zero waiters is empty.
type waiters struct {
	mu      sync.Mutex
	waiting map[uint64]waiter
	// by token: requests that may be stored already and are not in waiting yet
	arriving map[string]int
	change   broadcast.Broadcast
}

// waiter is one such request.
type waiter struct {
	token  string
	answer chan<- response
}

// arrive announces a request to a token. The returned function reports that it waits, or never
// will; it may be called again.
func (h *waiters) arrive(token string) (arrived func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.arriving == nil {
		h.arriving, h.waiting = map[string]int{}, map[uint64]waiter{}
	}
	h.arriving[token]++
	return sync.OnceFunc(func() {
		h.mu.Lock()
		if h.arriving[token]--; h.arriving[token] == 0 {
			delete(h.arriving, token)
		}
		h.mu.Unlock()
		h.change.Tell()
	})
}

// wait waits for the response to a request; false when none came in time. arrived is the result of
// arrive.
func (h *waiters) wait(ctx context.Context, token string, seq uint64, limit time.Duration, arrived func()) (response, bool) {
	answers := make(chan response, 1)
	h.mu.Lock()
	h.waiting[seq] = waiter{token, answers}
	h.mu.Unlock()
	arrived()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-answers:
		return r, true
	case <-timer.C:
	case <-ctx.Done():
	}
	h.mu.Lock()
	delete(h.waiting, seq)
	h.mu.Unlock()
	select {
	case r := <-answers: // it came at the last instant, and its caller has a success
		return r, true
	default:
		return response{}, false
	}
}

// answer gives a request its response; false when the request does not wait for one. A request can
// be listed an instant before it waits; answer waits for it then.
func (h *waiters) answer(ctx context.Context, token string, seq uint64, r response) bool {
	const patience = 2 * time.Second
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		changed := h.change.Next()
		h.mu.Lock()
		one, waits := h.waiting[seq]
		waits = waits && one.token == token
		if waits {
			delete(h.waiting, seq)
			one.answer <- r // there is room for one, and only one is sent
		}
		arriving := h.arriving[token] > 0
		h.mu.Unlock()
		if waits || !arriving {
			return waits
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}
