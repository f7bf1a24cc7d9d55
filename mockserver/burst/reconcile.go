package burst

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Accounting compares what was sent with what a bin captured, or with what a consumer has done.
type Accounting struct {
	// Captured is how many of the events sent the bin has, each counted once.
	Captured uint64 `json:"captured"`
	// Lost were acknowledged with a 2xx and are not in the bin.
	Lost uint64 `json:"lost"`
	// Duplicated is how many captures are copies that the burst did not send.
	Duplicated uint64 `json:"duplicated"`
	// Unexpected is how many captures are of no event of the burst.
	Unexpected uint64 `json:"unexpected"`
	// Corrupted is how many captures have the id of an event of the burst, but another body.
	Corrupted uint64 `json:"corrupted"`
	// Unacknowledged are in the bin although the sender got no 2xx: a response was lost, not the
	// event. Events with a fault do not count.
	Unacknowledged uint64 `json:"unacknowledged"`
	// OutOfOrder is how many events of an entity came after a later one of the same entity, or of
	// the entity that took its place.
	OutOfOrder uint64 `json:"out_of_order"`
	// LostEvents are the first MaxLostEvents of the lost ones.
	LostEvents []LostEvent `json:"lost_events,omitempty"`
}

// LostEvent is an event that was acknowledged and is missing.
type LostEvent struct {
	// Index is its number in the burst, ID its id; "" where events have none.
	Index uint32 `json:"index"`
	ID    string `json:"id,omitempty"`
}

// MaxLostEvents bounds Accounting.LostEvents.
const MaxLostEvents = 100_000

// OK reports whether everything acknowledged was captured exactly once, and nothing else was.
func (a *Accounting) OK() bool {
	return a.Lost == 0 && a.Duplicated == 0 && a.Unexpected == 0 && a.Corrupted == 0
}

var (
	// errNoPlan means that the report was read from a file.
	errNoPlan = errors.New("a report that no Run made cannot be reconciled")
	// errSignedBodies means that the events cannot be distinguished afterwards.
	errSignedBodies = errors.New("the signatures are written into the bodies, which are therefore not known: --no-reconcile")
)

// Reconcile fills in r.Accounting from the captures of a bin since the burst began, in the order of
// their sequence. It distinguishes events by their bodies, which it renders again or takes from the
// recording. Where bodies are equal it expects as many captures. It takes 40 bytes of memory an
// event.
func (r *Report) Reconcile(captures iter.Seq2[journal.Capture, error]) error {
	x, err := r.expectBodies()
	if err != nil {
		return err
	}
	for c, err := range captures {
		if err != nil {
			return err
		}
		if !x.take(c.Digest().Sum.Hash()) {
			x.foreign(r.load.idOf(&c.Message))
		}
	}
	return r.account(x)
}

// ReconcileDigests is Reconcile with the digests of the captures. It calls capture for those that
// are of no event of the burst.
func (r *Report) ReconcileDigests(digests iter.Seq2[journal.Digest, error], capture func(id string) (journal.Capture, error)) error {
	x, err := r.expectBodies()
	if err != nil {
		return err
	}
	for d, err := range digests {
		if err != nil {
			return err
		}
		if x.take(d.Sum.Hash()) {
			continue
		}
		c, err := capture(journal.CaptureID(d.Seq))
		if err != nil && !errors.Is(err, journal.ErrNotFound) { // it was deleted since
			return err
		}
		x.foreign(r.load.idOf(&c.Message))
	}
	return r.account(x)
}

func (r *Report) expectBodies() (*expected, error) {
	return r.expect(func(body []byte, _ string, _ maphash.Seed) (uint64, bool) {
		return journal.Sum(sha256.Sum256(body)).Hash(), true
	})
}

// ReconcileIDs fills in r.Accounting from the ids of the events that a consumer has acted on, in
// any order: one for each time that it acted. It returns an error when the events have no ids.
func (r *Report) ReconcileIDs(ids iter.Seq2[string, error]) error {
	x, err := r.expect(func(_ []byte, id string, seed maphash.Seed) (uint64, bool) { return maphash.String(seed, id), id != "" })
	if err != nil {
		return err
	}
	for id, err := range ids {
		if err != nil {
			return err
		}
		if !x.take(maphash.String(x.seed, id)) {
			x.a.Unexpected++
		}
	}
	x.a.OutOfOrder = 0 // the list has no order
	return r.account(x)
}

// sum is the hash of one event's body or id, and the event's number.
type sum struct {
	hash  uint64
	index uint32
}

// expected is what must be in a bin.
type expected struct {
	load     *load
	seed     maphash.Seed
	sums     []sum            // by hash
	captured []uint32         // of the events with the same hash, at the first of them in sums
	ids      []uint64         // the hashes of the events' ids, ascending; empty when an event has none
	newest   map[*slot]uint64 // one more than the step of the newest event
	a        Accounting
}

// expect renders every event that was taken from the schedule again. key returns what
// distinguishes it; false means that nothing does.
func (r *Report) expect(key func(body []byte, id string, seed maphash.Seed) (uint64, bool)) (*expected, error) {
	if r.load == nil {
		return nil, errNoPlan
	}
	x := &expected{load: r.load, seed: maphash.MakeSeed(), newest: map[*slot]uint64{}}
	again, err := r.load.again()
	if err != nil {
		return nil, err
	}
	named := true
	x.sums = make([]sum, 0, r.ran.number)
	for i := range r.ran.next {
		body, id, err := again(i)
		if err != nil {
			return nil, err
		}
		if !r.load.plan.sends(i) || !r.load.mine(i) {
			continue
		}
		hash, ok := key(body, id, x.seed)
		if !ok {
			return nil, fmt.Errorf("event %d has no id, so a list of ids cannot be compared with the events", i)
		}
		x.sums = append(x.sums, sum{hash, uint32(i)})
		if named = named && id != ""; named {
			x.ids = append(x.ids, maphash.String(x.seed, id))
		}
	}
	if !named {
		x.ids = nil
	}
	slices.SortFunc(x.sums, func(a, b sum) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.index, b.index)) })
	slices.Sort(x.ids)
	x.captured = make([]uint32, len(x.sums))
	return x, nil
}

