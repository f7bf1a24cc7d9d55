package mockserver

import (
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Sentinels of this package.
var (
	// ErrExposed: other machines can reach an address, and no token guards it.
	ErrExposed = errors.New("reachable from other machines, without a token")
	// ErrNotReceived: the captures that a bin waited for did not arrive in time.
	ErrNotReceived = errors.New("not received")
	// ErrNoSubscriber: no endpoint is subscribed to the event, so nothing was sent.
	ErrNoSubscriber = errors.New("no subscriber")
	// ErrNoServer: no dashboard answers at the address given to Dial.
	ErrNoServer = errors.New("no server there")

	// ErrInvalid: an endpoint, an event or a run has wrong values.
	ErrInvalid = delivery.ErrInvalid
	// ErrInvalidBin: a bin's settings, a query or a wait has wrong values.
	ErrInvalidBin = capture.ErrInvalid
	// ErrNotFound: there is no record with that id, or it was evicted.
	ErrNotFound = journal.ErrNotFound
	// ErrFull: the store has no room left.
	ErrFull = journal.ErrFull
	// ErrExists: there is a record with that id, or other data where a copy is to go.
	ErrExists = journal.ErrExists
	// ErrIncomplete: the data is a copy that was interrupted.
	ErrIncomplete = journal.ErrIncomplete
	// ErrDiffers: a copy is not the same as its origin.
	ErrDiffers = journal.ErrDiffers
	// ErrUnavailable: the database of the store cannot be reached now; try again.
	ErrUnavailable = journal.ErrUnavailable
	// ErrRealClock: only a virtual clock can be advanced.
	ErrRealClock = delivery.ErrRealClock
	// ErrForbidden: the server may not send to the address.
	ErrForbidden = wire.ErrForbidden
	// ErrOnPurpose: a fault ended the exchange.
	ErrOnPurpose = wire.ErrOnPurpose
	// ErrFile: a file of captures cannot be read or written.
	ErrFile = export.ErrInvalid
	// ErrNotHTTP: a record of a file is not an HTTP request.
	ErrNotHTTP = export.ErrNotHTTP
	// ErrReplay: a request cannot be changed or sent again as requested.
	ErrReplay = replay.ErrInvalid
)
