package query

import (
	"context"
	"sync"
	"weak"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sharedReads read what is new in a bin once for all who wait in it. The zero value is ready.
type sharedReads struct {
	mu    sync.Mutex
	byBin map[string]*sharedRead
}

// sharedRead is the last read of one bin. It exists as long as anybody waits in the bin.
type sharedRead struct {
	waiting int

	mu    sync.Mutex
	batch weak.Pointer[batch] // it lives as long as somebody looks at it: who waits holds no captures
}

// batch has the captures after a cursor, as many as sharedAtOnce and sharedBytes allow.
type batch struct {
	after uint64 // the cursor
	at    uint64 // position of the bin's watch before the read: nothing up to it is missing

	reading  sync.Once
	captures []journal.Capture // shared: not to be changed
	more     bool              // more may follow them
	err      error
}

// sharedAtOnce bounds what waiters have read together. Where there is more, each reads for itself.
const (
	sharedAtOnce = 100
	sharedBytes  = 1 << 20
)

// of returns the bin's shared read, and what to call when it is no longer needed.
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

// read returns the captures of the query, at least those that were stored before the bin's watch was at
// this position. Whoever asks for the same gets the same.
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
		b.err = store.Search(context.WithoutCancel(ctx), q, nil, func(c *journal.Capture) bool { // it is not only for this one
			b.captures = append(b.captures, *c)
			size += c.Size()
			b.more = len(b.captures) == sharedAtOnce || size >= sharedBytes
			return !b.more
		})
	})
	return b.captures, b.more, b.err
}
