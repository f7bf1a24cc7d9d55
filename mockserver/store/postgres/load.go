package postgres

import (
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// counts are what the goroutines of a node count for Load.
type counts struct {
	commits, written, adopted atomic.Uint64
	batch                     atomic.Int64 // requests in the last transaction
	cursor, latest            atomic.Int64 // rows of changes: the last one that was read, and the last one there was
	nodes                     atomic.Int64 // that run, this one included
	reads                     atomic.Int64 // of changes that a notice or the poll made necessary
}

// committed counts a transaction.
func (c *counts) committed(requests int) {
	c.commits.Add(1)
	c.written.Add(uint64(requests))
	c.batch.Store(int64(requests))
}

// Load returns counts of this node.
func (s *store) Load() journal.Load {
	c := &s.counts
	l := journal.Load{
		Commits: c.commits.Load(), Written: c.written.Load(), Batch: int(c.batch.Load()), Adopted: c.adopted.Load(),
		Behind: uint64(max(0, c.latest.Load()-c.cursor.Load())), Away: s.Ready() != nil,
	}
	var away bool
	l.Outages, away = s.outage.count()
	l.Away = l.Away || away
	var oldest time.Time
	if l.Waiting, oldest = s.queue.load(); !oldest.IsZero() {
		l.Oldest = time.Since(oldest)
	}
	return l
}

// load returns how many requests wait for their commit, and since when the first one does.
func (q *queue) load() (waiting int, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		oldest = q.waiting[0].since
	}
	if q.taken > 0 {
		oldest = q.takenSince
	}
	return len(q.waiting) + q.taken, oldest
}

// finished notes that the requests that take has returned do not wait any longer.
func (q *queue) finished() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken = 0
}
