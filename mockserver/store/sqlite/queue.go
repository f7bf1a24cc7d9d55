package sqlite

import (
	"context"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// request is one write that waits for its commit: a capture, or an operation.
type request struct {
	// A capture: bin is its bin's name, head its packed record.
	bin  string
	head []byte
	body []byte
	size int
	seq  uint64 // the number that the writer gave it

	// An operation, run inside the writer's transaction, and again when that had to be repeated. See writer.operate
	// for what its errors do.
	operation func(*writer) error
	frees     bool // it deletes

	err  error
	done chan struct{} // holds one token when the request was answered
}

// queue gathers requests for the writer.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	closed  bool
	ready   chan struct{} // holds one token while there is something to do
	pool    sync.Pool     // of *request
}

func (q *queue) get() *request {
	if r, ok := q.pool.Get().(*request); ok {
		return r
	}
	return &request{done: make(chan struct{}, 1)}
}

// put gives a request back; its head's room is used again.
func (q *queue) put(r *request) {
	const largestKept = 64 << 10
	head := r.head[:0]
	if cap(head) > largestKept {
		head = nil
	}
	*r = request{head: head, done: r.done}
	q.pool.Put(r)
}

// submit queues r and waits until it was answered. When ctx ends before the writer has taken r, nothing of it is
// kept; once it was taken its commit is waited for, so that the answer is always the truth.
func (q *queue) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return journal.ErrClosed
	}
	q.waiting = append(q.waiting, r)
	first := len(q.waiting) == 1
	q.mu.Unlock()
	if first {
		q.wake()
	}
	if ctx.Done() == nil {
		<-r.done
		return r.err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if q.withdraw(r) {
		return ctx.Err()
	}
	<-r.done
	return r.err
}

// withdraw takes r out of the queue and says whether it still was in it.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Bounds of one transaction.
const (
	batchRequests = 4096
	batchBytes    = 32 << 20
)

// take moves what waits to batch, as much as one transaction should hold, largest bytes or one more request, and says whether the queue is closed.
func (q *queue) take(batch []*request, largest int) ([]*request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.waiting) && n < batchRequests && size < largest {
		size += len(q.waiting[n].head) + len(q.waiting[n].body)
		n++
	}
	batch = append(batch, q.waiting[:n]...)
	left := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[left:])
	q.waiting = q.waiting[:left]
	if left > 0 {
		q.wake()
	}
	return batch, q.closed
}

// close lets no more requests in; those that wait are still answered.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake()
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}
