package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// errRoom is the answer when every delivery that might make room is pending.
var errRoom = fmt.Errorf("all deliveries are pending: %w", journal.ErrFull)

func (s *store) SaveDeliveries(ctx context.Context, list ...*journal.Delivery) error {
	if len(list) == 0 {
		return nil
	}
	records := make([][]byte, len(list))
	for i, d := range list {
		records[i] = packDelivery(nil, d)
	}
	var first uint64 // the number of list[0]
	var saved int
	err := s.write(ctx, func(w *writer) error {
		first, saved = w.deliverySeq+1, 0 // anew when the transaction is
		for i, d := range list {
			seq := first + uint64(i)
			if err := w.saveDelivery(seq, deliveryID(d, seq), d, records[i]); err != nil {
				return err
			}
			saved++
		}
		return nil
	})
	if err != nil && !errors.Is(err, journal.ErrExists) && !errors.Is(err, errRoom) {
		return err // nothing was kept
	}
	for i, d := range list[:saved] {
		d.Seq = first + uint64(i)
		d.ID = deliveryID(d, d.Seq)
	}
	return err
}

// deliveryID is the delivery's own id, or the one of its number.
func deliveryID(d *journal.Delivery, seq uint64) string {
	if d.ID != "" {
		return d.ID
	}
	return journal.DeliveryID(seq)
}

func (w *writer) saveDelivery(seq uint64, id string, d *journal.Delivery, record []byte) error {
	ctx := context.Background()
	if _, err := w.findDelivery(id); err == nil {
		return fmt.Errorf("delivery %q: %w", id, journal.ErrExists)
	} else if !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	if w.deliveries >= w.s.o.Deliveries {
		if err := w.evictDelivery(); err != nil {
			return err
		}
	}
	if _, err := w.stmts.insertDelivery.ExecContext(ctx, int64(seq), []byte(id), []byte(d.Provider), []byte(d.Endpoint),
		[]byte(d.Event.ID), []byte(d.State), dueTime(d.Next), record); err != nil {
		return err
	}
	w.deliverySeq = seq
	w.deliveries++
	for i := range d.Attempts {
		if _, err := w.stmts.insertTry.ExecContext(ctx, int64(seq), packAttempt(nil, &d.Attempts[i])); err != nil {
			return err
		}
	}
	return nil
}

// dueTime is the column next.
func dueTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// findDelivery returns a delivery's number.
func (w *writer) findDelivery(id string) (seq int64, err error) {
	err = w.stmts.findDelivery.QueryRowContext(context.Background(), []byte(id)).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = deliveryNotFound(id)
	}
	return seq, err
}

func deliveryNotFound(id string) error {
	return fmt.Errorf("delivery %q: %w", id, journal.ErrNotFound)
}

// evictDelivery removes the oldest delivery that is not pending.
func (w *writer) evictDelivery() error {
	ctx := context.Background()
	var seq int64
	err := w.stmts.oldestDelivery.QueryRowContext(ctx, []byte(journal.Pending)).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return errRoom
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
	_, err = w.stmts.addToCounter.ExecContext(ctx, "evicted_deliveries", 1)
	return err
}

func (s *store) AppendAttempt(ctx context.Context, id string, a *journal.Attempt, next journal.Progress) error {
	var record []byte
	if a != nil {
		record = packAttempt(nil, a)
	}
	return s.write(ctx, func(w *writer) error {
		ctx := context.Background()
		seq, err := w.findDelivery(id)
		if err != nil {
			return err
		}
		if record != nil {
			if _, err := w.stmts.insertTry.ExecContext(ctx, seq, record); err != nil {
				return err
			}
		}
		_, err = w.stmts.updateDelivery.ExecContext(ctx, []byte(next.State), dueTime(next.Time()), seq)
		return err
	})
}

func (s *store) Delivery(ctx context.Context, id string) (journal.Delivery, error) {
	found, err := s.deliveries(ctx, "id = ?", []byte(id), 1)
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
	return s.deliveries(ctx, where, append(args, journal.PageSize(q.Limit))...)
}

// deliveries reads the newest deliveries for which the condition holds, with their attempts, in one statement: a
// delivery and its attempts are of one moment. The last argument is the limit.
func (s *store) deliveries(ctx context.Context, where string, args ...any) ([]journal.Delivery, error) {
	found := []journal.Delivery{}
	err := s.query(ctx, s.read.text(deliveryQuery(where)), func(rows *sql.Rows) error {
		var seq uint64
		var id, state []byte
		var next sql.NullInt64
		var provider, endpoint, event, record, attempt sql.RawBytes
		if err := rows.Scan(&seq, &id, &state, &next, &provider, &endpoint, &event, &record, &attempt); err != nil {
			return err
		}
		if last := len(found) - 1; last < 0 || found[last].Seq != seq {
			d := journal.Delivery{ID: string(id), Seq: seq, State: journal.State(state), Attempts: []journal.Attempt{}}
			if next.Valid {
				d.Next = time.Unix(0, next.Int64).UTC()
			}
			if err := unpackDelivery(record, &d); err != nil {
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
		if err := unpackAttempt(attempt, &a); err != nil {
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

func deliveryQuery(where string) string {
	return "SELECT d.seq, d.id, d.state, d.next, d.provider, d.endpoint, d.event, d.record, a.record FROM (SELECT * FROM deliveries WHERE " + where +
		" ORDER BY seq DESC LIMIT ?) d LEFT JOIN attempts a ON a.delivery = d.seq ORDER BY d.seq DESC, a.id"
}
