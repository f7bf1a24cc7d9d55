package query

import "github.com/hookrig/hookrig/mockserver/internal/journal"

// ErrInvalid: a query, a condition or a wait cannot be used. Errors that wrap it quote the input and say what was expected.
var ErrInvalid = journal.ErrInvalid
