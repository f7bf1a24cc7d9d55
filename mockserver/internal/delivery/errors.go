package delivery

import "errors"

// Sentinels; errors that wrap them quote the input and say what was expected.
var (
	// ErrInvalid: an endpoint, an emission or a fault cannot be as it was given. Nothing was done.
	ErrInvalid = errors.New("invalid request")
	// ErrRealClock: the schedule follows the wall clock, which nobody can advance.
	ErrRealClock = errors.New("the schedule follows the wall clock")
	// ErrClosed: the dispatcher was closed.
	ErrClosed = errors.New("dispatcher is closed")
)

// Why an attempt under way was cut short.
var (
	errStopping = errors.New("the server stops")
	errRemoved  = errors.New("the endpoint was removed")
	errDisabled = errors.New("the endpoint was disabled")
)
