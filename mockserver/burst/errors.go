package burst

import "errors"

var (
	// ErrPlan: the plan cannot be carried out; the error says why.
	ErrPlan = errors.New("burst plan")
	// ErrNoConsumer: nothing could be connected to at the plan's URL.
	ErrNoConsumer = errors.New("no consumer")
	// ErrIncomplete: a bin no longer holds all that it received, so it cannot be reconciled.
	ErrIncomplete = errors.New("the bin is incomplete")
)
