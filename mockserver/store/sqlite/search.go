package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Search reads those captures that the text indexes let through, and what has no text index.
func (s *store) Search(ctx context.Context, q journal.CaptureQuery, texts []string, visit func(*journal.Capture) bool) error {
	folded := make([][]byte, len(texts))
	for i, text := range texts {
		folded[i] = journal.Fold(nil, text)
	}
	f := &search{s: s, q: q, visit: visit, grams: gramsOf(folded)}
	err := f.run(ctx)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends a search.
var errEnough = errors.New("enough")

// search is one Search.
type search struct {
	s     *store
	q     journal.CaptureQuery
	grams []uint32
	visit func(*journal.Capture) bool

	from, to int64 // numbers that are to be read, from <= seq < to, and are not yet, because more may follow at once
}

func (f *search) run(ctx context.Context) error {
	after, before := bounds(f.q.After, f.q.Before)
	if after == math.MaxInt64 || after+1 >= before {
		return f.s.query(ctx, f.s.read.slice.QueryContext, func(*sql.Rows) error { return nil }, 0) // only whether it may be asked
	}
	low, high := after+1, before
	textIndexes, err := f.textIndexes(ctx, low/segmentSize, (high-1)/segmentSize)
	if err != nil {
		return err
	}
	for _, v := range textIndexes {
		begin := max(low, v.segment*segmentSize)
		end := min(high, (v.segment+1)*segmentSize)
		if f.q.Oldest {
			err = f.read(ctx, low, begin)
			low = end
		} else {
			err = f.read(ctx, end, high)
			high = begin
		}
		if err == nil {
			err = f.sift(ctx, v, begin, end)
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

// stored is a text index of the file.
type stored struct {
	segment int64
	slices  int
}

// textIndexes returns those between two segments, in the order of the search.
func (f *search) textIndexes(ctx context.Context, first, last int64) ([]stored, error) {
	var all []stored
	if len(f.grams) == 0 {
		return nil, ctx.Err() // they would tell nothing
	}
	ask := f.s.read.textIndexesDown
	if f.q.Oldest {
		ask = f.s.read.textIndexes
	}
	err := f.s.query(ctx, ask.QueryContext, func(rows *sql.Rows) error {
		var v stored
		err := rows.Scan(&v.segment, &v.slices)
		all = append(all, v)
		return err
	}, first, last)
	return all, err
}

// sift has those blocks of a segment read that may hold the texts, as far as they lie from begin to end.
func (f *search) sift(ctx context.Context, v stored, begin, end int64) error {
	if v.slices == 0 {
		return f.read(ctx, begin, end)
	}
	left := allBlocks()
	for i, gram := range f.grams {
		some, there := false, false
		var rows sql.RawBytes
		if err := f.s.query(ctx, f.s.read.slice.QueryContext, func(r *sql.Rows) error {
			if err := r.Scan(&rows); err != nil {
				return err
			}
			if len(rows) != sliceRows*rowSize {
				return ErrCorrupt
			}
			some, there = left.sift(rows, gram), true
			return nil
		}, sliceOf(v.segment, v.slices, gram)); err != nil {
			return err
		}
		if !there { // it was given up a moment ago
			return f.read(ctx, begin, end)
		}
		if !some {
			// What one segment lacks the next may lack too: it is asked for first.
			copy(f.grams[1:i+1], f.grams[:i])
			f.grams[0] = gram
			return nil
		}
	}
	return f.blocks(ctx, v.segment, &left, begin, end)
}

// blocks has the blocks that are left read, in the order of the search.
func (f *search) blocks(ctx context.Context, segment int64, left *blockSet, begin, end int64) error {
	order := make([]int, 0, blocks)
	for block := range blocks {
		if left.has(block) {
			order = append(order, block)
		}
	}
	if !f.q.Oldest {
		slices.Reverse(order)
	}
	for _, block := range order {
		first := segment*segmentSize + int64(block)*blockSize
		if err := f.read(ctx, max(begin, first), min(end, first+blockSize)); err != nil {
			return err
		}
	}
	return nil
}

// read has the captures from <= seq < to read, at once or together with those that follow.
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
	if f.to-f.from >= segmentSize {
		return f.flush(ctx)
	}
	return nil
}

// Captures are read in portions, so that none of SQLite's readers waits for a visit: the first one is small, since it
// may be enough.
const (
	firstPortion   = 64
	largestPortion = 1024
	portionBytes   = 4 << 20
)

// flush reads what read has put off.
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

// portion returns up to n captures of a query, and no more than portionBytes but for the first.
func (f *search) portion(ctx context.Context, q journal.CaptureQuery, n int) ([]journal.Capture, error) {
	stmt, args := f.s.read.page(q, n)
	var found []journal.Capture
	held := 0
	err := f.s.query(ctx, stmt.QueryContext, func(rows *sql.Rows) error {
		c, err := scanCapture(rows)
		if err != nil {
			return err
		}
		found = append(found, c)
		if held += c.Size(); held >= portionBytes {
			return errEnough
		}
		return nil
	}, args...)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}
