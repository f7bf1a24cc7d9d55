package export

import "errors"

// ErrInvalid: there is no such format, the captures cannot be written in it, or a record of a file cannot be read. Errors that
// wrap it say what was expected.
var ErrInvalid = errors.New("invalid")
