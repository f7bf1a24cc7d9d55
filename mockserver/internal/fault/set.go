package fault

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Set is faults that are done together, in the order in which they are done: that of the table. The
// zero Set does nothing.
type Set struct{ list []active }

// NewSet checks faults. Errors wrap ErrInvalid: two faults may contradict each other.
func NewSet(faults []Fault) (Set, error) {
	if len(faults) == 0 {
		return Set{}, nil
	}
	list := make([]active, len(faults))
	for i, f := range faults {
		var err error
		if list[i], err = f.activate(); err != nil {
			return Set{}, err
		}
	}
	order := map[string]int{}
	for i, r := range table() {
		order[r.Name] = i
	}
	slices.SortStableFunc(list, func(a, b active) int { return order[a.row.Name] - order[b.row.Name] })
	for i := range list {
		for j := range i {
			if contradict(&list[j], &list[i]) {
				return Set{}, fmt.Errorf("%w: faults %q and %q: want one of the two, or each for other attempts (@1)", ErrInvalid, list[j].Fault, list[i].Fault)
			}
		}
	}
	return Set{list}, nil
}

// Recorded returns the set of faults that Names gave, in this or an earlier version: whether they
// contradict each other was checked then.
func Recorded(names []string) (Set, error) {
	list := make([]active, len(names))
	for i, text := range names {
		f, err := Parse(text)
		if err != nil {
			return Set{}, err
		}
		if list[i], err = f.activate(); err != nil {
			return Set{}, err
		}
	}
	return Set{list}, nil
}

// contradict reports whether two faults cannot be done to one attempt.
func contradict(a, b *active) bool {
	shared := slices.ContainsFunc(a.row.groups, func(g string) bool { return slices.Contains(b.row.groups, g) }) ||
		a.row.Name == b.row.Name && a.arg == b.arg
	if !shared {
		return false
	}
	return len(a.Attempts) == 0 || len(b.Attempts) == 0 || slices.ContainsFunc(a.Attempts, b.on)
}

// Names returns the faults as Parse reads them.
func (s Set) Names() []string {
	var names []string
	for i := range s.list {
		names = append(names, s.list[i].String())
	}
	return names
}

// On names the faults that are done to the attempt of that number; "" is none.
func (s Set) On(attempt int) string {
	var names []string
	for i := range s.list {
		if s.list[i].on(attempt) {
			names = append(names, s.list[i].name())
		}
	}
	return strings.Join(names, ", ")
}

// Forges reports whether the signature of the request is wrong, so that a consumer must refuse it.
func (s Set) Forges() bool { return s.any(func(r *row) bool { return r.Signature == Invalid }) }

// Copies returns how many deliveries are made of one, and whether their first attempts are released
// together.
func (s Set) Copies() (n int, together bool) {
	n = 1
	for i := range s.list {
		if r := s.list[i].row; r.copies != nil {
			n, together = r.copies(s.list[i].arg), r.together
		}
	}
	return n, together
}

// Reorders reports whether the event changes places with others that are emitted with it.
func (s Set) Reorders() bool { return s.any(func(r *row) bool { return r.reorders }) }

// Holds reports whether the delivery waits until another one to the endpoint releases it.
func (s Set) Holds() bool { return s.any(func(r *row) bool { return r.holds }) }

// Releases reports whether the delivery releases those that are held for its endpoint, after its
// first attempt.
func (s Set) Releases() bool { return s.any(func(r *row) bool { return r.releases }) }

func (s Set) any(is func(r *row) bool) bool {
	return slices.ContainsFunc(s.list, func(a active) bool { return is(a.row) })
}

// Late returns how much later than usual the attempt of that number is made. Without named attempts
// the first attempt is late and with it all that follow. With named attempts each of them is late.
func (s Set) Late(attempt int) time.Duration {
	var d time.Duration
	for i := range s.list {
		f := &s.list[i]
		if f.row.late != nil && (len(f.Attempts) == 0 && attempt == 1 || len(f.Attempts) > 0 && f.on(attempt)) {
			d += f.row.late(f.arg)
		}
	}
	return d
}

// Drops reports whether the attempt of that number is not sent.
func (s Set) Drops(attempt int) bool {
	return slices.ContainsFunc(s.list, func(f active) bool { return f.row.drops && f.on(attempt) })
}

// DropsAll reports whether no attempt is ever sent.
func (s Set) DropsAll() bool {
	return slices.ContainsFunc(s.list, func(f active) bool { return f.row.drops && len(f.Attempts) == 0 })
}

// Alters reports whether the request of that attempt is another than a good one.
func (s Set) Alters(attempt int) bool {
	return slices.ContainsFunc(s.list, func(f active) bool { return f.row.alters() && f.on(attempt) })
}

func (r *row) alters() bool { return r.prepare != nil || r.alter != nil }

// Rehearsals returns the sets of faults that are done to requests together: that of every attempt
// that a fault names, and that of the others. Each has the attempt's number.
func (s Set) Rehearsals() []int {
	var attempts []int
	last := 0
	for i := range s.list {
		if s.list[i].row.alters() {
			attempts = append(attempts, s.list[i].Attempts...)
		}
	}
	slices.Sort(attempts)
	attempts = slices.Compact(attempts)
	if len(attempts) > 0 {
		last = attempts[len(attempts)-1]
	}
	if s.Alters(last + 1) {
		attempts = append(attempts, last+1)
	}
	return attempts
}
