package capture

import (
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// ErrInvalid: a bin's name, its settings, a condition or a wait cannot be used.
var ErrInvalid = journal.ErrInvalid

// ErrTLS: the TLS listener could not be started.
var ErrTLS = errors.New("capture over TLS")
