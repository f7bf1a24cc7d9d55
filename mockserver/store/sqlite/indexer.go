package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"
)

// indexer makes the text indexes, each once its segment is full, on a goroutine of its own. Under load it holds back.
type indexer struct {
	s       *store
	last    atomic.Uint64 // number of the last capture
	wanted  chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup

	textIndex *textIndex // nil until one is made
	review    int64      // the segment whose text index is next looked at whether it is still of use
	load      load
}

func newIndexer(s *store) *indexer {
	ctx, cancel := context.WithCancel(context.Background())
	x := &indexer{s: s, wanted: make(chan struct{}, 1), cancel: cancel}
	x.wanted <- struct{}{} // the last run of the program may have left some
	x.running.Go(func() {
		for {
			select {
			case <-x.wanted:
				_ = x.index(ctx) // what is left is read through, and tried again when the next segment is full
			case <-ctx.Done():
				return
			}
		}
	})
	return x
}

// reach is told the number of the last capture.
func (x *indexer) reach(seq uint64) {
	if x.last.Swap(seq)/segmentSize != seq/segmentSize {
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

// index makes the text indexes that are missing, oldest first.
func (x *indexer) index(ctx context.Context) error {
	for {
		var oldest, last, done int64
		if err := x.s.query(ctx, x.s.read.extent.QueryContext, func(rows *sql.Rows) error {
			return rows.Scan(&oldest, &last, &done)
		}); err != nil {
			return err
		}
		segment := max(done+1, oldest/segmentSize)
		if oldest == 0 || segment >= (last+1)/segmentSize {
			return nil
		}
		if (last+1)/segmentSize-segment < mostBehind && x.load.heavy(x.last.Load(), time.Now()) {
			select {
			case <-time.After(holdBack):
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

// While captures come faster than heavyLoad the processors are theirs, unless so many segments lie behind.
const (
	heavyLoad  = 2000 // captures a second
	holdBack   = 250 * time.Millisecond
	mostBehind = 128
)

// load is how many captures had come at a time.
type load struct {
	seq uint64
	at  time.Time
}

// heavy says whether captures came fast since it was last asked.
func (l *load) heavy(seq uint64, now time.Time) bool {
	before := *l
	l.seq, l.at = seq, now
	return float64(seq-before.seq) > heavyLoad*now.Sub(before.at).Seconds()
}

// minIndexed is the count of captures below which a segment gets no text index.
const minIndexed = segmentSize / 16

// held is how many captures a segment has, thin at most.
func (x *indexer) held(ctx context.Context, segment int64) (n int, err error) {
	err = x.s.query(ctx, x.s.read.count.QueryContext, func(rows *sql.Rows) error { return rows.Scan(&n) },
		segment*segmentSize, (segment+1)*segmentSize, minIndexed)
	return n, err
}

// make makes the text index of one segment.
func (x *indexer) make(ctx context.Context, segment int64) error {
	n, err := x.held(ctx, segment)
	if err != nil {
		return err
	}
	if n < minIndexed {
		return x.save(ctx, segment, 0)
	}
	if x.textIndex == nil {
		x.textIndex = newTextIndex()
	}
	x.textIndex.reset()
	const atOnce = 256 // captures, so that nobody's reading takes long
	for first := segment * segmentSize; first < (segment+1)*segmentSize; first += atOnce {
		err := x.s.query(ctx, x.s.read.oldest.QueryContext, func(rows *sql.Rows) error {
			c, err := scanCapture(rows)
			if err == nil {
				x.textIndex.add(&c)
			}
			return err
		}, first-1, first+atOnce, atOnce)
		if err != nil {
			return err
		}
	}
	x.textIndex.shrink()
	return x.save(ctx, segment, x.textIndex.slices())
}

// slicesAtOnce bounds how much of a text index one operation stores, so that captures need not wait for all of it: 128 KiB.
const slicesAtOnce = 64

// save stores that many slices of the text index in the place of those that the segment has.
func (x *indexer) save(ctx context.Context, segment int64, slices int) error {
	background := context.Background()
	err := x.s.write(ctx, func(w *writer) error {
		_, err := w.stmts.deleteSlices.ExecContext(background, segment*mostSlices, (segment+1)*mostSlices)
		return err
	})
	for first := 0; err == nil && first < slices; first += slicesAtOnce {
		err = x.s.write(ctx, func(w *writer) error {
			var rows []byte
			for n := first; n < min(first+slicesAtOnce, slices); n++ {
				rows = x.textIndex.slice(rows[:0], n)
				if _, err := w.stmts.insertSlice.ExecContext(background, segment*mostSlices+int64(n), rows); err != nil {
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

// reviewed is how many text indexes are looked at for each that is made, so that there are never many without use.
const reviewed = 4

// clean looks at some of the text indexes before a segment, in turns, and gives up those whose captures are gone.
func (x *indexer) clean(ctx context.Context, segment int64) error {
	type stored struct {
		segment int64
		slices  int
	}
	var some []stored
	if err := x.s.query(ctx, x.s.read.textIndexes.QueryContext, func(rows *sql.Rows) error {
		var v stored
		if len(some) == reviewed {
			return nil
		}
		err := rows.Scan(&v.segment, &v.slices)
		some = append(some, v)
		return err
	}, x.review, segment-1); err != nil {
		return err
	}
	x.review = 0
	if len(some) == reviewed {
		x.review = some[reviewed-1].segment + 1
	}
	for _, v := range some {
		n, err := x.held(ctx, v.segment)
		if err != nil {
			return err
		}
		if n < minIndexed && v.slices > 0 {
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
