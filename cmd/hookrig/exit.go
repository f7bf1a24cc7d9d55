package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// The exit codes.
const (
	exitPassed       = 0
	exitFailed       = 1 // what was checked is wrong
	exitMisuse       = 2 // the command line, or a file that it names, is wrong
	exitInconclusive = 3 // nothing could be checked: a port taken, a disk full, an interrupt
)

// exitCode is an exit code and what it says.
type exitCode struct {
	code       int
	name, text string
}

// exitCodes lists the exit codes for help and documents.
func exitCodes() []exitCode {
	return []exitCode{
		{exitPassed, "passed", "Everything is as it should be."},
		{exitFailed, "failed", "The consumer did something wrong: a step failed, a signature is not valid, an event was lost."},
		{exitMisuse, "misuse", "The command line, or a file that it names, is wrong. Nothing was sent."},
		{exitInconclusive, "inconclusive", "hookrig could not find out: nobody listens at the target, a port is in use, a disk is full, an interrupt."},
	}
}

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

// told is the error's text, in which only errors of ours have several lines: those of the system, of libraries and of a server elsewhere quote
// what they were given.
func (e *exitError) told() string {
	text := e.Error()
	var walk func(err error)
	walk = func(err error) {
		if err == nil {
			return
		}
		kind := reflect.TypeOf(err)
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		_, elsewhere := err.(*mockserver.Problem)
		if path := kind.PkgPath(); elsewhere || !slices.Contains([]string{"", "main", "fmt", "errors"}, path) && !strings.HasPrefix(path, ownModule) {
			text = strings.ReplaceAll(text, err.Error(), terminal.Line(err.Error()))
			return
		}
		switch err := err.(type) {
		case interface{ Unwrap() error }:
			walk(err.Unwrap())
		case interface{ Unwrap() []error }:
			for _, one := range err.Unwrap() {
				walk(one)
			}
		}
	}
	walk(e.err)
	return text
}

const ownModule = "github.com/hookrig/hookrig"

func (e *exitError) Unwrap() error { return e.err }

func failed() *exitError { return &exitError{code: exitFailed} }

func misuse(err error) *exitError { return &exitError{code: exitMisuse, err: err} }

func misusef(format string, args ...any) *exitError { return misuse(fmt.Errorf(format, args...)) }

func inconclusive(err error) *exitError { return &exitError{code: exitInconclusive, err: err} }

// plainly leaves out that it was a request, of which who types a command line knows nothing.
func plainly(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), mockserver.ErrInvalid.Error()+": "))
}
