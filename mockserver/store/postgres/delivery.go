package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// deliveryRow is the part of a delivery's row that the writer needs.
type deliveryRow struct {
	id        string
	seq, size int64
	state     journal.State
	next      int64    // Unix nanoseconds; 0: nothing is due
	made      [][]byte // provider, endpoint, event and record, if it is not in the table yet
	touched   bool     // it is in tx.dirtyStates
}

// addDeliveries adds a query for deliveries by id.
func (t *tx) addDeliveries(ids []string) {
	list := missing(t.deliveries, ids)
	if len(list) == 0 {
		return
	}
	for _, id := range list {
		t.deliveries[id] = nil
	}
	t.batch.add(sqlDeliveries, [][]byte{texts(list)}, func(row [][]byte) error {
		id := string(row[0])
		t.deliveries[id] = &deliveryRow{id: id, seq: integer(row[1]), state: journal.State(row[2]), next: integer(row[3]), size: integer(row[4])}
		return nil
	})
}

// loadDeliveries loads the deliveries with those ids that are not loaded yet.
func (t *tx) loadDeliveries(ids []string) error {
	if len(missing(t.deliveries, ids)) == 0 {
		return nil
	}
	t.addFlush()
	t.addDeliveries(ids)
	return t.batch.run()
}

// touchDelivery marks a delivery's row to be written.
func (t *tx) touchDelivery(d *deliveryRow) {
	t.changed = true
	if !d.touched {
		d.touched = true
		t.dirtyStates = append(t.dirtyStates, d)
	}
}

// addAttempt adds a packed attempt of a delivery.
func (t *tx) addAttempt(delivery int64, packed []byte) {
	if t.attempts == nil {
		t.attempts = &attemptArrays{newArray(typeInt8, 0), newArray(typeBytea, len(packed))}
	}
	t.attempts.deliveries.addNumber(delivery)
	t.attempts.records.addBytes(packed)
}

// addDirtyDeliveries adds the statements that write the changed deliveries and their attempts.
func (t *tx) addDirtyDeliveries() {
	if len(t.dirtyStates) > 0 {
		var made [9]*array
		for i, element := range []uint32{typeInt8, typeBytea, typeBytea, typeBytea, typeBytea, typeBytea, typeInt8, typeInt8, typeBytea} {
			made[i] = newArray(element, 0)
		}
		changed := [4]*array{newArray(typeInt8, 0), newArray(typeBytea, 0), newArray(typeInt8, 0), newArray(typeInt8, 0)}
		for _, d := range t.dirtyStates {
			d.touched = false
			if d.made == nil {
				changed[0].addNumber(d.seq)
				changed[1].addBytes([]byte(d.state))
				changed[2].addNumber(d.next)
				changed[3].addNumber(d.size)
				continue
			}
			made[0].addNumber(d.seq)
			made[1].addBytes([]byte(d.id))
			for i := range 3 {
				made[2+i].addBytes(d.made[i])
			}
			made[5].addBytes([]byte(d.state))
			made[6].addNumber(d.next)
			made[7].addNumber(d.size)
			made[8].addBytes(d.made[3])
			d.made = nil
		}
		t.dirtyStates = t.dirtyStates[:0]
		if made[0].len() > 0 {
			t.batch.add(sqlInsertDeliveries, append(data(made[:]), text(t.w.s.node)), nil)
		}
		if changed[0].len() > 0 {
			t.batch.add(sqlUpdateDeliveries, data(changed[:]), nil)
		}
	}
	if t.attempts != nil {
		t.batch.add(sqlInsertAttempts, [][]byte{t.attempts.deliveries.data, t.attempts.records.data}, nil)
		t.attempts = nil
	}
}

// data returns the values of arrays.
func data(arrays []*array) [][]byte {
	values := make([][]byte, len(arrays))
	for i, a := range arrays {
		values[i] = a.data
	}
	return values
}

