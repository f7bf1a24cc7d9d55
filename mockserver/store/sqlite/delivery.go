package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func (s *store) SaveDeliveries(ctx context.Context, list ...*journal.Delivery) error {
	if len(list) == 0 {
		return nil
	}
	records := make([][]byte, len(list))
	for i, d := range list {
		records[i] = record.PackDelivery(nil, d)
	}
	var first uint64 // the number of list[0]
	var saved int
	err := s.write(ctx, func(w *writer) error {
		first, saved = w.deliverySeq+1, 0 // again if the transaction is repeated
		for i, d := range list {
			seq := first + uint64(i)
			if err := w.saveDelivery(seq, deliveryID(d, seq), d, records[i]); err != nil {
				return err
			}
			saved++
		}
		return nil
	})
	if err != nil && !errors.Is(err, journal.ErrExists) && !errors.Is(err, errNoRoom) {
		return err // nothing was stored
	}
	for i, d := range list[:saved] {
		d.Seq = first + uint64(i)
		d.ID = deliveryID(d, d.Seq)
	}
	return err
}

// deliveryID returns the delivery's id, or one made of its number.
func deliveryID(d *journal.Delivery, seq uint64) string {
	if d.ID != "" {
		return d.ID
	}
	return journal.DeliveryID(seq)
}

func (w *writer) saveDelivery(seq uint64, id string, d *journal.Delivery, packed []byte) error {
	ctx := context.Background()
	if _, err := w.findDelivery(id); err == nil {
		return fmt.Errorf("delivery %q: %w", id, journal.ErrExists)
	} else if !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	size := int64(d.Size() - len(d.ID) + len(id))
	if limit := w.s.o.Pending(); d.State == journal.Pending && w.bytes.pending+size > limit {
		return fmt.Errorf("pending deliveries have %d bytes, another %d do not fit into the limit of %d: %w", w.bytes.pending, size, limit, errNoRoom)
	}
	if err := w.admit("a delivery", size); err != nil {
		return err
	}
	if w.deliveries >= w.s.o.Deliveries {
		if err := w.evictDelivery(); errors.Is(err, errNoRoom) {
			return fmt.Errorf("%d deliveries are pending: %w", w.deliveries, err)
		} else if err != nil {
			return err
		}
	}
	if _, err := w.stmts.insertDelivery.ExecContext(ctx, int64(seq), []byte(id), []byte(d.Provider), []byte(d.Endpoint),
		[]byte(d.Event.ID), []byte(d.State), dueTime(d.Next), packed, size); err != nil {
		return err
	}
	w.deliverySeq = seq
	w.deliveries++
	w.note(journal.Change{Kind: journal.DeliveryStored, Delivery: id, Seq: seq})
	*w.ofState(d.State) += size
	for i := range d.Attempts {
		if _, err := w.stmts.insertAttempt.ExecContext(ctx, int64(seq), record.PackAttempt(nil, &d.Attempts[i])); err != nil {
			return err
		}
	}
	return nil
}

// dueTime returns the value of the column next.
func dueTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// deliveryRow is the part of a delivery's row that the account needs.
type deliveryRow struct {
	seq   int64
	state journal.State
	size  int64
}

func (w *writer) findDelivery(id string) (row deliveryRow, err error) {
	var state []byte
	err = w.stmts.findDelivery.QueryRowContext(context.Background(), []byte(id)).Scan(&row.seq, &state, &row.size)
	if errors.Is(err, sql.ErrNoRows) {
		err = deliveryNotFound(id)
	}
	row.state = journal.State(state)
	return row, err
}

func deliveryNotFound(id string) error {
	return fmt.Errorf("delivery %q: %w", id, journal.ErrNotFound)
}

// evictDelivery deletes the oldest delivery that is not pending. It returns errNoRoom if there is
// none.
func (w *writer) evictDelivery() error { return w.evictDeliveryUpTo(math.MaxInt64) }

// evictDeliveryUpTo deletes the oldest delivery that is not pending and whose number is at most
// last. It returns errNoRoom if there is none.
func (w *writer) evictDeliveryUpTo(last int64) error {
	ctx := context.Background()
	var seq, size int64
	var id []byte
	err := w.stmts.oldestDelivery.QueryRowContext(ctx, []byte(journal.Pending), last).Scan(&seq, &id, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoRoom
	}
	if err != nil {
		return err
	}
	for _, stmt := range []*sql.Stmt{w.stmts.deleteAttempts, w.stmts.deleteDelivery} {
		if _, err := stmt.ExecContext(ctx, seq); err != nil {
			return err
		}
	}
	w.deliveries--
	w.freed = true
	if uint64(seq) == w.deliverySeq {
		w.count(lastDelivery, seq) // its number is not used again
	}
	w.note(journal.Change{Kind: journal.DeliveryEvicted, Delivery: string(id), Seq: uint64(seq)})
	w.bytes.finished -= size
	w.count(evictedDeliveries, w.counters[evictedDeliveries]+1)
	return nil
}

