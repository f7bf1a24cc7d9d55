package journal

import (
	"context"
	"fmt"
	"slices"
)

func (s *memory) SaveDeliveries(ctx context.Context, list ...*Delivery) error {
	for _, d := range list {
		if err := s.saveDelivery(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (s *memory) saveDelivery(ctx context.Context, d *Delivery) error {
	kept := d.Clone().InUTC()
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	seq := s.deliverySeq + 1
	if kept.ID == "" {
		kept.ID = DeliveryID(seq)
	}
	if s.deliveries[kept.ID] != nil {
		s.mu.Unlock()
		return fmt.Errorf("delivery %q: %w", kept.ID, ErrExists)
	}
	if len(s.history) >= s.o.Deliveries && !s.evictDelivery() {
		s.mu.Unlock()
		return fmt.Errorf("%d deliveries are pending: %w", len(s.history), ErrFull)
	}
	s.deliverySeq = seq
	kept.Seq = seq
	s.deliveries[kept.ID] = &kept
	s.history = append(s.history, &kept)
	s.mu.Unlock()
	d.ID, d.Seq = kept.ID, kept.Seq
	s.change.Tell()
	return nil
}

// evictDelivery removes the oldest delivery that is not pending and says whether there was one.
func (s *memory) evictDelivery() bool {
	for i, d := range s.history {
		if d.State != Pending {
			delete(s.deliveries, d.ID)
			if i == 0 {
				s.history[0] = nil
				s.history = s.history[1:]
			} else {
				s.history = slices.Delete(s.history, i, i+1)
			}
			s.evictedDeliveries++
			return true
		}
	}
	return false
}

func (s *memory) AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error {
	var kept Attempt
	if a != nil {
		kept = a.Clone().InUTC()
	}
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	d := s.deliveries[id]
	if d == nil {
		s.mu.Unlock()
		return deliveryNotFound(id)
	}
	if a != nil {
		d.Attempts = append(d.Attempts, kept)
	}
	d.State, d.Next = next.State, next.Time()
	s.mu.Unlock()
	s.change.Tell()
	return nil
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
	d := *stored
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
		if q.selects(d) {
			found = append(found, *d)
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