// copies returns how often an event is sent.
func (x *expected) copies(i uint32) int {
	k := x.load.faults.of(uint64(i))
	if k < 0 {
		return 1
	}
	n, _ := x.load.faults.list[k].set.Copies()
	return n
}

// take counts one capture of the events with a hash. It returns false when there is none.
func (x *expected) take(hash uint64) bool {
	first, ok := slices.BinarySearchFunc(x.sums, hash, func(s sum, h uint64) int { return cmp.Compare(s.hash, h) })
	if !ok {
		return false
	}
	n := int(x.captured[first])
	for at := first; at < len(x.sums) && x.sums[at].hash == hash; at++ {
		if copies := x.copies(x.sums[at].index); n >= copies {
			n -= copies
			continue
		}
		x.captured[first]++
		if n == 0 { // the first one of this event; others are copies that were sent
			x.a.Captured++
			x.order(x.sums[at].index)
		}
		return true
	}
	x.a.Duplicated++
	return true
}

// order counts an event that came after a later one of its entity.
func (x *expected) order(i uint32) {
	it := x.load.item(uint64(i), 0)
	s := x.load.slot(it)
	if s == nil {
		return
	}
	next := x.load.step(it) + 1
	if next < x.newest[s] {
		x.a.OutOfOrder++
	}
	x.newest[s] = max(x.newest[s], next)
}

// foreign counts a capture whose body is none of the burst's.
func (x *expected) foreign(id string) {
	if id != "" {
		if _, known := slices.BinarySearch(x.ids, maphash.String(x.seed, id)); known {
			x.a.Corrupted++
			return
		}
	}
	x.a.Unexpected++
}

// account compares what was captured with what was acknowledged. Where bodies are equal, a capture
// counts first for an event that was acknowledged.
func (r *Report) account(x *expected) error {
	for first := 0; first < len(x.sums); {
		next := first
		for next < len(x.sums) && x.sums[next].hash == x.sums[first].hash {
			next++
		}
		captured := int(x.captured[first])
		for _, acknowledged := range []bool{true, false} {
			for _, e := range x.sums[first:next] {
				if r.ran.acknowledged.has(uint64(e.index)) == acknowledged {
					captured = x.assign(e.index, captured, acknowledged)
				}
			}
		}
		first = next
	}
	slices.SortFunc(x.a.LostEvents, func(a, b LostEvent) int { return cmp.Compare(a.Index, b.Index) })
	r.Accounting = &x.a
	r.Check(r.load.plan.Thresholds)
	return r.nameLost()
}

// assign takes the captures of an event from those that are left, and returns the rest.
func (x *expected) assign(i uint32, captured int, acknowledged bool) int {
	switch {
	case captured > 0 && !acknowledged && x.load.faults.of(uint64(i)) < 0:
		x.a.Unacknowledged++
	case captured == 0 && acknowledged:
		x.a.Lost++
		if len(x.a.LostEvents) < MaxLostEvents {
			x.a.LostEvents = append(x.a.LostEvents, LostEvent{Index: i})
		}
	}
	return max(0, captured-x.copies(i))
}

// nameLost sets the ids of the lost events.
func (r *Report) nameLost() error {
	lost := r.Accounting.LostEvents
	if len(lost) == 0 {
		return nil
	}
	again, err := r.load.again()
	if err != nil {
		return err
	}
	for i, at := uint64(0), 0; at < len(lost); i++ {
		_, id, err := again(i)
		if err != nil {
			return err
		}
		if uint64(lost[at].Index) == i {
			lost[at].ID = id
			at++
		}
	}
	return nil
}

// again returns a function that returns the body and the id of each event as it was sent. It must
// be called for all indexes in their order.
func (l *load) again() (func(i uint64) (body []byte, id string, err error), error) {
	if l.plan.Recording != nil {
		bodies, known := l.plan.Recording.bodies()
		if !known {
			return nil, errSignedBodies
		}
		return func(i uint64) ([]byte, string, error) { return bodies[i%uint64(len(bodies))], "", nil }, nil
	}
	fresh, err := newLoad(l.plan)
	if err != nil {
		return nil, err
	}
	var r request
	return func(i uint64) ([]byte, string, error) {
		it := fresh.item(i, 0)
		if err := fresh.prepare(&r, it, fresh.slot(it)); err != nil {
			return nil, "", err
		}
		return r.message.Body, fresh.parts[it.part].provider.EventID(&r.message), nil
	}, nil
}

// idOf returns the id of the event that a captured request carries.
func (l *load) idOf(m *signature.Message) string {
	for i := range l.parts {
		if id := l.parts[i].provider.EventID(m); id != "" {
			return id
		}
	}
	return ""
}

// WriteLost writes a line for each lost event: its number and its id. Plan.Only takes the numbers.
func (r *Report) WriteLost(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# lost events of the burst with seed %d: number and id\n", r.Seed)
	if r.Accounting != nil {
		for _, e := range r.Accounting.LostEvents {
			fmt.Fprintf(&b, "%d %s\n", e.Index, e.ID)
		}
		if n := int(r.Accounting.Lost) - len(r.Accounting.LostEvents); n > 0 {
			fmt.Fprintf(&b, "# and %d more\n", n)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
