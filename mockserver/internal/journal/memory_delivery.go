package journal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

func (s *memory) SaveDeliveries(ctx context.Context, list ...*Delivery) error {
	for _, d := range list {
		if err := s.saveDelivery(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// memoryDelivery is a stored delivery.
type memoryDelivery struct {
	Delivery
	size int64
	at   int64 // when it was stored, in Unix nanoseconds
}

// account adds n to the bytes of deliveries in the state of d.
func (s *memory) account(d *memoryDelivery, n int64) {
	if d.State == Pending {
		s.bytes.pending += n
	} else {
		s.bytes.finished += n
	}
}

func (s *memory) saveDelivery(ctx context.Context, d *Delivery) error {
	stored := &memoryDelivery{Delivery: d.Clone().InUTC(), at: time.Now().UnixNano()}
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	seq := s.deliverySeq + 1
	if stored.ID == "" {
		stored.ID = DeliveryID(seq)
	}
	stored.size = int64(stored.Size())
	if err := s.admit(stored); err != nil {
		s.mu.Unlock()
		return err
	}
	s.deliverySeq = seq
	stored.Seq = seq
	s.deliveries[stored.ID] = stored
	s.history = append(s.history, stored)
	s.account(stored, stored.size)
	s.feed.Add(Change{Kind: DeliveryStored, Delivery: stored.ID, Seq: seq})
	s.makeRoom()
	s.trim()
	s.mu.Unlock()
	d.ID, d.Seq = stored.ID, stored.Seq
	s.feed.Wake()
	return nil
}

// admit returns an error if a delivery cannot be stored.
func (s *memory) admit(d *memoryDelivery) error {
	if s.deliveries[d.ID] != nil {
		return fmt.Errorf("delivery %q: %w", d.ID, ErrExists)
	}
	if limit := s.o.Pending(); d.State == Pending && s.bytes.pending+d.size > limit {
		return fmt.Errorf("pending deliveries have %d bytes, another %d do not fit into the limit of %d: %w", s.bytes.pending, d.size, limit, ErrFull)
	}
	if room := s.o.Bytes - s.bytes.fixed(); d.size > room {
		return fmt.Errorf("a delivery has %d bytes, but only %d of %d are available: %w", d.size, max(0, room), s.o.Bytes, ErrFull)
	}
	if len(s.history) >= s.o.Deliveries && !s.evictDelivery() {
		return fmt.Errorf("%d deliveries are pending: %w", len(s.history), ErrFull)
	}
	return nil
}

// evictDelivery evicts the oldest delivery that is not pending, and reports whether there was one.
func (s *memory) evictDelivery() bool {
	for i, d := range s.history {
		if d.State != Pending {
			s.removeDelivery(i)
			return true
		}
	}
	return false
}

// removeDelivery evicts the delivery at an index of the history.
func (s *memory) removeDelivery(i int) {
	d := s.history[i]
	delete(s.deliveries, d.ID)
	if i == 0 {
		s.history[0] = nil
		s.history = s.history[1:]
	} else {
		s.history = slices.Delete(s.history, i, i+1)
	}
	s.account(d, -d.size)
	s.evictedDeliveries++
	s.feed.Add(Change{Kind: DeliveryEvicted, Delivery: d.ID, Seq: d.Seq})
}

// AppendAttempt stores an attempt and the progress of its delivery. If the attempt does not fit, it
// stores only the progress and returns ErrFull.
func (s *memory) AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error {
	defer s.lock()()
	if err := s.usable(ctx); err != nil {
		return err
	}
	d := s.deliveries[id]
	if d == nil {
		return deliveryNotFound(id)
	}
	var stored Attempt
	var size int64
	if a != nil {
		stored, size = d.copyOf(a)
	}
	s.account(d, -d.size)
	d.State, d.Next = next.State, next.Time()
	s.account(d, d.size)
	s.feed.Add(Change{Kind: AttemptMade, Delivery: d.ID, Seq: d.Seq})
	var err error
	if room := s.o.Bytes - s.bytes.fixed(); size > room {
		err = fmt.Errorf("an attempt has %d bytes, but only %d of %d are available: %w", size, max(0, room), s.o.Bytes, ErrFull)
	} else if a != nil {
		d.Attempts = append(d.Attempts, stored)
		d.size += size
		s.account(d, size)
		s.makeRoom()
		s.trim()
	}
	return err
}

// copyOf returns a copy of an attempt and the number of bytes that storing it takes. Most attempts
// send the body of the event: they share its bytes.
func (d *memoryDelivery) copyOf(a *Attempt) (Attempt, int64) {
	stored := *a
	shares := len(a.Sent.Body) > 0 && bytes.Equal(a.Sent.Body, d.Event.Body)
	if shares {
		stored.Sent.Body = nil
	}
	stored = stored.Clone().InUTC()
	size := int64(stored.Size())
	if shares {
		stored.Sent.Body = d.Event.Body
	}
	return stored, size
}

func deliveryNotFound(id string) error { return fmt.Errorf("delivery %q: %w", id, ErrNotFound) }

func (s *memory) Delivery(ctx context.Context, id string) (Delivery, error) {
	s.mu.RLock()
	if err := s.usable(ctx); err != nil {
		s.mu.RUnlock()
		return Delivery{}, err
	}
	stored := s.deliveries[id]
	if stored == nil {
		s.mu.RUnlock()
		return Delivery{}, deliveryNotFound(id)
	}
	d := stored.Delivery
	s.mu.RUnlock()
	return d.Clone(), nil
}

func (s *memory) Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error) {
	s.mu.RLock()
	if err := s.usable(ctx); err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	limit := PageSize(q.Limit)
	found := []Delivery{}
	low, high := s.deliveriesFrom(q.After+1), len(s.history)
	if q.After+1 == 0 {
		low = high
	}
	if q.Before > 0 {
		high = s.deliveriesFrom(q.Before)
	}
	for low < high && len(found) < limit {
		i := high - 1
		if q.Oldest {
			i = low
			low++
		} else {
			high--
		}
		if d := &s.history[i].Delivery; q.selects(d) {
			found = append(found, *d)
		}
	}
	s.mu.RUnlock()
	for i := range found {
		found[i] = found[i].Clone()
	}
	return found, nil
}

// deliveriesFrom returns the index of the first delivery with at least that number.
func (s *memory) deliveriesFrom(seq uint64) int {
	i, _ := slices.BinarySearchFunc(s.history, seq, func(d *memoryDelivery, seq uint64) int { return cmp.Compare(d.Seq, seq) })
	return i
}

// selects reports whether d meets the query, ignoring Before and After.
func (q *DeliveryQuery) selects(d *Delivery) bool {
	return (q.Provider == "" || d.Provider == q.Provider) &&
		(q.Endpoint == "" || d.Endpoint == q.Endpoint) &&
		(q.State == "" || d.State == q.State) &&
		(q.EventID == "" || d.Event.ID == q.EventID)
}
