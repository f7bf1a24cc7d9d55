package burst

import (
	"fmt"
	"sync"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/outbound"
)

// load is a checked Plan: it knows which event belongs to an index.
type load struct {
	plan     *Plan
	parts    []part
	rotation rotation // of the parts
	faults   faultShares
	intended func() (uint64, bool) // of the plan, over all shards
}

// part is a checked Part.
type part struct {
	provider *fixtures.Provider
	timeout  time.Duration
	plan     *Part

	names    []string // the events in rotation; nil: the entities of population
	rotation rotation // of the names, or of the journeys of the slots
	slots    []slot

	idle     sync.Pool   // of *eventRenderer: one is needed while a request is made, not while it is sent
	builders []sync.Pool // of *outbound.Builder, by URL
}

// newLoad checks what the parts and faults of a plan name.
func newLoad(p *Plan) (*load, error) {
	l := &load{plan: p, parts: make([]part, len(p.Parts)), intended: sync.OnceValues(func() (uint64, bool) { return intended(p) })}
	if p.Recording != nil {
		return l, nil
	}
	weights := make([]float64, len(p.Parts))
	for i := range p.Parts {
		if weights[i] = p.Parts[i].Weight; weights[i] == 0 {
			weights[i] = 1
		}
		if err := l.parts[i].init(p, i); err != nil {
			return nil, err
		}
	}
	var err error
	if l.rotation, err = checkedRotation(weights, "providers"); err != nil {
		return nil, err
	}
	l.faults, err = newFaultShares(p, l)
	return l, err
}

// as returns the load of another shard of the plan.
func (l *load) as(shard Shard) *load {
	other, plan := *l, *l.plan
	plan.Shard = shard
	other.plan = &plan
	return &other
}

// checkedRotation returns the rotation of weights. Each choice must come in a round.
func checkedRotation(weights []float64, of string) (rotation, error) {
	for _, w := range weights {
		if !(w > 0) {
			return rotation{}, fmt.Errorf("%w: the weight %v of %s: want a number above 0", ErrPlan, w, of)
		}
	}
	r := newRotation(weights)
	for i, n := range r.counts {
		if n == 0 {
			return r, fmt.Errorf("%w: the weight %v of %s is too small beside the others: at least one in %d", ErrPlan, weights[i], of, maxRound)
		}
	}
	return r, nil
}

func (t *part) init(p *Plan, number int) error {
	file := &p.Parts[number]
	t.provider, t.plan, t.timeout = file.Provider, file, p.timeoutOf(file.Provider)
	names, weights, err := file.events()
	if err != nil {
		return err
	}
	if len(names) > 0 && len(file.Journeys) > 0 {
		return fmt.Errorf("%w: events and journeys of %s: want one of the two", ErrPlan, t.provider.Name)
	}
	journeys, of := []string(nil), "events"
	if len(names) == 0 {
		if journeys, weights, err = file.journeys(); err != nil {
			return err
		}
		of = "journeys"
	}
	if len(names)+len(journeys) == 0 { // a provider without journeys
		for _, e := range t.provider.Events {
			names, weights = append(names, e.Name), append(weights, 1)
		}
	}
	t.names = names
	if t.rotation, err = checkedRotation(weights, of); err != nil {
		return err
	}
	t.builders = make([]sync.Pool, len(p.URLs))
	for i := range p.URLs { // an error is one of the plan
		b, err := t.newBuilder(p, i)
		if err != nil {
			return err
		}
		t.builders[i].Put(b)
	}
	if len(journeys) > 0 {
		return t.populate(p, number, journeys)
	}
	first, err := t.newRenderer()
	if err == nil {
		t.idle.Put(first)
	}
	return err
}

func (t *part) newBuilder(p *Plan, url int) (*outbound.Builder, error) {
	return outbound.New(t.provider, outbound.Endpoint{URL: p.URLs[url], Secrets: []string{t.plan.Secret}, Unsigned: t.plan.Secret == ""})
}

// builder returns a builder for requests to a URL. Give it back with t.builders[url].Put.
func (t *part) builder(p *Plan, url int) (*outbound.Builder, error) {
	if b, ok := t.builders[url].Get().(*outbound.Builder); ok {
		return b, nil
	}
	return t.newBuilder(p, url)
}

// eventRenderer renders events of new entities.
type eventRenderer struct {
	renderers []*fixtures.Renderer // by name
	event     fixtures.Event
}

func (t *part) newRenderer() (*eventRenderer, error) {
	r := &eventRenderer{}
	for _, name := range t.names {
		one, err := t.provider.Renderer(name, t.plan.Options)
		if err != nil {
			return nil, err
		}
		r.renderers = append(r.renderers, one)
	}
	return r, nil
}

// item is one event of a burst.
type item struct {
	index uint64
	due   time.Duration // after the start
	part  int
	n     uint64 // the event's number among those of its part
}

// item returns the event of an index.
func (l *load) item(i uint64, due time.Duration) item {
	it := item{index: i, due: due}
	if len(l.parts) > 0 {
		it.part, it.n = l.rotation.at(i)
	}
	return it
}

// slot returns where the entity of an event lives; nil is an event of a new entity.
func (l *load) slot(it item) *slot {
	if len(l.parts) == 0 || len(l.parts[it.part].slots) == 0 {
		return nil
	}
	t := &l.parts[it.part]
	return &t.slots[it.n%uint64(len(t.slots))]
}

// step returns the number of an event among those of its slot.
func (l *load) step(it item) uint64 { return it.n / uint64(len(l.parts[it.part].slots)) }

// url returns the number of the URL that an event goes to: entities stay at theirs.
func (l *load) url(it item) int {
	urls := uint64(len(l.plan.URLs))
	if len(l.parts) > 0 && len(l.parts[it.part].slots) > 0 {
		return int(it.n % uint64(len(l.parts[it.part].slots)) % urls)
	}
	return int(it.index % urls)
}

// draw returns what the event of an index is generated from.
func (l *load) draw(i uint64) fixtures.Draw {
	return fixtures.Draw{Seed: l.plan.Seed, Stream: stream, Index: i}
}
