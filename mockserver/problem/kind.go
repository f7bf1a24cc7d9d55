package problem

import (
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/capture"
	"github.com/hookrig/hookrig/mockserver/export"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/provider"
	"github.com/hookrig/hookrig/mockserver/replay"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// kind is one kind of error: its name in a problem's type, its sentinel, its status.
type kind struct {
	name   string
	err    error
	status int
}

// kinds are all there are, the more particular first: an error may be of several.
func kinds() []kind {
	return []kind{
		{"unknown-provider", fixtures.ErrUnknownProvider, http.StatusNotFound},
		{"unknown-event", fixtures.ErrUnknownEvent, http.StatusUnprocessableEntity},
		{"unknown-journey", fixtures.ErrUnknownJourney, http.StatusUnprocessableEntity},
		{"unknown-entity", fixtures.ErrUnknownEntity, http.StatusUnprocessableEntity},
		{"unknown-field", fixtures.ErrUnknownField, http.StatusUnprocessableEntity},
		{"invalid-value", fixtures.ErrInvalidGiven, http.StatusUnprocessableEntity},
		{"invalid-body", fixtures.ErrInvalidBody, http.StatusUnprocessableEntity},
		{"impossible-order", fixtures.ErrImpossibleOrder, http.StatusConflict},
		{"exists", journal.ErrExists, http.StatusConflict},
		{"not-found", journal.ErrNotFound, http.StatusNotFound},
		{"invalid", provider.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-bin", capture.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-change", replay.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-file", export.ErrInvalid, http.StatusUnprocessableEntity},
		{"real-clock", provider.ErrRealClock, http.StatusConflict},
		{"forbidden-target", wire.ErrForbidden, http.StatusForbidden},
		{"full", journal.ErrFull, http.StatusInsufficientStorage},
		{"closed", journal.ErrClosed, http.StatusServiceUnavailable},
	}
}
