package postgres

import (
	"context"
	"math"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

const (
	// markInterval is how often the store notes the newest numbers when no age limit is set.
	markInterval = 10 * time.Minute
	// pruneInterval is how often the store deletes rows of changes that are older than changesKept,
	// and partitions without captures.
	pruneInterval = 20 * time.Second
)

// changesKept is how long rows of changes are kept. A node that reads none for longer tells its
// watches that they missed changes.
const changesKept = "2 minutes"

// expiryInterval returns how often the store looks for records that are too old.
func (s *store) expiryInterval() time.Duration {
	if s.o.For == 0 {
		return markInterval
	}
	return min(max(s.o.For/20, 10*time.Millisecond), time.Minute)
}

// keepExpiring evicts records that are too old, until the store is closed. After an error the next
// round tries again.
func (s *store) keepExpiring() {
	expiring, pruning := time.NewTicker(s.expiryInterval()), time.NewTicker(pruneInterval)
	defer expiring.Stop()
	defer pruning.Stop()
	s.log("evicting old records", s.expire(s.closing))
	for {
		select {
		case <-expiring.C:
			s.log("evicting old records", s.expire(s.closing))
		case <-pruning.C:
			s.log("deleting old changes", s.query(s.closing, "DELETE FROM changes WHERE at < clock_timestamp() - interval '"+changesKept+"'", nil))
			s.log("dropping partitions", s.clean(s.closing))
		case <-s.closing.Done():
			return
		}
	}
}

// log reports a failure of background work.
func (s *store) log(doing string, err error) {
	if err != nil && s.closing.Err() == nil && !s.queue.isClosed() {
		s.logger.Warn(doing, "error", err)
	}
}

// expire notes the newest numbers and evicts what was stored too long ago. It does so in portions,
// so that other requests do not have to wait for all of them.
func (s *store) expire(ctx context.Context) error {
	for {
		more := false
		err := s.submit(ctx, needs{}, func(t *tx) (err error) {
			more, err = t.expire()
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

func (t *tx) expire() (more bool, err error) {
	t.addFlush()
	t.batch.add(sqlMark, [][]byte{number(t.row.seq), number(t.row.delivery)}, nil)
	t.changed = true
	if t.o.For == 0 {
		return false, nil
	}
	var at, capture, delivery int64
	t.batch.add(sqlOldMark, [][]byte{number(t.o.For.Microseconds())}, func(row [][]byte) error {
		at, capture, delivery = integer(row[0]), integer(row[1]), integer(row[2])
		return nil
	})
	if err := t.batch.run(); err != nil || at == 0 {
		return false, err
	}
	n, err := t.dropOldestOfAll(uint64(capture), func() int64 { return math.MaxInt64 })
	if err != nil || n >= evictAtOnce {
		return true, err
	}
	for range evictAtOnce / 10 {
		found, err := t.evictDelivery(delivery)
		if err != nil {
			return false, err
		}
		if !found {
			t.batch.add(sqlDeleteMarks, [][]byte{number(at)}, nil)
			return false, nil
		}
	}
	return true, nil
}

// trimBins evicts what is over the limit of a bin, because the limit was lowered.
func (s *store) trimBins(ctx context.Context) error {
	for {
		n := 0
		err := s.submit(ctx, needs{}, func(t *tx) error {
			n = 0
			t.batch.add(sqlLargeBins, [][]byte{number(s.o.PerBin)}, func(row [][]byte) error {
				n++
				return t.scanBin(row)
			})
			if err := t.flush(); err != nil {
				return err
			}
			for _, b := range t.byID {
				if b.count > int64(s.o.PerBin) {
					evicted, err := t.dropOldest(b, b.last, min(int(b.count)-s.o.PerBin, evictAtOnce), journal.CapturesEvicted)
					if err != nil {
						return err
					}
					b.evicted += int64(evicted)
					t.row.evictedCaptures += int64(evicted)
					return nil // the others follow, so that other requests do not wait for all
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
