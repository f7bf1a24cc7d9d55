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
	// ErrExposed: an address beyond loopback was asked for, and nothing guards it.
	ErrExposed = errors.New("reachable from other machines, without a token")
	// ErrNotReceived: what a bin waited for did not come in time.
	ErrNotReceived = errors.New("not received")
	// ErrNoSubscriber: no endpoint selects what was emitted, so nothing was sent.
	ErrNoSubscriber = errors.New("no subscriber")
	// ErrNoServer: what answered at the address given to Dial is not a dashboard.
	ErrNoServer = errors.New("no server there")

	// ErrInvalid: an endpoint, an event or a run that cannot be.
	ErrInvalid = delivery.ErrInvalid
	// ErrInvalidBin: a bin's settings, a query or a wait that cannot be.
	ErrInvalidBin = capture.ErrInvalid
	// ErrNotFound: there is no record of that id, or it was evicted.
	ErrNotFound = journal.ErrNotFound
	// ErrFull: the store keeps no more.
	ErrFull = journal.ErrFull
	// ErrRealClock: only a virtual clock can be advanced.
	ErrRealClock = delivery.ErrRealClock
	// ErrForbidden: an address that may not be sent to.
	ErrForbidden = wire.ErrForbidden
	// ErrFile: a file of captures that cannot be read or written.
	ErrFile = export.ErrInvalid
	// ErrNotHTTP: a record of a file that is no HTTP request.
	ErrNotHTTP = export.ErrNotHTTP
	// ErrReplay: a request that cannot be changed or sent again as asked.
	ErrReplay = replay.ErrInvalid
)
