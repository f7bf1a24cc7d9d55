package problem

import (
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// kind is one kind of error: its name in a problem's type, its sentinel, and its status.
type kind struct {
	name   string
	err    error
	status int
}

// kinds returns all kinds, more specific ones first, because an error may have several.
func kinds() []kind {
	return []kind{
		{"unknown-provider", fixtures.ErrUnknownProvider, http.StatusNotFound},
		{"unknown-event", fixtures.ErrUnknownEvent, http.StatusUnprocessableEntity},
		{"unknown-journey", fixtures.ErrUnknownJourney, http.StatusUnprocessableEntity},
		{"unknown-entity", fixtures.ErrUnknownEntity, http.StatusUnprocessableEntity},
		{"unknown-field", fixtures.ErrUnknownField, http.StatusUnprocessableEntity},
		{"invalid-value", fixtures.ErrInvalidValue, http.StatusUnprocessableEntity},
		{"invalid-body", fixtures.ErrInvalidBody, http.StatusUnprocessableEntity},
		{"impossible-order", fixtures.ErrImpossibleOrder, http.StatusConflict},
		{"exists", journal.ErrExists, http.StatusConflict},
		{"not-found", journal.ErrNotFound, http.StatusNotFound},
		{"invalid", delivery.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-bin", capture.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-change", replay.ErrInvalid, http.StatusUnprocessableEntity},
		{"invalid-file", export.ErrInvalid, http.StatusUnprocessableEntity},
		{"real-clock", delivery.ErrRealClock, http.StatusConflict},
		{"forbidden-target", wire.ErrForbidden, http.StatusForbidden},
		{"full", journal.ErrFull, http.StatusInsufficientStorage},
		{"unavailable", journal.ErrUnavailable, http.StatusServiceUnavailable},
		{"closed", journal.ErrClosed, http.StatusServiceUnavailable},
		{"stopping", delivery.ErrClosed, http.StatusServiceUnavailable},
		{"invalid-url", fixtures.ErrInvalidURL, http.StatusUnprocessableEntity},
	}
}