func (s *store) SaveDeliveries(ctx context.Context, list ...*journal.Delivery) error {
	if len(list) == 0 {
		return nil
	}
	packed := make([][]byte, len(list))
	var named []string
	for i, d := range list {
		packed[i] = record.PackDelivery([]byte{}, d)
		if d.ID != "" {
			named = append(named, d.ID)
		}
	}
	var first uint64 // the number of list[0]
	var saved int
	err := s.submit(ctx, needs{deliveries: named}, func(t *tx) error {
		first, saved = uint64(t.row.delivery+1), 0 // again if the transaction is repeated
		ids := make([]string, len(list))
		for i, d := range list {
			ids[i] = deliveryID(d, first+uint64(i))
		}
		if err := t.loadDeliveries(ids); err != nil {
			return err
		}
		for i, d := range list {
			if err := t.saveDelivery(ids[i], d, packed[i]); err != nil {
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

// saveDelivery stores a delivery, whose id is loaded.
func (t *tx) saveDelivery(id string, d *journal.Delivery, packed []byte) error {
	if t.deliveries[id] != nil {
		return fmt.Errorf("delivery %q: %w", id, journal.ErrExists)
	}
	size := int64(d.Size() - len(d.ID) + len(id))
	if limit := t.o.Pending(); d.State == journal.Pending && t.row.pendingBytes+size > limit {
		return fmt.Errorf("pending deliveries have %d bytes, another %d do not fit into the limit of %d: %w", t.row.pendingBytes, size, limit, errNoRoom)
	}
	if err := t.admit("a delivery", size); err != nil {
		return err
	}
	if t.row.deliveries >= int64(t.o.Deliveries) {
		found, err := t.evictDelivery(math.MaxInt64)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%d deliveries are pending: %w", t.row.deliveries, errNoRoom)
		}
	}
	t.row.delivery++
	t.row.deliveries++
	*t.row.ofState(d.State) += size
	row := &deliveryRow{
		id: id, seq: t.row.delivery, size: size, state: d.State, next: dueTime(d.Next),
		made: [][]byte{[]byte(d.Provider), []byte(d.Endpoint), []byte(d.Event.ID), packed},
	}
	t.deliveries[id] = row
	t.touchDelivery(row)
	for i := range d.Attempts {
		t.addAttempt(row.seq, record.PackAttempt(nil, &d.Attempts[i]))
	}
	t.note(journal.Change{Kind: journal.DeliveryStored, Delivery: id, Seq: uint64(row.seq)})
	return nil
}

// dueTime returns the value of the column next.
func dueTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func deliveryNotFound(id string) error {
	return fmt.Errorf("delivery %q: %w", id, journal.ErrNotFound)
}

// evictDelivery deletes the oldest delivery that is not pending and whose number is at most last,
// and reports whether there was one.
func (t *tx) evictDelivery(last int64) (found bool, err error) {
	var seq, size int64
	var id string
	t.addFlush()
	t.batch.add(sqlEvictDelivery, [][]byte{number(last)}, func(row [][]byte) error {
		found, seq, id, size = true, integer(row[0]), string(row[1]), integer(row[2])
		return nil
	})
	if err := t.batch.run(); err != nil || !found {
		return false, err
	}
	t.batch.add(sqlDeleteAttempts, [][]byte{number(seq)}, nil)
	t.changed = true
	t.deliveries[id] = nil
	t.row.deliveries--
	t.row.finishedBytes -= size
	t.row.evictedDeliveries++
	t.note(journal.Change{Kind: journal.DeliveryEvicted, Delivery: id, Seq: uint64(seq)})
	return true, nil
}

// Adopt makes this node the owner of the pending deliveries of nodes that have ended.
func (s *store) Adopt(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.submit(ctx, needs{}, func(t *tx) error {
		ids = nil // again if the transaction is repeated
		t.addFlush()
		t.batch.add(sqlAdopt, [][]byte{text(s.node)}, func(row [][]byte) error {
			ids = append(ids, string(row[0]))
			return nil
		})
		err := t.batch.run()
		t.changed = t.changed || len(ids) > 0
		return err
	})
	if err == nil {
		s.counts.adopted.Add(uint64(len(ids)))
	}
	return ids, err
}

// AppendAttempt stores an attempt and the progress of its delivery. If the attempt does not fit, it
// stores only the progress and returns ErrFull.
func (s *store) AppendAttempt(ctx context.Context, id string, a *journal.Attempt, next journal.Progress) error {
	var packed []byte
	var size int64
	if a != nil {
		packed, size = record.PackAttempt(nil, a), int64(a.Size())
	}
	return s.submit(ctx, needs{deliveries: []string{id}}, func(t *tx) error {
		if err := t.loadDeliveries([]string{id}); err != nil {
			return err
		}
		d := t.deliveries[id]
		if d == nil {
			return deliveryNotFound(id)
		}
		*t.row.ofState(d.state) -= d.size
		*t.row.ofState(next.State) += d.size
		d.state, d.next = next.State, next.Next
		t.touchDelivery(d)
		t.note(journal.Change{Kind: journal.AttemptMade, Delivery: id, Seq: uint64(d.seq)})
		full := t.admit("an attempt", size)
		if packed != nil && full == nil {
			t.addAttempt(d.seq, packed)
			d.size += size
			*t.row.ofState(next.State) += size
		}
		return full
	})
}

func (s *store) Delivery(ctx context.Context, id string) (journal.Delivery, error) {
	found, err := s.findDeliveries(ctx, "id = $1", newestFirst, []byte(id), number(1))
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
	where := "seq > $1 AND seq < $2"
	args := [][]byte{number(after), number(before)}
	for _, filter := range []struct{ column, value string }{
		{"event", q.EventID}, {"endpoint", q.Endpoint}, {"state", string(q.State)}, {"provider", q.Provider},
	} {
		if filter.value != "" {
			args = append(args, []byte(filter.value))
			where += " AND " + filter.column + " = $" + strconv.Itoa(len(args))
		}
	}
	order := newestFirst
	if q.Oldest {
		order = oldestFirst
	}
	return s.findDeliveries(ctx, where, order, append(args, number(journal.PageSize(q.Limit)))...)
}

// findDeliveries reads the first deliveries that meet a condition, with their attempts. It uses one
// statement, so that a delivery is consistent with its attempts. The last argument is the limit.
func (s *store) findDeliveries(ctx context.Context, where string, order order, args ...[]byte) ([]journal.Delivery, error) {
	found := []journal.Delivery{}
	err := s.query(ctx, deliveryQuery(where, order, len(args)), func(row [][]byte) error {
		seq := uint64(integer(row[0]))
		if last := len(found) - 1; last < 0 || found[last].Seq != seq {
			found = append(found, unpackDelivery(seq, row))
		}
		attempt := row[8]
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

// unpackDelivery reads a row of deliveryQuery without its attempt. If the record is damaged, it
// returns the other columns and the problem.
func unpackDelivery(seq uint64, row [][]byte) journal.Delivery {
	d := journal.Delivery{ID: string(row[1]), Seq: seq, State: journal.State(row[2]), Attempts: []journal.Attempt{}}
	if next := integer(row[3]); next != 0 {
		d.Next = time.Unix(0, next).UTC()
	}
	if err := unpacked(record.UnpackDelivery(row[7], &d)); err != nil {
		d = journal.Delivery{
			ID: d.ID, Seq: seq, State: d.State, Next: d.Next, Attempts: d.Attempts, Provider: string(row[4]), Endpoint: string(row[5]),
			Event: fixtures.Event{Provider: string(row[4]), ID: string(row[6]), Body: []byte{}}, Problems: []string{problemOf(err)},
		}
	}
	return d
}

// order is the direction of a list.
type order string

const (
	newestFirst order = "DESC"
	oldestFirst order = "ASC"
)

func deliveryQuery(where string, order order, limit int) string {
	return "SELECT d.seq, d.id, d.state, d.next, d.provider, d.endpoint, d.event, d.record, a.record FROM (SELECT * FROM deliveries WHERE " + where +
		" ORDER BY seq " + string(order) + " LIMIT $" + strconv.Itoa(limit) + ") d LEFT JOIN attempts a ON a.delivery = d.seq ORDER BY d.seq " + string(order) + ", a.id"
}
