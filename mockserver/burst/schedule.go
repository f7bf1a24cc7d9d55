package burst

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// schedule says which event is next and when it is due. The workers share it. The time of an event
// follows from the shape, the seed and its index alone, not from what happens.
type schedule struct {
	mu       sync.Mutex
	segments []segment
	seed     uint64
	count    uint64              // events at most
	end      time.Duration       // no event is due from then on; endless without a limit
	closed   bool                // no rate: every event is due at once
	mine     func(i uint64) bool // the event is of this shard; nil: all are

	next     uint64 // the index of the next event
	number   uint64 // of the events that were taken
	segment  int    // where it is
	begin    time.Duration
	arrivals func() float64 // of the current segment; nil before its first event
	skip     float64        // of the current segment
	sent     float64        // events of the current segment
	over     bool
}

// newSchedule returns the schedule of a plan that was checked.
func newSchedule(p *Plan) *schedule {
	s := &schedule{segments: p.Shape.segments, seed: p.Seed, count: p.Count, end: endless, closed: p.Shape.Closed()}
	if p.Shape.recorded > 0 {
		s.segments = []segment{p.Recording.timing(p.Shape.recorded)}
	}
	if p.Duration > 0 {
		s.end = p.Duration
	}
	return s
}

// take returns the index of the next event and when it is due, after the start of the burst. It
// returns false when there is none. Without a rate, since is when the event is due.
func (s *schedule) take(since time.Duration) (i uint64, due time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.over && s.next < s.count {
		if due = since; !s.closed {
			due, ok = s.arrive()
			s.over = !ok
		}
		if s.over || due >= s.end {
			s.over = true
			break
		}
		i = s.next
		s.next++
		if s.mine == nil || s.mine(i) {
			s.number++
			return i, due, true
		}
	}
	return 0, 0, false
}

// taken returns the index of the next event, and how many events were taken.
func (s *schedule) taken() (next, number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next, s.number
}

// arrive returns when the next event is due. It returns false after the last segment.
func (s *schedule) arrive() (time.Duration, bool) {
	for s.segment < len(s.segments) {
		part := s.segments[s.segment]
		if s.arrivals == nil {
			g := rand.New(rand.NewPCG(s.seed, uint64(s.segment)))
			s.arrivals, s.sent = part.arrivals(s.skip, g), 0
		}
		after := s.arrivals()
		n, exact := part.events()
		within := after < part.duration().Seconds()
		if exact && part.duration() != endless {
			// By number, because the time of the last event is rounded.
			within = s.sent+s.skip < n-rounding
		}
		if within && !math.IsInf(after, 1) {
			s.sent++
			return s.begin + time.Duration(after*float64(time.Second)), true
		}
		if part.duration() == endless {
			return 0, false
		}
		s.skip = 0
		if exact {
			s.skip = min(max(0, math.Ceil(n-s.skip-rounding)+s.skip-n), 1)
		}
		s.begin += part.duration()
		s.segment, s.arrivals = s.segment+1, nil
	}
	return 0, false
}

// rounding is the part of an event that sums of rates may be wrong by.
const rounding = 1e-6

// intended returns how many events the schedule of a plan has, over all shards. It returns false
// when only the run can tell: it ends by time, and has no rate.
func intended(p *Plan) (uint64, bool) {
	if p.Shape.Closed() {
		return p.Count, p.Duration == 0
	}
	s := newSchedule(p)
	if len(s.segments) == 1 && s.segments[0].duration() == endless {
		if h, constant := s.segments[0].(hold); constant && s.end != endless {
			return min(p.Count, uint64(math.Ceil(h.rate*s.end.Seconds()-rounding))), true
		}
	}
	for {
		if _, _, ok := s.take(0); !ok {
			return s.next, true
		}
	}
}
