package journal

import "errors"

// These are the causes of errors of a Store, and of invalid requests.
var (
	// ErrNotFound means that there is no record with that name.
	ErrNotFound = errors.New("not found")
	// ErrExists means that a delivery with that id is already stored.
	ErrExists = errors.New("already stored")
	// ErrFull means that the record did not fit. No part of it was stored.
	ErrFull = errors.New("journal is full")
	// ErrInvalid means that a bin's name, its settings, a query, a condition or a wait is invalid.
	// Errors that wrap it quote the input and say what was expected.
	ErrInvalid = errors.New("invalid")
	// ErrChanged means that another server has changed or made the document meanwhile.
	ErrChanged = errors.New("changed meanwhile")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrUnavailable means that the database of the store cannot be reached now. Try again. A
	// write that gets it may have been stored.
	ErrUnavailable = errors.New("journal is unavailable")
)
