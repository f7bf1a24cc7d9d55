package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Options of a Searcher.
type Options struct {
	Store journal.Store
	Now   func() time.Time // the clock for relative times; nil is time.Now
	// Memory bounds the bytes in the result of a wait, and the bytes for reading bodies; 0 is 256
	// MiB.
	Memory int64
}

// defaultMemory is the default of Options.Memory.
const defaultMemory = 256 << 20

// Searcher finds captures in a store.
type Searcher struct {
	o        Options
	bounds   *readLimits // for reading bodies
	compiled compiled
	shared   sharedReads
	pageCost int           // the most that one page may cost
	closing  chan struct{} // closed when Close is called
}

// New returns a Searcher. Close it before its store.
func New(o Options) *Searcher {
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Searcher{o: o, bounds: newReadLimits(o.Memory), pageCost: maxCost, closing: make(chan struct{})}
}

// Close ends all waits. It is called once.
func (s *Searcher) Close() { close(s.closing) }

// Query selects captures. Both Where and Q must hold.
type Query struct {
	journal.CaptureQuery
	Where string // a jq condition over {method, path, query, params, headers, body, form, parts}
	Q     string // words and fields: see Help
	// Brief cuts each body to this many bytes and drops Raw: see Page.Sizes. 0 returns whole
	// bodies.
	Brief int
}

// Page is a part of the captures that a query selects.
type Page struct {
	Captures []journal.Capture
	// Sizes are the lengths of the bodies of Captures as received.
	Sizes []int
	// Next is the seq to continue from, as Before or, oldest first, as After; 0 when there is no
	// more. A page may end early, even without a capture.
	Next uint64
}

// The cost of one page: 1 for each capture, or conditionCost when the query has a condition.
const (
	maxCost       = 50_000
	conditionCost = 10
)

// Page returns captures that the query selects, newest first unless Oldest. It returns at most the
// query's limit, and at most bytes bytes together (0: no bound) unless the first capture alone has
// more. It ends early when it would take long: see Page.Next. A condition that fails on a capture,
// as .body.id does on a text body, does not hold for it. A condition that takes too long is
// journal.ErrInvalid.
func (s *Searcher) Page(ctx context.Context, q Query, bytes int) (Page, error) {
	selected, err := s.prepare(&q)
	if err != nil {
		return Page{}, err
	}
	page := Page{Captures: []journal.Capture{}}
	limit := journal.PageSize(q.Limit)
	cost, size, last := 0, 0, uint64(0)
	var failed error
	err = s.o.Store.Search(ctx, q.CaptureQuery, selected.texts, func(c *journal.Capture) bool {
		if cost >= s.pageCost {
			page.Next = last
			return false
		}
		last = c.Seq
		if cost++; selected.where != nil {
			cost += conditionCost - 1
		}
		var is bool
		if is, failed = selected.selects(ctx, c); failed != nil || !is {
			return failed == nil
		}
		whole := len(c.Body)
		if q.Brief > 0 {
			c.Body, c.Raw = c.Body[:min(len(c.Body), q.Brief)], nil
		}
		size += c.Size()
		if n := len(page.Captures); bytes > 0 && size > bytes && n > 0 {
			page.Next = page.Captures[n-1].Seq
			return false
		}
		page.Sizes = append(page.Sizes, whole)
		if page.Captures = append(page.Captures, c.Clone()); len(page.Captures) == limit {
			page.Next = c.Seq
			return false
		}
		return true
	})
	if err = errors.Join(err, failed); err != nil {
		return Page{}, err
	}
	return page, nil
}

// prepare compiles a query.
func (s *Searcher) prepare(q *Query) (*selection, error) {
	if q.Bin != "" {
		if err := journal.CheckBin(q.Bin); err != nil {
			return nil, err
		}
	}
	selected, err := s.newSelection(q.Q, q.Where, s.o.Now())
	if err != nil {
		return nil, err
	}
	selected.bin(&q.CaptureQuery)
	return selected, nil
}

// Captures returns the captures that a query selects, up to its limit. It reads as many pages as
// that takes.
func (s *Searcher) Captures(ctx context.Context, q Query) ([]journal.Capture, error) {
	limit := journal.PageSize(q.Limit)
	found := []journal.Capture{}
	for {
		q.Limit = limit - len(found)
		page, err := s.Page(ctx, q, 0)
		if err != nil {
			return nil, err
		}
		if found = append(found, page.Captures...); page.Next == 0 || len(found) == limit {
			return found, nil
		}
		if q.Oldest {
			q.After = page.Next
		} else {
			q.Before = page.Next
		}
	}
}

// deleteBatch is how many captures Delete deletes at a time.
const deleteBatch = 1000

// Delete deletes the captures of a bin that a query selects, whatever its limit, and returns how
// many it deleted. It does not delete captures that arrive meanwhile. When it fails, or ctx ends,
// the returned number of captures has been deleted.
func (s *Searcher) Delete(ctx context.Context, q Query) (int, error) {
	if err := journal.CheckBin(q.Bin); err != nil {
		return 0, err
	}
	selected, err := s.prepare(&q)
	if err != nil {
		return 0, err
	}
	if q.Before == 0 {
		newest, err := s.o.Store.Captures(ctx, journal.CaptureQuery{Bin: q.Bin, Limit: 1})
		if err != nil || len(newest) == 0 {
			return 0, err
		}
		q.Before = newest[0].Seq + 1
	}
	deleted := 0
	var batch []uint64
	flush := func() error {
		n, err := s.o.Store.DeleteCaptures(ctx, batch...)
		deleted += n
		batch = batch[:0]
		return err
	}
	var failed error
	err = s.o.Store.Search(ctx, q.CaptureQuery, selected.texts, func(c *journal.Capture) bool {
		var is bool
		if is, failed = selected.selects(ctx, c); failed == nil && is {
			if batch = append(batch, c.Seq); len(batch) == deleteBatch {
				failed = flush()
			}
		}
		return failed == nil
	})
	if err = errors.Join(err, failed); err == nil {
		err = flush()
	}
	if err != nil {
		return deleted, fmt.Errorf("delete from bin %s: %d captures were deleted: %w", q.Bin, deleted, err)
	}
	return deleted, nil
}
