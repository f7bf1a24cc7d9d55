package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
)

// Search reads only the captures that the text indexes cannot rule out, and those without an index.
func (s *store) Search(ctx context.Context, q journal.CaptureQuery, texts []string, visit func(*journal.Capture) bool) error {
	folded := make([][]byte, len(texts))
	for i, text := range texts {
		folded[i] = journal.Fold(nil, text)
	}
	f := &search{s: s, q: q, visit: visit, grams: textindex.GramsOf(folded)}
	err := f.run(ctx)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough stops a search.
var errEnough = errors.New("enough")

// search is the state of one call of Search.
type search struct {
	s     *store
	q     journal.CaptureQuery
	grams []uint32
	visit func(*journal.Capture) bool

	// from and to delimit captures that will be read: from <= seq < to. Reading is deferred because
	// the next ones may follow directly.
	from, to int64
}

func (f *search) run(ctx context.Context) error {
	after, before := bounds(f.q.After, f.q.Before)
	if after == math.MaxInt64 || after+1 >= before {
		// fails if the store is closed
		return f.s.query(ctx, f.s.read.slice.QueryContext, func(*sql.Rows) error { return nil }, 0)
	}
	low, high := after+1, before
	textIndexes, err := f.textIndexes(ctx, low/textindex.SegmentSize, (high-1)/textindex.SegmentSize)
	if err != nil {
		return err
	}
	for _, v := range textIndexes {
		begin := max(low, v.segment*textindex.SegmentSize)
		end := min(high, (v.segment+1)*textindex.SegmentSize)
		if f.q.Oldest {
			err = f.read(ctx, low, begin)
			low = end
		} else {
			err = f.read(ctx, end, high)
			high = begin
		}
		if err == nil {
			err = f.filter(ctx, v, begin, end)
		}
		if err != nil {
			return err
		}
	}
	if err := f.read(ctx, low, high); err != nil {
		return err
	}
	return f.flush(ctx)
}

// storedIndex is a text index in the file.
type storedIndex struct {
	segment int64
	slices  int
}

// textIndexes returns the indexes of a range of segments, in the order of the search.
func (f *search) textIndexes(ctx context.Context, first, last int64) ([]storedIndex, error) {
	var all []storedIndex
	if len(f.grams) == 0 {
		return nil, ctx.Err() // an index needs grams
	}
	ask := f.s.read.textIndexesDown
	if f.q.Oldest {
		ask = f.s.read.textIndexes
	}
	err := f.s.query(ctx, ask.QueryContext, func(rows *sql.Rows) error {
		var v storedIndex
		err := rows.Scan(&v.segment, &v.slices)
		all = append(all, v)
		return err
	}, first, last)
	return all, err
}

// filter reads those blocks of a segment between begin and end that may contain the texts.
func (f *search) filter(ctx context.Context, v storedIndex, begin, end int64) error {
	if v.slices == 0 {
		return f.read(ctx, begin, end)
	}
	left := textindex.All()
	for i, gram := range f.grams {
		some, there := false, false
		var rows sql.RawBytes
		if err := f.s.query(ctx, f.s.read.slice.QueryContext, func(r *sql.Rows) error {
			if err := r.Scan(&rows); err != nil {
				return err
			}
			if len(rows) != textindex.SliceRows*textindex.RowSize {
				return ErrCorrupt
			}
			some, there = left.Filter(textindex.Row(rows, gram)), true
			return nil
		}, textindex.SliceOf(v.segment, v.slices, gram)); err != nil {
			return err
		}
		if !there { // the index was just deleted
			return f.read(ctx, begin, end)
		}
		if !some {
			// The next segment may lack the same gram, so it is looked up first there.
			copy(f.grams[1:i+1], f.grams[:i])
			f.grams[0] = gram
			return nil
		}
	}
	return f.blocks(ctx, v.segment, &left, begin, end)
}

// blocks reads the blocks that are left, in the order of the search.
func (f *search) blocks(ctx context.Context, segment int64, left *textindex.Set, begin, end int64) error {
	order := make([]int, 0, textindex.Blocks)
	for block := range textindex.Blocks {
		if left.Has(block) {
			order = append(order, block)
		}
	}
	if !f.q.Oldest {
		slices.Reverse(order)
	}
	for _, block := range order {
		first := segment*textindex.SegmentSize + int64(block)*textindex.BlockSize
		if err := f.read(ctx, max(begin, first), min(end, first+textindex.BlockSize)); err != nil {
			return err
		}
	}
	return nil
}

// read reads the captures from <= seq < to, at once or later together with those that follow.
func (f *search) read(ctx context.Context, from, to int64) error {
	switch {
	case from >= to:
		return nil
	case f.from == f.to:
		f.from, f.to = from, to
	case f.q.Oldest && from == f.to:
		f.to = to
	case !f.q.Oldest && to == f.from:
		f.from = from
	default:
		err := f.flush(ctx)
		f.from, f.to = from, to
		return err
	}
	if f.to-f.from >= textindex.SegmentSize {
		return f.flush(ctx)
	}
	return nil
}

// Captures are read in portions, so that visit does not block one of SQLite's readers. The first
// portion is small, because it may be enough.
const (
	firstPortion   = 64
	largestPortion = 1024
	portionBytes   = 4 << 20
)

// flush reads what read has deferred.
func (f *search) flush(ctx context.Context) error {
	q := f.q
	low, high := f.from, f.to
	f.from, f.to = 0, 0
	for portion := firstPortion; low < high; portion = min(2*portion, largestPortion) {
		q.After, q.Before = uint64(low-1), uint64(high)
		found, err := f.portion(ctx, q, portion)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
		for i := range found {
			if !f.visit(&found[i]) {
				return errEnough
			}
		}
		if last := int64(found[len(found)-1].Seq); f.q.Oldest {
			low = last + 1
		} else {
			high = last
		}
	}
	return nil
}

// portion returns up to n captures of a query. It stops after portionBytes.
func (f *search) portion(ctx context.Context, q journal.CaptureQuery, n int) ([]journal.Capture, error) {
	stmt, args := f.s.read.page(q, n)
	var found []journal.Capture
	total := 0
	err := f.s.query(ctx, stmt.QueryContext, func(rows *sql.Rows) error {
		c, err := scanCapture(rows)
		if err != nil {
			return err
		}
		found = append(found, c)
		if total += c.Size(); total >= portionBytes {
			return errEnough
		}
		return nil
	}, args...)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}
