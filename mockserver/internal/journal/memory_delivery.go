package journal

import (
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
	s.feed.Add(Change{Kind: DeliveryStored, Delivery: kept.ID, Seq: seq})
	s.makeRoom()
	s.trim()
	s.mu.Unlock()
	d.ID, d.Seq = kept.ID, kept.Seq
	s.feed.Wake()
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
	s.feed.Add(Change{Kind: DeliveryEvicted, Delivery: d.ID, Seq: d.Seq})
}

// AppendAttempt keeps an attempt for which there is room only: else it returns ErrFull, and the delivery stands where next says.
func (s *memory) AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error {
	var kept Attempt
	var size int64
	if a != nil {
		kept = a.Clone().InUTC()
		size = int64(kept.Size())
	}
	defer s.lock()()
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
	s.feed.Add(Change{Kind: AttemptMade, Delivery: d.ID, Seq: d.Seq})
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

// selects says whether d is wanted, Before and After left aside.
func (q *DeliveryQuery) selects(d *Delivery) bool {
	return (q.Provider == "" || d.Provider == q.Provider) &&
		(q.Endpoint == "" || d.Endpoint == q.Endpoint) &&
		(q.State == "" || d.State == q.State) &&
		(q.EventID == "" || d.Event.ID == q.EventID)
}
