package burst

import (
	"fmt"
	"math"
)

// Shard is a part of a burst, for one of several machines. The zero Shard is the whole burst.
//
// A shard is a pure function of the plan: nobody talks to the others while it runs, and all shards
// together send the events that the whole burst sends, byte for byte, each at its time. Of events
// of new entities, and of recorded requests, shard k of n sends those whose number is k modulo n,
// counted for each provider. Of a population it has the slots with such a number, because the
// events of an entity come one after the other: each is rendered after those before it and waits
// until they are sent. So a shard has whole entities.
//
// The plan describes the whole burst. A shard has its part of the Connections, and a population's
// size follows from the Connections of all.
type Shard struct {
	// Number says which part it is, from 0.
	Number int `json:"number"`
	// Of is how many parts there are; 0 and 1 are the whole burst.
	Of int `json:"of"`
}

// MaxShards bounds Shard.Of. Each shard computes the times of all events of the burst.
const MaxShards = 1000

// whole reports whether the shard is all of the burst.
func (s Shard) whole() bool { return s.Of <= 1 }

func (s Shard) check(p *Plan) error {
	switch {
	case s.Of < 0 || s.Of > MaxShards:
		return fmt.Errorf("%w: %d shards: want 1 to %d", ErrPlan, s.Of, MaxShards)
	case s.Number < 0 || s.Number >= max(1, s.Of):
		return fmt.Errorf("%w: shard %d of %d: they count from 0", ErrPlan, s.Number, s.Of)
	case s.Of > p.Connections:
		return fmt.Errorf("%w: %d connections over %d shards: want at least one for each", ErrPlan, p.Connections, s.Of)
	}
	return nil
}

// share returns the part of n things that a shard has: those whose number is Number modulo Of.
func (s Shard) share(n uint64) uint64 {
	if s.whole() {
		return n
	}
	of, number := uint64(s.Of), uint64(s.Number)
	return (n + of - 1 - number) / of
}

// mine reports whether the shard of the plan sends the event of an index.
func (l *load) mine(i uint64) bool {
	shard := l.plan.Shard
	if shard.whole() {
		return true
	}
	n := i
	if len(l.parts) > 0 {
		it := l.item(i, 0)
		if n = it.n; len(l.parts[it.part].slots) > 0 {
			n %= uint64(len(l.parts[it.part].slots))
		}
	}
	return n%uint64(shard.Of) == uint64(shard.Number)
}

// share returns how many of the first count events the shard of the plan sends.
func (l *load) share(count uint64) (n uint64) {
	shard := l.plan.Shard
	if shard.whole() || len(l.parts) == 0 {
		return shard.share(count)
	}
	for i := range l.parts {
		events, slots := l.rotation.before(count, i), uint64(len(l.parts[i].slots))
		if slots == 0 {
			n += shard.share(events)
			continue
		}
		n += events/slots*shard.share(slots) + shard.share(events%slots)
	}
	return n
}

// ofShard returns how many events the shard of the plan has. It returns false when only the run
// can tell.
func (l *load) ofShard() (uint64, bool) {
	n, known := l.intended()
	if only := l.plan.Only; only != nil {
		n, known = 0, true
		for _, i := range only {
			if l.mine(uint64(i)) {
				n++
			}
		}
		return n, known
	}
	return l.share(n), known
}

// before returns how many of the first count indexes have a choice.
func (r *rotation) before(count uint64, choice int) uint64 {
	length := uint64(len(r.choices))
	n := count / length * r.counts[choice]
	for _, c := range r.choices[:count%length] {
		if c == choice {
			n++
		}
	}
	return n
}

// Uncertain are events that a shard may have sent.
type Uncertain struct {
	// Count is how many, with numbers from First to Last, which are 0 if Count is.
	Count uint64 `json:"count"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Uncertain returns the events that the shard of a report may have sent although the report does
// not know of them, if it went on for a time after the start of the burst, in seconds: those that
// were due and are not known to be sent. Without a rate everything is due. It returns false when
// there is no bound: the burst has neither a rate nor a count.
func (r *Report) Uncertain(until float64) (u Uncertain, known bool) {
	if r.load == nil {
		return u, false
	}
	s := newSchedule(r.load.plan)
	s.mine = r.load.mine
	if !s.closed {
		for {
			i, due, ok := s.take(0)
			if !ok || due.Seconds() > until {
				return u, true
			}
			if r.open(i) {
				u.add(i)
			}
		}
	}
	if s.count == math.MaxUint32 {
		return u, false
	}
	n, _ := r.load.ofShard()
	u.Count = n - min(n, r.ran.sent.len())
	if u.Count == 0 {
		return u, true
	}
	// From both ends, because there may be many.
	for u.First = 0; u.First < s.count && !r.open(u.First); {
		u.First++
	}
	for u.Last = s.count - 1; u.Last > u.First && !r.open(u.Last); {
		u.Last--
	}
	return u, true
}

// Allow makes Reconcile look for events that the shard may have sent, as for those that it took and
// that were not acknowledged. Without that, they would be unexpected.
func (r *Report) Allow(u Uncertain) {
	if u.Count > 0 {
		r.ran.next = max(r.ran.next, u.Last+1)
	}
}

// open reports whether an event of the shard is not known to be sent.
func (r *Report) open(i uint64) bool {
	return r.load.mine(i) && r.load.plan.sends(i) && !r.ran.sent.has(i)
}

// add adds an event with a higher number than those before.
func (u *Uncertain) add(i uint64) {
	if u.Count == 0 {
		u.First = i
	}
	u.Count, u.Last = u.Count+1, i
}
