package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// request is one write that waits for its commit: a capture or an operation.
type request struct {
	// These are the fields of a capture: bin is the name of its bin, head its packed record.
	bin  string
	head []byte
	body []byte
	size int
	seq  uint64 // assigned by the writer

	// operation runs inside the writer's transaction, and again if that is repeated. See
	// tx.operate for how its errors are handled.
	operation func(*tx) error
	needs     needs // what operation reads, loaded when the transaction begins

	since time.Time // when it was queued
	err   error
	done  chan struct{} // has one token once the request is finished
}

// needs are the names of rows.
type needs struct {
	bin        string
	capture    uint64
	deliveries []string
}

// queue collects requests for the writer.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	closed  bool

	taken      int       // requests that the writer is storing
	takenSince time.Time // when the first of them was queued

	ready   chan struct{} // has one token while there is work
	target  int           // how many requests await wants; 0: it does not wait
	reached chan struct{} // has one token once there are so many
	pool    sync.Pool     // of *request
}

func (q *queue) get() *request {
	if r, ok := q.pool.Get().(*request); ok {
		return r
	}
	return &request{done: make(chan struct{}, 1)}
}

// put returns a request to the pool. The memory of its head is reused.
func (q *queue) put(r *request) {
	const largestKept = 64 << 10
	head := r.head[:0]
	if cap(head) > largestKept {
		head = nil
	}
	*r = request{head: head, done: r.done}
	q.pool.Put(r)
}

// submit queues r and waits until it is finished. If ctx ends before the writer has taken r, r is
// not stored. After that submit waits for the commit, so that its result is always correct.
func (q *queue) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return journal.ErrClosed
	}
	r.since = time.Now()
	q.waiting = append(q.waiting, r)
	first := len(q.waiting) == 1
	if len(q.waiting) == q.target {
		q.target = 0
		q.reached <- struct{}{}
	}
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

// withdraw removes r from the queue and reports whether it was still there.
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

// await waits until n requests wait, at most for the time limit.
func (q *queue) await(n int, limit time.Duration) {
	q.mu.Lock()
	if len(q.waiting) >= n || q.closed {
		q.mu.Unlock()
		return
	}
	q.target = n
	q.mu.Unlock()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-q.reached:
		return
	case <-timer.C:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.target = 0
	select {
	case <-q.reached:
	default:
	}
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// These bound one transaction.
const (
	batchRequests = 4096
	batchBytes    = 32 << 20
)

// take moves requests from the queue to batch until they have maxBytes, and reports whether the
// queue is closed. The last request may go beyond maxBytes.
func (q *queue) take(batch []*request, maxBytes int) ([]*request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.waiting) && n < batchRequests && size < maxBytes {
		size += len(q.waiting[n].head) + len(q.waiting[n].body)
		n++
	}
	batch = append(batch, q.waiting[:n]...)
	if q.taken = n; n > 0 {
		q.takenSince = q.waiting[0].since
	}
	left := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[left:])
	q.waiting = q.waiting[:left]
	if left > 0 {
		q.wake()
	}
	return batch, q.closed
}

// close refuses new requests. Those that wait are still committed.
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
