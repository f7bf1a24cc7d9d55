package burst

import "errors"

var (
	// ErrPlan means that the plan is wrong; the error says why.
	ErrPlan = errors.New("burst plan")
	// ErrShape means that the text of a Shape is wrong; the error says where and why.
	ErrShape = errors.New("shape")
	// ErrThreshold means that the text of a Threshold is wrong; the error says why.
	ErrThreshold = errors.New("threshold")
	// ErrNoConsumer means that nothing could be connected to at the plan's URL.
	ErrNoConsumer = errors.New("no consumer")
	// ErrIncomplete means that a bin no longer has all that it received, so it cannot be
	// reconciled.
	ErrIncomplete = errors.New("the bin is incomplete")
)
