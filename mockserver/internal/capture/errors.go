package capture

import (
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// ErrInvalid reports an unusable bin name, setting, condition or wait.
var ErrInvalid = journal.ErrInvalid

// ErrTLS reports that the TLS listener could not be started.
var ErrTLS = errors.New("capture over TLS")
