package export

import "errors"

// ErrInvalid means that the format does not exist, that it cannot contain the captures, or that a
// record of a file is invalid. Errors that wrap it say what was expected.
var ErrInvalid = errors.New("invalid")

// ErrNotHTTP means that a record of a file is not an HTTP request, such as a data: URL in a
// browser's archive.
var ErrNotHTTP = errors.New("not an HTTP request")
