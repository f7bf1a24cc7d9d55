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
	exitFailed       = 1 // a check failed
	exitMisuse       = 2 // the command line or a file named there is wrong
	exitInconclusive = 3 // nothing could be checked, for example because of an interrupt
)

// exitCode is an exit code and its meaning.
type exitCode struct {
	code       int
	name, text string
}

// exitCodes returns the exit codes for help and documents.
func exitCodes() []exitCode {
	return []exitCode{
		{exitPassed, "passed", "Every check passed."},
		{exitFailed, "failed", "The consumer did something wrong: a step failed, a signature is not valid, an event was lost."},
		{exitMisuse, "misuse", "The command line or a file named there is wrong. Nothing was sent."},
		{exitInconclusive, "inconclusive", "hookrig could not check: nothing listens at the target, a port is in use, the disk is full, or the run was interrupted."},
	}
}

// exitError ends the program with a code. Without err it prints nothing, because the command has
// printed a result.
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

// text returns the error's text. It puts errors of the system, of libraries and of remote servers
// on one line, because they may quote foreign data.
func (e *exitError) text() string {
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
		_, remote := err.(*mockserver.Problem)
		if path := kind.PkgPath(); remote || !slices.Contains([]string{"", "main", "fmt", "errors"}, path) && !strings.HasPrefix(path, ownModule) {
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

// withoutPrefix removes the prefix "invalid request" of API errors, because the user of the command
// made no request.
func withoutPrefix(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), mockserver.ErrInvalid.Error()+": "))
}
