package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
)

// indexer builds the text index of each segment that is full, in its own goroutine. It pauses under
// load.
type indexer struct {
	s       *store
	last    atomic.Uint64 // the number of the last capture
	wanted  chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup

	textIndex  *textindex.Index // reused for all segments; nil at first
	nextReview int64            // the first segment of the next review
	load       load
}

func newIndexer(s *store) *indexer {
	ctx, cancel := context.WithCancel(context.Background())
	x := &indexer{s: s, wanted: make(chan struct{}, 1), cancel: cancel}
	x.wanted <- struct{}{} // an earlier run of the program may have left segments without an index
	x.running.Go(func() {
		for {
			select {
			case <-x.wanted:
				_ = x.index(ctx) // after an error it tries again when the next segment is full
			case <-ctx.Done():
				return
			}
		}
	})
	return x
}

// notify sets the number of the last capture.
func (x *indexer) notify(seq uint64) {
	if x.last.Swap(seq)/textindex.SegmentSize != seq/textindex.SegmentSize {
		select {
		case x.wanted <- struct{}{}:
		default:
		}
	}
}

func (x *indexer) close() {
	x.cancel()
	x.running.Wait()
}

// index builds the missing text indexes, oldest first.
func (x *indexer) index(ctx context.Context) error {
	for {
		var oldest, last, done int64
		if err := x.s.query(ctx, x.s.read.extent.QueryContext, func(rows *sql.Rows) error {
			return rows.Scan(&oldest, &last, &done)
		}); err != nil {
			return err
		}
		segment := max(done+1, oldest/textindex.SegmentSize)
		if oldest == 0 || segment >= (last+1)/textindex.SegmentSize {
			return nil
		}
		if (last+1)/textindex.SegmentSize-segment < maxBacklog && x.load.heavy(x.last.Load(), time.Now()) {
			select {
			case <-time.After(loadPause):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := x.make(ctx, segment); err != nil {
			return err
		}
		if err := x.clean(ctx, segment); err != nil {
			return err
		}
	}
}

// The indexer pauses while captures arrive faster than heavyLoad, unless more than maxBacklog
// segments have no index.
const (
	heavyLoad  = 2000 // captures a second
	loadPause  = 250 * time.Millisecond
	maxBacklog = 128
)

// load is the number of the last capture at a time.
type load struct {
	seq uint64
	at  time.Time
}

// heavy reports whether captures arrived fast since its last call.
func (l *load) heavy(seq uint64, now time.Time) bool {
	before := *l
	l.seq, l.at = seq, now
	return float64(seq-before.seq) > heavyLoad*now.Sub(before.at).Seconds()
}

// countCaptures counts the captures of a segment, up to textindex.MinIndexed.
func (x *indexer) countCaptures(ctx context.Context, segment int64) (n int, err error) {
	err = x.s.query(ctx, x.s.read.count.QueryContext, func(rows *sql.Rows) error { return rows.Scan(&n) },
		segment*textindex.SegmentSize, (segment+1)*textindex.SegmentSize, textindex.MinIndexed)
	return n, err
}

// make builds the text index of one segment.
func (x *indexer) make(ctx context.Context, segment int64) error {
	n, err := x.countCaptures(ctx, segment)
	if err != nil {
		return err
	}
	if n < textindex.MinIndexed {
		return x.save(ctx, segment, 0)
	}
	if x.textIndex == nil {
		x.textIndex = textindex.New()
	}
	x.textIndex.Reset()
	const atOnce = 256 // captures of one query, so that it is short
	for first := segment * textindex.SegmentSize; first < (segment+1)*textindex.SegmentSize; first += atOnce {
		err := x.s.query(ctx, x.s.read.oldest.QueryContext, func(rows *sql.Rows) error {
			c, err := scanCapture(rows)
			if err == nil {
				x.textIndex.Add(&c)
			}
			return err
		}, first-1, first+atOnce, atOnce)
		if err != nil {
			return err
		}
	}
	x.textIndex.Shrink()
	return x.save(ctx, segment, x.textIndex.Slices())
}

// slicesAtOnce is how many slices one operation stores, 128 KiB, so that captures do not wait for
// the whole text index.
const slicesAtOnce = 64

// save stores that many slices of the text index, and replaces the segment's old ones.
func (x *indexer) save(ctx context.Context, segment int64, slices int) error {
	background := context.Background()
	err := x.s.write(ctx, func(w *writer) error {
		_, err := w.stmts.deleteSlices.ExecContext(background, segment*textindex.MaxSlices, (segment+1)*textindex.MaxSlices)
		return err
	})
	for first := 0; err == nil && first < slices; first += slicesAtOnce {
		err = x.s.write(ctx, func(w *writer) error {
			var rows []byte
			for n := first; n < min(first+slicesAtOnce, slices); n++ {
				rows = x.textIndex.Slice(rows[:0], n)
				if _, err := w.stmts.insertSlice.ExecContext(background, segment*textindex.MaxSlices+int64(n), rows); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	return x.s.write(ctx, func(w *writer) error {
		_, err := w.stmts.insertTextIndex.ExecContext(background, segment, slices)
		return err
	})
}

// reviewsPerIndex is how many old text indexes are reviewed for each new one, so that useless ones
// do not accumulate.
const reviewsPerIndex = 4

// clean reviews some text indexes before a segment, continuing where the last call ended. It
// deletes those whose captures are deleted.
func (x *indexer) clean(ctx context.Context, segment int64) error {
	type storedIndex struct {
		segment int64
		slices  int
	}
	var some []storedIndex
	if err := x.s.query(ctx, x.s.read.textIndexes.QueryContext, func(rows *sql.Rows) error {
		var v storedIndex
		if len(some) == reviewsPerIndex {
			return nil
		}
		err := rows.Scan(&v.segment, &v.slices)
		some = append(some, v)
		return err
	}, x.nextReview, segment-1); err != nil {
		return err
	}
	x.nextReview = 0
	if len(some) == reviewsPerIndex {
		x.nextReview = some[reviewsPerIndex-1].segment + 1
	}
	for _, v := range some {
		n, err := x.countCaptures(ctx, v.segment)
		if err != nil {
			return err
		}
		if n < textindex.MinIndexed && v.slices > 0 {
			if err := x.save(ctx, v.segment, 0); err != nil {
				return err
			}
		}
		if n > 0 {
			continue
		}
		if err := x.s.write(ctx, func(w *writer) error {
			_, err := w.stmts.deleteTextIndex.ExecContext(context.Background(), v.segment)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
