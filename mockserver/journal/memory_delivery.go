package journal

import (
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

// memoryDelivery is a delivery as it is stored.
type memoryDelivery struct {
	Delivery
	size int64
	at   int64 // when it was stored, Unix nanoseconds
}

// account adds n to the bytes that the delivery counts for.
func (s *memory) account(d *memoryDelivery, n int64) {
	if d.State == Pending {
		s.bytes.pending += n
	} else {
		s.bytes.finished += n
	}
}

func (s *memory) saveDelivery(ctx context.Context, d *Delivery) error {
	kept := &memoryDelivery{Delivery: d.Clone().InUTC(), at: time.Now().UnixNano()}
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	seq := s.deliverySeq + 1
	if kept.ID == "" {
		kept.ID = DeliveryID(seq)
	}
	kept.size = int64(kept.Size())
	if err := s.admit(kept); err != nil {
		s.mu.Unlock()
		return err
	}
	s.deliverySeq = seq
	kept.Seq = seq
	s.deliveries[kept.ID] = kept
	s.history = append(s.history, kept)
	s.account(kept, kept.size)
	s.makeRoom()
	s.trim()
	s.mu.Unlock()
	d.ID, d.Seq = kept.ID, kept.Seq
	s.change.Tell()
	return nil
}

// admit says why a delivery cannot be stored.
func (s *memory) admit(d *memoryDelivery) error {
	if s.deliveries[d.ID] != nil {
		return fmt.Errorf("delivery %q: %w", d.ID, ErrExists)
	}
	if most := s.o.Pending(); d.State == Pending && s.bytes.pending+d.size > most {
		return fmt.Errorf("deliveries of %d bytes are pending, and with one of %d more they are beyond %d: %w", s.bytes.pending, d.size, most, ErrFull)
	}
	if room := s.o.Bytes - s.bytes.fixed(); d.size > room {
		return fmt.Errorf("a delivery of %d bytes, %d of %d can be had: %w", d.size, max(0, room), s.o.Bytes, ErrFull)
	}
	if len(s.history) >= s.o.Deliveries && !s.evictDelivery() {
		return fmt.Errorf("%d deliveries are pending: %w", len(s.history), ErrFull)
	}
	return nil
}

// evictDelivery removes the oldest delivery that is not pending and says whether there was one.
func (s *memory) evictDelivery() bool {
	for i, d := range s.history {
		if d.State != Pending {
			s.removeDelivery(i)
			return true
		}
	}
	return false
}

// removeDelivery evicts the delivery at a place of the history.
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
}

// AppendAttempt keeps an attempt for which there is room only: else it returns ErrFull, and the delivery stands where next says.
func (s *memory) AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error {
	var kept Attempt
	var size int64
	if a != nil {
		kept = a.Clone().InUTC()
		size = int64(kept.Size())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	d := s.deliveries[id]
	if d == nil {
		return deliveryNotFound(id)
	}
	s.account(d, -d.size)
	d.State, d.Next = next.State, next.Time()
	s.account(d, d.size)
	var err error
	if room := s.o.Bytes - s.bytes.fixed(); size > room {
		err = fmt.Errorf("an attempt of %d bytes, %d of %d can be had: %w", size, max(0, room), s.o.Bytes, ErrFull)
	} else if a != nil {
		d.Attempts = append(d.Attempts, kept)
		d.size += size
		s.account(d, size)
		s.makeRoom()
		s.trim()
	}
	s.change.Tell()
	return err
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
	for i := len(s.history) - 1; i >= 0 && len(found) < limit; i-- {
		d := s.history[i]
		if d.Seq <= q.After {
			break
		}
		if q.selects(&d.Delivery) {
			found = append(found, d.Delivery)
		}
	}
	s.mu.RUnlock()
	for i := range found {
		found[i] = found[i].Clone()
	}
	return found, nil
}

// selects says whether d is wanted, After left aside.
func (q *DeliveryQuery) selects(d *Delivery) bool {
	return (q.Before == 0 || d.Seq < q.Before) &&
		(q.Provider == "" || d.Provider == q.Provider) &&
		(q.Endpoint == "" || d.Endpoint == q.Endpoint) &&
		(q.State == "" || d.State == q.State) &&
		(q.EventID == "" || d.Event.ID == q.EventID)
}
