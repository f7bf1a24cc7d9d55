package burst

import (
	"cmp"
	"errors"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Accounting compares what was sent with what a bin captured.
type Accounting struct {
	// Captured is how many of the events sent the bin has, each counted once.
	Captured uint64 `json:"captured"`
	// Lost were acknowledged with a 2xx and are not in the bin.
	Lost uint64 `json:"lost"`
	// Duplicated is how many captures are further copies of an event.
	Duplicated uint64 `json:"duplicated"`
	// Unexpected is how many captures are of no event of the burst.
	Unexpected uint64 `json:"unexpected"`
	// Unacknowledged are in the bin although the sender got no 2xx: a response was lost, not the
	// event.
	Unacknowledged uint64 `json:"unacknowledged"`
	// OutOfOrder is how many events came after one of a higher number. With several connections
	// some do.
	OutOfOrder uint64 `json:"out_of_order"`
}

// OK says whether everything acknowledged was captured exactly once, and nothing else was.
func (a *Accounting) OK() bool { return a.Lost == 0 && a.Duplicated == 0 && a.Unexpected == 0 }

// Reconcile fills in r.Accounting from the captures of a bin since the burst began, in the order of
// their sequence. It distinguishes events by their bodies, which it draws again or takes from the
// recording. Where bodies are equal it expects as many captures. It takes 20 bytes of memory an
// event.
func (r *Report) Reconcile(captures iter.Seq2[journal.Capture, error]) error {
	if r.plan.Provider == nil && r.plan.Recording == nil {
		return errNoPlan
	}
	seed := maphash.MakeSeed()
	expected, err := r.expected(seed)
	if err != nil {
		return err
	}
	a := &Accounting{}
	// of the events with the same body, at the first of them
	captured := make([]uint32, len(expected))
	var highest uint32
	for c, err := range captures {
		if err != nil {
			return err
		}
		hash := maphash.Bytes(seed, c.Body)
		first, ok := slices.BinarySearchFunc(expected, hash, func(s sum, h uint64) int { return cmp.Compare(s.hash, h) })
		if !ok {
			a.Unexpected++
			continue
		}
		at := first + int(captured[first])
		if at >= len(expected) || expected[at].hash != hash {
			a.Duplicated++
			continue
		}
		captured[first]++
		a.Captured++
		if index := expected[at].index; index < highest {
			a.OutOfOrder++
		} else {
			highest = index
		}
	}
	for first := 0; first < len(expected); {
		acknowledged, next := 0, first
		for ; next < len(expected) && expected[next].hash == expected[first].hash; next++ {
			if _, failed := slices.BinarySearch(r.unacknowledged, expected[next].index); !failed {
				acknowledged++
			}
		}
		a.Lost += uint64(max(0, acknowledged-int(captured[first])))
		a.Unacknowledged += uint64(max(0, int(captured[first])-acknowledged))
		first = next
	}
	r.Accounting = a
	return nil
}

// sum is the hash of one event's body and the event's number.
type sum struct {
	hash  uint64
	index uint32
}

// expected returns the sums of every event that was sent, in the order of their hashes.
func (r *Report) expected(seed maphash.Seed) ([]sum, error) {
	hash, err := r.hashes(seed)
	if err != nil {
		return nil, err
	}
	sums := make([]sum, 0, r.end)
	for i := range r.end {
		h, err := hash(i)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum{h, uint32(i)})
	}
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.index, b.index)) })
	return sums, nil
}

// hashes returns a function that returns the hash of an event's body, rendered again or recorded.
func (r *Report) hashes(seed maphash.Seed) (func(i uint64) (uint64, error), error) {
	if r.plan.Recording == nil {
		m, err := newRequestBuilder(&r.plan, r.names)
		return func(i uint64) (uint64, error) {
			body, err := m.body(i)
			return maphash.Bytes(seed, body), err
		}, err
	}
	bodies, known := r.plan.Recording.bodies()
	if !known {
		return nil, errSignedBodies
	}
	var recorded []uint64
	for _, body := range bodies {
		recorded = append(recorded, maphash.Bytes(seed, body))
	}
	return func(i uint64) (uint64, error) { return recorded[i%uint64(len(recorded))], nil }, nil
}

// errSignedBodies means that the events cannot be distinguished afterwards.
var errSignedBodies = errors.New("the signatures are written into the bodies, which are therefore not known: --no-reconcile")
