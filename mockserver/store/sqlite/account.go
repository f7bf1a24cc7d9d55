package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// account counts the bytes of all records by kind. The writer maintains it.
type account struct {
	captures  int64
	bins      int64
	finished  int64 // deliveries that are not pending
	pending   int64
	documents int64
}

func (a *account) all() int64 { return a.captures + a.finished + a.fixed() }

// fixed returns the bytes of records that cannot be evicted.
func (a *account) fixed() int64 { return a.bins + a.pending + a.documents }

// errNoRoom is the error of a record that does not fit even after evictions.
var errNoRoom = fmt.Errorf("no room: %w", journal.ErrFull)

// admit returns an error if a record of that size cannot fit.
func (w *writer) admit(what string, size int64) error {
	if room := w.s.o.Bytes - w.bytes.fixed(); size > room {
		return fmt.Errorf("%s has %d bytes, but only %d of %d are available: %w", what, size, max(0, room), w.s.o.Bytes, errNoRoom)
	}
	return nil
}

// ofState returns the part of the account that counts deliveries in a state.
func (w *writer) ofState(state journal.State) *int64 {
	if state == journal.Pending {
		return &w.bytes.pending
	}
	return &w.bytes.finished
}

// These are the names of counters: see schema/0004_bytes.sql.
const (
	evictedDeliveries = "evicted_deliveries"
	evictedCaptures   = "evicted_captures"
	pendingBytes      = "pending_bytes"
	finishedBytes     = "finished_bytes"
	documentBytes     = "document_bytes"
	lastSeq           = "last_seq"
	forgottenSeq      = "forgotten_seq"
	lastDelivery      = "last_delivery"
)

// loadAccount reads the counters.
func (w *writer) loadAccount(ctx context.Context) error {
	rows, err := w.conn.QueryContext(ctx, "SELECT name, value FROM counters")
	if err != nil {
		return err
	}
	w.counters = map[string]int64{}
	if err := each(rows, func() error {
		var name string
		var value int64
		err := rows.Scan(&name, &value)
		w.counters[name] = value
		return err
	}); err != nil {
		return err
	}
	w.bytes.pending, w.bytes.finished, w.bytes.documents = w.counters[pendingBytes], w.counters[finishedBytes], w.counters[documentBytes]
	w.seq = max(w.seq, uint64(w.counters[lastSeq]))
	return nil
}

// saveAccount writes the counters that the transaction changed.
func (w *writer) saveAccount(ctx context.Context) error {
	w.count(pendingBytes, w.bytes.pending)
	w.count(finishedBytes, w.bytes.finished)
	w.count(documentBytes, w.bytes.documents)
	for _, name := range w.counted {
		if _, err := w.stmts.setCounter.ExecContext(ctx, name, w.counters[name]); err != nil {
			return err
		}
	}
	w.counted = w.counted[:0]
	return nil
}

// count sets a counter. It is written with the transaction.
func (w *writer) count(name string, value int64) {
	if w.counters[name] != value {
		w.counters[name] = value
		if !slices.Contains(w.counted, name) {
			w.counted = append(w.counted, name)
		}
	}
}

// makeRoom evicts until all bytes fit or nothing is left to evict. It takes the oldest captures or
// the oldest deliveries that are not pending, whichever have more bytes.
func (w *writer) makeRoom(ctx context.Context) error {
	for w.bytes.all() > w.s.o.Bytes {
		if w.bytes.captures == 0 && w.bytes.finished == 0 {
			return nil
		}
		if w.bytes.captures < w.bytes.finished {
			if err := w.evictDelivery(); errors.Is(err, errNoRoom) {
				w.bytes.finished = 0 // the account counted bytes that no delivery has
			} else if err != nil {
				return err
			}
			continue
		}
		enough := func() bool { return w.bytes.all() <= w.s.o.Bytes || w.bytes.captures < w.bytes.finished }
		n, err := w.dropOldestOfAll(ctx, w.seq, enough)
		if err != nil {
			return err
		}
		if n == 0 {
			w.recount()
		}
	}
	return nil
}

// recount corrects bins that count missing captures. These count as evicted.
func (w *writer) recount() {
	for _, b := range w.bins {
		if b.count != 0 || b.bytes != 0 {
			w.resetCount(b)
		}
	}
	w.bytes.captures = 0
}

// resetCount sets the count of a bin without captures to 0.
func (w *writer) resetCount(b *bin) {
	b.evicted += uint64(max(0, b.count))
	w.bytes.captures -= b.bytes
	b.count, b.bytes = 0, 0
	w.touch(b)
	w.note(journal.Change{Kind: journal.CapturesEvicted, Bin: b.name, Seq: b.last})
}

// noteEmpty records that a bin may be empty. It deletes the bins that became empty first if there
// are too many.
func (w *writer) noteEmpty(ctx context.Context, b *bin) error {
	if b.count > 0 {
		return nil
	}
	if !b.listed {
		b.listed = true
		w.emptyBins = append(w.emptyBins, b)
	}
	for len(w.emptyBins) > w.s.o.EmptyBins() {
		first := w.emptyBins[0]
		w.emptyBins = w.emptyBins[1:]
		first.listed = false
		if first.count > 0 {
			continue
		}
		if _, err := w.stmts.deleteBin.ExecContext(ctx, first.id); err != nil {
			return err
		}
		delete(w.bins, first.name)
		delete(w.byID, first.id)
		w.bytes.bins -= first.size()
		w.count(lastSeq, max(w.counters[lastSeq], int64(first.last)))
		if first.evicted > 0 {
			w.count(evictedCaptures, w.counters[evictedCaptures]+int64(first.evicted))
			w.count(forgottenSeq, max(w.counters[forgottenSeq], int64(first.last)))
		}
	}
	return nil
}

// markInterval is how often the store notes the newest numbers when no age limit is set.
const markInterval = 10 * time.Minute

// expiryInterval returns how often the store looks for records that are too old.
func (s *store) expiryInterval() time.Duration {
	if s.o.For == 0 {
		return markInterval
	}
	return min(max(s.o.For/20, 10*time.Millisecond), time.Minute)
}

// expire notes the newest numbers and evicts what was stored too long ago. It does so in portions,
// so that other requests do not have to wait for all of them.
func (s *store) expire(ctx context.Context) error {
	for {
		more := false
		err := s.free(ctx, func(w *writer) (err error) {
			more, err = w.expire(context.Background(), time.Now())
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}

func (w *writer) expire(ctx context.Context, now time.Time) (more bool, err error) {
	if _, err := w.stmts.insertMark.ExecContext(ctx, now.UnixNano(), int64(w.seq), int64(w.deliverySeq)); err != nil {
		return false, err
	}
	if w.s.o.For == 0 {
		return false, nil
	}
	var at, capture, delivery sql.NullInt64
	if err := w.stmts.oldMark.QueryRowContext(ctx, now.Add(-w.s.o.For).UnixNano()).Scan(&at, &capture, &delivery); err != nil || !at.Valid {
		return false, err
	}
	n, err := w.dropOldestOfAll(ctx, uint64(capture.Int64), func() bool { return false })
	if err != nil || n == evictAtOnce {
		return true, err
	}
	for range evictAtOnce / 10 {
		switch err := w.evictDeliveryUpTo(delivery.Int64); {
		case errors.Is(err, errNoRoom):
			_, err := w.stmts.deleteMarks.ExecContext(ctx, at.Int64)
			return false, err
		case err != nil:
			return false, err
		}
	}
	return true, nil
}
