package burst

import (
	"fmt"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
)

// slot is a place of the population. One entity at a time lives there; when its journey has ended,
// a new one takes its place. The events of a slot are rendered and sent one after the other.
type slot struct {
	renderer *fixtures.JourneyRenderer
	stream   string // that its entities are generated from
	entity   uint64 // the index of the next entity
	stride   uint64 // to the one after it
	event    fixtures.Event
	later    fixtures.Event // an event that the next one overtakes
	waits    bool           // later is set

	mu      sync.Mutex
	busy    bool   // a worker is in it
	step    uint64 // the number of its next event
	pending []waiting
}

// waiting is an event whose predecessor is still being sent.
type waiting struct {
	item item
	step uint64
}

// minPopulation is the smallest default of Part.Population.
const minPopulation = 64

// populate makes the slots.
func (t *part) populate(p *Plan, number int, journeys []string) error {
	n := t.plan.Population
	if n == 0 {
		n = max(minPopulation, 2*p.Connections)
	}
	if n < 1 || n > 1_000_000 {
		return fmt.Errorf("%w: a population of %d: want 1 to 1000000", ErrPlan, n)
	}
	t.slots = make([]slot, n)
	for i := range t.slots {
		s := &t.slots[i]
		journey, before := t.rotation.at(uint64(i))
		s.stream, s.entity, s.stride = fmt.Sprintf("%s/%d/%s", stream, number, journeys[journey]), before, uint64(n)
		var err error
		if s.renderer, err = t.provider.JourneyRenderer(journeys[journey], t.plan.Options); err != nil {
			return fmt.Errorf("%w: %w", ErrPlan, err)
		}
	}
	return nil
}

// enter reports whether the worker may send the event. Otherwise the worker that is in the slot
// will send it.
func (s *slot) enter(it item, step uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy || step != s.step {
		s.pending = append(s.pending, waiting{it, step})
		return false
	}
	s.busy = true
	return true
}

// leave ends an event. It returns the next one when it is waiting: the worker stays in the slot.
func (s *slot) leave() (item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step++
	for i, w := range s.pending {
		if w.step == s.step {
			s.pending[i] = s.pending[len(s.pending)-1]
			s.pending = s.pending[:len(s.pending)-1]
			return w.item, true
		}
	}
	s.busy = false
	return item{}, false
}

// next renders the next event of the slot, which stays until the call after.
func (s *slot) next(d fixtures.Draw) (*fixtures.Event, error) {
	if s.waits {
		s.waits = false
		return &s.later, nil
	}
	return &s.event, s.render(d, &s.event)
}

// overtake renders the next two events and returns the second one; the first is the next.
func (s *slot) overtake(d fixtures.Draw) (*fixtures.Event, error) {
	if s.waits { // it was overtaken itself
		return s.next(d)
	}
	if err := s.render(d, &s.later); err != nil {
		return nil, err
	}
	s.waits = true
	return &s.event, s.render(d, &s.event)
}

// maxEmpty is how many entities in a row may have no event.
const maxEmpty = 1000

func (s *slot) render(d fixtures.Draw, e *fixtures.Event) error {
	for range maxEmpty {
		if more, err := s.renderer.Next(d, e); more || err != nil {
			return err
		}
		if err := s.renderer.Start(fixtures.Draw{Seed: d.Seed, Stream: s.stream, Index: s.entity}); err != nil {
			return err
		}
		s.entity += s.stride
	}
	return fmt.Errorf("%w: journey %s has no events", ErrPlan, s.stream)
}
