package delivery

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/fault"
)

// Fault is one thing done wrong on purpose.
type Fault = fault.Fault

// reordered returns the order in which n events go when the marked ones change places: a
// permutation of 0…n-1. A single marked event changes places with the one after it, the last with
// the one before. It is never the order given, unless n < 2 or nothing is marked.
func reordered(n int, marked []int, rng *rand.Rand) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if n < 2 || len(marked) == 0 {
		return order
	}
	if len(marked) == 1 {
		at := marked[0]
		with := at + 1
		if with == n {
			with = at - 1
		}
		order[at], order[with] = order[with], order[at]
		return order
	}
	from := slices.Clone(marked)
	rng.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	if slices.Equal(from, marked) {
		from[0], from[1] = from[1], from[0]
	}
	for i, at := range marked {
		order[at] = from[i]
	}
	return order
}

// group is the copies of a delivery that are sent at the same time.
type group struct{ started, connected barrier }

func newGroup(n int) *group {
	g := &group{}
	g.started.open(n)
	g.connected.open(n)
	return g
}

// barrier is where copies wait for each other.
type barrier struct {
	missing atomic.Int32
	all     chan struct{}
}

func (b *barrier) open(n int) {
	b.missing.Store(int32(n))
	b.all = make(chan struct{})
}

// arrive counts one copy, which calls it once.
func (b *barrier) arrive() {
	if b.missing.Add(-1) == 0 {
		close(b.all)
	}
}

// together makes an attempt wait for the other copies twice: until each is in flight, before its
// time limit begins, and until each has a connection. leave is called at the end, so that nobody
// waits for a copy that fails.
func (g *group) together(done <-chan struct{}) (ready func(), leave func()) {
	arrive := sync.OnceFunc(g.connected.arrive)
	g.started.arrive()
	select {
	case <-g.started.all:
	case <-done:
	}
	ready = func() {
		arrive()
		select {
		case <-g.connected.all:
		case <-done:
		}
	}
	return ready, arrive
}

// perTarget returns how many attempts to one endpoint are in flight at once.
func (s *schedule) perTarget() int { return max(1, s.workers/2) }

// heldJobs are the deliveries that a fault holds, of one endpoint. The zero heldJobs is empty.
type heldJobs struct {
	mu   sync.Mutex
	jobs []*job
}

func (h *heldJobs) add(j *job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.jobs = append(h.jobs, j)
}

// take returns all of them, and keeps none.
func (h *heldJobs) take() []*job {
	h.mu.Lock()
	defer h.mu.Unlock()
	jobs := h.jobs
	h.jobs = nil
	return jobs
}

// keepOnly drops the jobs of deliveries that are not owned, and adds the ids of the others to
// known.
func (h *heldJobs) keepOnly(owned, known map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.jobs = slices.DeleteFunc(h.jobs, func(j *job) bool { return !owned[j.id] })
	for _, j := range h.jobs {
		known[j.id] = true
	}
}

func (h *heldJobs) empty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.jobs) == 0
}

// hold keeps a job whose first attempt a fault holds, and reports whether it does.
func (j *job) hold() bool {
	if !j.faults.Holds() || !j.first() {
		return false
	}
	j.target.held.add(j)
	return true
}

// release puts the held deliveries of a target onto its schedule, due now.
func (t *target) release() {
	jobs := t.held.take()
	now := t.schedule.time()
	for _, j := range jobs {
		j.due = now
	}
	t.schedule.add(jobs...)
}

// stopHeld records that the held deliveries of a target, which is removed or disabled, are stopped.
func (d *Dispatcher) stopHeld(t *target) {
	for _, j := range t.held.take() {
		d.stop(j)
	}
}

// firstDue returns when the first attempt of a delivery is due: never, the zero time, while it is
// held.
func firstDue(faults fault.Set, now time.Time) time.Time {
	if faults.Holds() || faults.DropsAll() {
		return time.Time{}
	}
	return now.Add(faults.Late(1))
}
