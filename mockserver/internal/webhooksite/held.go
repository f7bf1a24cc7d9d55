package webhooksite

import (
	"context"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/broadcast"
)

// held are the requests that wait for somebody to answer them, by the numbers of their captures. The zero value holds
// none.
type held struct {
	mu       sync.Mutex
	waiting  map[uint64]waiter
	arriving map[string]int // by token: requests that may be stored already and do not wait yet
	change   broadcast.Broadcast
}

// waiter is one of them.
type waiter struct {
	token  string
	answer chan<- response
}

// arrive announces a request to a token; the returned func says that it waits, or never will. It may be called again.
func (h *held) arrive(token string) (arrived func()) {
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

// wait waits for the answer to a request; false when none came in time. arrived is what arrive returned.
func (h *held) wait(ctx context.Context, token string, seq uint64, limit time.Duration, arrived func()) (response, bool) {
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
	case r := <-answers: // it came at the last moment, and its giver was told that it was taken
		return r, true
	default:
		return response{}, false
	}
}

// answer gives a request its answer; false when it does not wait for one. A request that can be seen may not wait yet
// for an instant: then answer waits for it.
func (h *held) answer(ctx context.Context, token string, seq uint64, r response) bool {
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
			one.answer <- r // there is room for one, and only one is given
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