// AppendAttempt stores an attempt and the progress of its delivery. If the attempt does not fit, it
// stores only the progress and returns ErrFull.
func (s *store) AppendAttempt(ctx context.Context, id string, a *journal.Attempt, next journal.Progress) error {
	var packed []byte
	var size int64
	if a != nil {
		packed, size = record.PackAttempt(nil, a), int64(a.Size())
	}
	return s.write(ctx, func(w *writer) error {
		ctx := context.Background()
		d, err := w.findDelivery(id)
		if err != nil {
			return err
		}
		*w.ofState(d.state) -= d.size
		*w.ofState(next.State) += d.size
		w.note(journal.Change{Kind: journal.AttemptMade, Delivery: id, Seq: uint64(d.seq)})
		full := w.admit("an attempt", size)
		if packed != nil && full == nil {
			if _, err := w.stmts.insertAttempt.ExecContext(ctx, d.seq, packed); err != nil {
				return err
			}
			d.size += size
			*w.ofState(next.State) += size
		}
		if _, err := w.stmts.updateDelivery.ExecContext(ctx, []byte(next.State), dueTime(next.Time()), d.size, d.seq); err != nil {
			return err
		}
		return full
	})
}

func (s *store) Delivery(ctx context.Context, id string) (journal.Delivery, error) {
	found, err := s.deliveries(ctx, "id = ?", newestFirst, []byte(id), 1)
	if err == nil && len(found) == 0 {
		err = deliveryNotFound(id)
	}
	if err != nil {
		return journal.Delivery{}, err
	}
	return found[0], nil
}

func (s *store) Deliveries(ctx context.Context, q journal.DeliveryQuery) ([]journal.Delivery, error) {
	after, before := bounds(q.After, q.Before)
	where := "seq > ? AND seq < ?"
	args := []any{after, before}
	for _, filter := range []struct{ column, value string }{
		{"event", q.EventID}, {"endpoint", q.Endpoint}, {"state", string(q.State)}, {"provider", q.Provider},
	} {
		if filter.value != "" {
			where += " AND " + filter.column + " = ?"
			args = append(args, []byte(filter.value))
		}
	}
	order := newestFirst
	if q.Oldest {
		order = oldestFirst
	}
	return s.deliveries(ctx, where, order, append(args, journal.PageSize(q.Limit))...)
}

// deliveries reads the first deliveries that meet a condition, with their attempts. It uses one
// statement, so that a delivery is consistent with its attempts. The last argument is the limit.
func (s *store) deliveries(ctx context.Context, where string, order order, args ...any) ([]journal.Delivery, error) {
	found := []journal.Delivery{}
	err := s.query(ctx, s.read.text(deliveryQuery(where, order)), func(rows *sql.Rows) error {
		var seq uint64
		var id, state []byte
		var next sql.NullInt64
		var provider, endpoint, event, packed, attempt sql.RawBytes
		if err := rows.Scan(&seq, &id, &state, &next, &provider, &endpoint, &event, &packed, &attempt); err != nil {
			return err
		}
		if last := len(found) - 1; last < 0 || found[last].Seq != seq {
			d := journal.Delivery{ID: string(id), Seq: seq, State: journal.State(state), Attempts: []journal.Attempt{}}
			if next.Valid {
				d.Next = time.Unix(0, next.Int64).UTC()
			}
			if err := unpacked(record.UnpackDelivery(packed, &d)); err != nil {
				d = journal.Delivery{
					ID: d.ID, Seq: seq, State: d.State, Next: d.Next, Attempts: d.Attempts, Provider: string(provider), Endpoint: string(endpoint),
					Event: fixtures.Event{Provider: string(provider), ID: string(event), Body: []byte{}}, Problems: []string{problemOf(err)},
				}
			}
			found = append(found, d)
		}
		if attempt == nil {
			return nil
		}
		d := &found[len(found)-1]
		var a journal.Attempt
		if err := unpacked(record.UnpackAttempt(attempt, &a)); err != nil {
			a = journal.Attempt{N: len(d.Attempts) + 1, Sent: wire.Message{Headers: signature.Headers{}, Body: []byte{}}, Error: problemOf(err)}
		}
		d.Attempts = append(d.Attempts, a)
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// order is the direction of a list.
type order string

const (
	newestFirst order = "DESC"
	oldestFirst order = "ASC"
)

func deliveryQuery(where string, order order) string {
	return "SELECT d.seq, d.id, d.state, d.next, d.provider, d.endpoint, d.event, d.record, a.record FROM (SELECT * FROM deliveries WHERE " + where +
		" ORDER BY seq " + string(order) + " LIMIT ?) d LEFT JOIN attempts a ON a.delivery = d.seq ORDER BY d.seq " + string(order) + ", a.id"
}
