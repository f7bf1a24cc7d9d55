package journal

import "errors"

// Sentinels that every Store returns, and ErrInvalid, of those who ask.
var (
	// ErrNotFound: no record of that name.
	ErrNotFound = errors.New("not found")
	// ErrExists: a delivery of that id is already stored.
	ErrExists = errors.New("already stored")
	// ErrFull: the record could not be stored for want of room; nothing of it was kept.
	ErrFull = errors.New("journal is full")
	// ErrInvalid: a bin's name, its settings, a query, a condition or a wait cannot be used. Errors that wrap it quote the
	// input and say what was expected.
	ErrInvalid = errors.New("invalid")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("journal is closed")
)
