package delivery

import (
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/fault"
)

// Errors that wrap these quote the input and say what was expected.
var (
	// ErrInvalid means that an endpoint, an emission or a fault is wrong. Nothing was done.
	ErrInvalid = fault.ErrInvalid
	// ErrRealClock means that the schedule follows the wall clock, which nobody can advance.
	ErrRealClock = errors.New("the schedule follows the wall clock")
	// ErrClosed means that the dispatcher was closed.
	ErrClosed = errors.New("dispatcher is closed")
)

// Reasons why an attempt in flight was cut short.
var (
	errStopping = errors.New("the server stops")
	errRemoved  = errors.New("the endpoint was removed")
	errDisabled = errors.New("the endpoint was disabled")
)
