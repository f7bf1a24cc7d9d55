package query

import (
	"context"
	"sync"
	"weak"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sharedReads reads the new captures of a bin once for all waits in it. The zero value is ready.
type sharedReads struct {
	mu    sync.Mutex
	byBin map[string]*sharedRead
}

// sharedRead is the last read of one bin. It exists while a wait in the bin does.
type sharedRead struct {
	waiting int

	mu    sync.Mutex
	batch weak.Pointer[batch] // freed when nobody reads it: waits keep no captures in memory
}

// batch has the captures after a cursor, up to sharedCaptures and sharedBytes.
type batch struct {
	after uint64 // the cursor
	at    uint64 // position of the bin's watch before the read: the batch misses nothing up to it

	reading  sync.Once
	captures []journal.Capture // shared, so read-only
	more     bool              // more captures may follow
	err      error
}

// sharedCaptures and sharedBytes bound a shared read. Each wait reads further captures for itself.
const (
	sharedCaptures = 100
	sharedBytes    = 1 << 20
)

// of returns the bin's shared read, and a function to call when it is no longer needed.
func (s *sharedReads) of(bin string) (*sharedRead, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byBin == nil {
		s.byBin = map[string]*sharedRead{}
	}
	one := s.byBin[bin]
	if one == nil {
		one = &sharedRead{}
		s.byBin[bin] = one
	}
	one.waiting++
	return one, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(s.byBin, bin)
		}
	}
}

// read returns the captures of the query, at least those that were stored before the bin's watch
// was at this position. Equal calls share one result.
func (s *sharedRead) read(ctx context.Context, store journal.Store, q journal.CaptureQuery, at uint64) (captures []journal.Capture, more bool, err error) {
	s.mu.Lock()
	b := s.batch.Value()
	if b == nil || b.after != q.After || b.at < at {
		b = &batch{after: q.After, at: at}
		s.batch = weak.Make(b)
	}
	s.mu.Unlock()
	b.reading.Do(func() {
		size := 0
		// ctx ends only one of several waits
		b.err = store.Search(context.WithoutCancel(ctx), q, nil, func(c *journal.Capture) bool {
			b.captures = append(b.captures, *c)
			size += c.Size()
			b.more = len(b.captures) == sharedCaptures || size >= sharedBytes
			return !b.more
		})
	})
	return b.captures, b.more, b.err
}
