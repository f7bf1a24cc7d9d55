package journal

import "time"

// expiryInterval returns how often the store looks for records that are too old.
func (s *memory) expiryInterval() time.Duration {
	return min(max(s.o.For/20, 10*time.Millisecond), time.Minute)
}

// expire evicts what was stored too long ago and starts the timer again.
func (s *memory) expire() {
	defer s.lock()()
	if s.closed {
		return
	}
	before := time.Now().Add(-s.o.For).UnixNano()
	for s.order.len() > 0 && s.order.at(0).at <= before {
		if s.order.at(0).deleted() {
			s.order.pop()
			continue
		}
		s.evictOldest()
	}
	s.trim()
	for i := 0; i < len(s.history) && s.history[i].at <= before; {
		if s.history[i].State == Pending {
			i++
			continue
		}
		s.removeDelivery(i)
	}
	s.expiring.Reset(s.expiryInterval())
}
