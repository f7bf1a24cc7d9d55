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

// account holds the bytes of all records, by what can make room. The writer keeps it.
type account struct {
	captures  int64
	bins      int64
	finished  int64 // deliveries that are not pending
	pending   int64
	documents int64
}

func (a *account) all() int64 { return a.captures + a.finished + a.fixed() }

// fixed are those of records that make no room for others.
func (a *account) fixed() int64 { return a.bins + a.pending + a.documents }

// errRoom is the answer when a record has no room, and none can be made for it.
var errRoom = fmt.Errorf("no room: %w", journal.ErrFull)

// admit returns an error unless a record of so many bytes can have room.
func (w *writer) admit(what string, size int64) error {
	if room := w.s.o.Bytes - w.bytes.fixed(); size > room {
		return fmt.Errorf("%s of %d bytes, %d of %d can be had: %w", what, size, max(0, room), w.s.o.Bytes, errRoom)
	}
	return nil
}

// ofState is the part of the account that a delivery in that state counts in.
func (w *writer) ofState(state journal.State) *int64 {
	if state == journal.Pending {
		return &w.bytes.pending
	}
	return &w.bytes.finished
}

// The counters: see schema/0004_bytes.sql.
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

// loadAccount reads what the counters hold of it.
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

// count sets a counter; it is written with the transaction.
func (w *writer) count(name string, value int64) {
	if w.counters[name] != value {
		w.counters[name] = value
		if !slices.Contains(w.counted, name) {
			w.counted = append(w.counted, name)
		}
	}
}

// makeRoom evicts until all bytes fit, or nothing is left that can be evicted: the oldest captures, or the oldest deliveries
// that are not pending, whichever are more bytes.
func (w *writer) makeRoom(ctx context.Context) error {
	for w.bytes.all() > w.s.o.Bytes {
		if w.bytes.captures == 0 && w.bytes.finished == 0 {
			return nil
		}
		if w.bytes.captures < w.bytes.finished {
			if err := w.evictDelivery(); errors.Is(err, errRoom) {
				w.bytes.finished = 0 // it counted bytes that no delivery has
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

// recount corrects bins that count captures which are not there: they count as evicted.
func (w *writer) recount() {
	for _, b := range w.bins {
		if b.count != 0 || b.bytes != 0 {
			w.lost(b)
		}
	}
	w.bytes.captures = 0
}

// lost notes that a bin holds no capture, whatever it counts.
func (w *writer) lost(b *bin) {
	b.evicted += uint64(max(0, b.count))
	w.bytes.captures -= b.bytes
	b.count, b.bytes = 0, 0
	w.touch(b)
	w.note(journal.Change{Kind: journal.CapturesEvicted, Bin: b.name, Seq: b.last})
}

// emptied notes that a bin may hold nothing any more, and forgets those that became empty first when they are too many.
func (w *writer) emptied(ctx context.Context, b *bin) error {
	if b.count > 0 {
		return nil
	}
	if !b.listed {
		b.listed = true
		w.empties = append(w.empties, b)
	}
	for len(w.empties) > w.s.o.EmptyBins() {
		first := w.empties[0]
		w.empties = w.empties[1:]
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

// usualMark is how often it is noted what was stored by then, while nothing is too old.
const usualMark = 10 * time.Minute

// expiry is how often what is too old is looked for.
func (s *store) expiry() time.Duration {
	if s.o.For == 0 {
		return usualMark
	}
	return min(max(s.o.For/20, 10*time.Millisecond), time.Minute)
}

// expire marks what was stored by now, and evicts what was stored too long ago, in portions, so that others need not wait for
// the end of it.
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
		case errors.Is(err, errRoom):
			_, err := w.stmts.deleteMarks.ExecContext(ctx, at.Int64)
			return false, err
		case err != nil:
			return false, err
		}
	}
	return true, nil
}
