package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver/provider"
)

// The exit codes.
const (
	exitPassed    = 0
	exitFailed    = 1 // what was judged is wrong
	exitMisuse    = 2 // the command line, or a file that it names, is wrong
	exitNoVerdict = 3 // the rig could not judge: a port taken, a disk full, an interrupt
)

// exitError ends the program with a code; without err it says nothing, because the result already did.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func failed() *exitError { return &exitError{code: exitFailed} }

func misuse(err error) *exitError { return &exitError{code: exitMisuse, err: err} }

func misusef(format string, args ...any) *exitError { return misuse(fmt.Errorf(format, args...)) }

func noVerdict(err error) *exitError { return &exitError{code: exitNoVerdict, err: err} }

// plainly leaves out that it was a request, of which who types a command line knows nothing.
func plainly(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), provider.ErrInvalid.Error()+": "))
}
