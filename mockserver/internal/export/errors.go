package export

import "errors"

// ErrInvalid: there is no such format, the captures cannot be written in it, or a record of a file cannot be read. Errors that
// wrap it say what was expected.
var ErrInvalid = errors.New("invalid")

// ErrNotHTTP: a record of a file is of something that was never sent over HTTP, such as a data: URL in a browser's archive.
var ErrNotHTTP = errors.New("never was HTTP")
