package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
)

// Search reads only the captures that the text indexes cannot rule out, and those without an index.
// It makes the indexer build those that are missing, for later searches.
func (s *store) Search(ctx context.Context, q journal.CaptureQuery, texts []string, visit func(*journal.Capture) bool) error {
	folded := make([][]byte, len(texts))
	for i, text := range texts {
		folded[i] = journal.Fold(nil, text)
	}
	f := &search{s: s, q: q, grams: textindex.GramsOf(folded), visit: visit}
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
	if len(f.grams) == 0 || after == math.MaxInt64 || after+1 >= before {
		return f.scan(ctx, f.q)
	}
	defer f.s.wantIndexes()
	low, high := after+1, before
	indexed, err := f.s.indexedPartitions(ctx)
	if err != nil {
		return err
	}
	if !f.q.Oldest {
		slices.Reverse(indexed)
	}
	for _, p := range indexed {
		for {
			segments, err := f.segments(ctx, p, low, high)
			if err != nil {
				return err
			}
			for _, v := range segments {
				first := v.number * textindex.SegmentSize
				begin, end := max(low, first), min(high, first+textindex.SegmentSize)
				if f.q.Oldest {
					err = f.read(ctx, low, begin)
					low = end
				} else {
					err = f.read(ctx, end, high)
					high = begin
				}
				if err == nil {
					err = f.blocks(ctx, first, v, begin, end)
				}
				if err != nil {
					return err
				}
			}
			if len(segments) < segmentsAtOnce {
				break
			}
		}
	}
	if err := f.read(ctx, low, high); err != nil {
		return err
	}
	return f.flush(ctx)
}

// segmentsAtOnce is how many text indexes are looked at with one statement.
const segmentsAtOnce = 64

// segment is what the text index of a segment says about a search.
type segment struct {
	number int64
	left   textindex.Set // blocks that may contain the texts
}

// segments returns the next indexed segments of a partition between low and high, in the order of
// the search. If the partition was just dropped, there are none.
func (f *search) segments(ctx context.Context, partition, low, high int64) ([]segment, error) {
	order := newestFirst
	if f.q.Oldest {
		order = oldestFirst
	}
	args := [][]byte{number(low / textindex.SegmentSize), number((high - 1) / textindex.SegmentSize)}
	var rows []string
	for _, gram := range f.grams {
		args = append(args, number(int64(gram)))
		rows = append(rows, fmt.Sprintf("substr(rows, ($%d %% (length(rows) / %d)::bigint)::int * %[2]d + 1, %[2]d)", len(args), textindex.RowSize))
	}
	sql := fmt.Sprintf("SELECT segment, %s FROM %s WHERE segment >= $1 AND segment <= $2 AND length(rows) > 0 ORDER BY segment %s LIMIT %d",
		strings.Join(rows, " || "), textTable(partition), order, segmentsAtOnce)
	var found []segment
	err := f.s.query(ctx, sql, func(row [][]byte) error {
		v := segment{integer(row[0]), textindex.All()}
		for i := range f.grams {
			if len(row[1]) != len(f.grams)*textindex.RowSize {
				return errCorrupt
			}
			if !v.left.Filter(row[1][i*textindex.RowSize:][:textindex.RowSize]) {
				break
			}
		}
		found = append(found, v)
		return nil
	}, args...)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == stateNoTable {
		return nil, nil
	}
	return found, err
}

// blocks reads the blocks of a segment that may contain the texts, in the order of the search.
func (f *search) blocks(ctx context.Context, first int64, v segment, begin, end int64) error {
	for i := range textindex.Blocks {
		block := i
		if !f.q.Oldest {
			block = textindex.Blocks - 1 - i
		}
		if !v.left.Has(block) {
			continue
		}
		from := first + int64(block)*textindex.BlockSize
		if err := f.read(ctx, max(begin, from), min(end, from+textindex.BlockSize)); err != nil {
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
	return nil
}

// flush reads what read has deferred.
func (f *search) flush(ctx context.Context) error {
	if f.from >= f.to {
		return ctx.Err()
	}
	q := f.q
	q.After, q.Before = uint64(f.from-1), uint64(f.to)
	f.from, f.to = 0, 0
	return f.scan(ctx, q)
}

// Captures are read in portions. The first portion is small, because it may be enough.
const (
	firstPortion   = 64
	largestPortion = 1024
	portionBytes   = 4 << 20
)

// scan reads all captures of a query.
func (f *search) scan(ctx context.Context, q journal.CaptureQuery) error {
	for portion := firstPortion; ; portion = min(2*portion, largestPortion) {
		found, err := f.s.page(ctx, q, portion, portionBytes)
		if err != nil || len(found) == 0 {
			return err
		}
		for i := range found {
			if !f.visit(&found[i]) {
				return errEnough
			}
		}
		if last := found[len(found)-1].Seq; q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
	}
}
