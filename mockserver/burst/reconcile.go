package burst

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// Accounting holds what was sent against what a bin captured.
type Accounting struct {
	// Captured is how many of the events sent the bin has, each counted once.
	Captured uint64 `json:"captured"`
	// Lost were acknowledged with a 2xx and are not in the bin.
	Lost uint64 `json:"lost"`
	// Duplicated is how many captures are further copies of an event.
	Duplicated uint64 `json:"duplicated"`
	// Unexpected is how many captures are of no event of the burst.
	Unexpected uint64 `json:"unexpected"`
	// Unacknowledged are in the bin though their sender saw no 2xx: a reply was lost, not the event.
	Unacknowledged uint64 `json:"unacknowledged"`
	// OutOfOrder is how many events came after one of a higher number. With several connections some do.
	OutOfOrder uint64 `json:"out_of_order"`
}

// OK says whether everything acknowledged was captured exactly once, and nothing else was.
func (a *Accounting) OK() bool { return a.Lost == 0 && a.Duplicated == 0 && a.Unexpected == 0 }

// Reconcile fills in r.Accounting from the captures of a bin since the burst began, in the order of their sequence.
// Events are told apart by their bodies, which are drawn again; where bodies of a burst are equal, as many captures of
// them are expected. It takes 16 bytes of memory an event.
func (r *Report) Reconcile(captures iter.Seq2[journal.Capture, error]) error {
	if r.plan.Provider == nil {
		return errNoPlan
	}
	seed := maphash.MakeSeed()
	expected, err := r.expected(seed)
	if err != nil {
		return err
	}
	a := &Accounting{}
	seen := make([]bool, len(expected))
	var highest uint32
	for c, err := range captures {
		if err != nil {
			return err
		}
		at, ok := find(expected, seen, maphash.Bytes(seed, c.Body))
		switch {
		case !ok:
			a.Unexpected++
			continue
		case seen[at]:
			a.Duplicated++
			continue
		}
		seen[at] = true
		a.Captured++
		if index := expected[at].index; index < highest {
			a.OutOfOrder++
		} else {
			highest = index
		}
	}
	for at, e := range expected {
		_, failed := slices.BinarySearch(r.unacknowledged, e.index)
		switch {
		case !seen[at] && !failed:
			a.Lost++
		case seen[at] && failed:
			a.Unacknowledged++
		}
	}
	r.Accounting = a
	return nil
}

// sum is the hash of one event's body and the event's number.
type sum struct {
	hash  uint64
	index uint32
}

// expected draws every event that was sent once more and returns the sums in the order of their hashes.
func (r *Report) expected(seed maphash.Seed) ([]sum, error) {
	m, err := newMaker(&r.plan, r.names)
	if err != nil {
		return nil, err
	}
	sums := make([]sum, 0, r.end)
	for i := range r.end {
		body, err := m.body(i)
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum{maphash.Bytes(seed, body), uint32(i)})
	}
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.index, b.index)) })
	return sums, nil
}

// find returns the first event of that hash that has not been seen, or the last of them when all have.
func find(sums []sum, seen []bool, hash uint64) (at int, ok bool) {
	at, ok = slices.BinarySearchFunc(sums, hash, func(s sum, h uint64) int { return cmp.Compare(s.hash, h) })
	if !ok {
		return 0, false
	}
	for at+1 < len(sums) && seen[at] && sums[at+1].hash == hash {
		at++
	}
	return at, true
}
