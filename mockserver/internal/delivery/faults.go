package delivery

import (
	"time"
)

// kinds is the table of all faults, in the order in which they are done to one delivery.
func kinds() []kind {
	return []kind{duplicate(), reorder(), delay(), drop(), badSignature(), badBody()}
}

// Faults describes all kinds of faults.
func Faults() []FaultKind {
	table := kinds()
	list := make([]FaultKind, len(table))
	for i := range table {
		list[i] = table[i].FaultKind
	}
	return list
}

// kind is one kind of fault. Each has check, and those of the other members that it needs.
type kind struct {
	FaultKind
	// check returns what is wrong with an argument.
	check func(arg string) error
	// whole faults are done once, when the event is emitted.
	whole bool

	// copies returns how many deliveries are made of one.
	copies func(arg string) int
	// reorders lets events that are emitted together change places.
	reorders bool
	// late returns how much later an attempt is made.
	late func(arg string) time.Duration
	// drops keeps an attempt from being sent.
	drops bool
	// alter changes the request that an attempt sends. An error says why this request cannot be
	// changed so.
	alter func(arg string, r *request) error
}
