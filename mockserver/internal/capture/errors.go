package capture

import "errors"

// ErrInvalid: a bin's name, its settings, a condition or a wait cannot be used. Errors that wrap it quote the input
// and say what was expected.
var ErrInvalid = errors.New("invalid")

// ErrTLS: the TLS listener could not be started.
var ErrTLS = errors.New("capture over TLS")
