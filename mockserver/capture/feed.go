package capture

import (
	"context"
	"sync"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// feeds read what is new in a bin once for all who wait in it. The zero value is ready.
type feeds struct {
	mu    sync.Mutex
	byBin map[string]*feed
}

// feed is of one bin, as long as anybody waits in it.
type feed struct {
	waiting int

	mu   sync.Mutex
	news *news // what was read last
}

// news are the captures after a cursor, as many as sharedAtOnce and sharedBytes, that were stored before a change.
type news struct {
	after   uint64
	changed <-chan struct{}

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

// of returns the bin's feed, and what to call when it is no longer needed.
func (f *feeds) of(bin string) (*feed, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byBin == nil {
		f.byBin = map[string]*feed{}
	}
	one := f.byBin[bin]
	if one == nil {
		one = &feed{}
		f.byBin[bin] = one
	}
	one.waiting++
	return one, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(f.byBin, bin)
		}
	}
}

// read returns the captures of the query that were stored before changed was taken from the store. Whoever asks the
// same before the next change gets the same: while that channel is the store's, nothing is newer.
func (f *feed) read(ctx context.Context, store journal.Store, q journal.CaptureQuery, changed <-chan struct{}) (captures []journal.Capture, more bool, err error) {
	f.mu.Lock()
	n := f.news
	select {
	case <-changed: // already: there may be newer ones
		n = nil
	default:
	}
	if n == nil || n.after != q.After || n.changed != changed {
		n = &news{after: q.After, changed: changed}
		f.news = n
	}
	f.mu.Unlock()
	n.reading.Do(func() {
		held := 0
		n.err = store.Search(context.WithoutCancel(ctx), q, nil, func(c *journal.Capture) bool { // it is not only for this one
			n.captures = append(n.captures, *c)
			held += c.Size()
			n.more = len(n.captures) == sharedAtOnce || held >= sharedBytes
			return !n.more
		})
	})
	return n.captures, n.more, n.err
}
