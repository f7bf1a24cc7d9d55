package ethpass

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// as turns the errors of the server into answers.
func as(err error) *vendorapi.Error {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, journal.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, fixtures.ErrImpossibleOrder), errors.Is(err, journal.ErrExists):
		status = http.StatusConflict
	case errors.Is(err, delivery.ErrInvalid), errors.Is(err, fixtures.ErrInvalidGiven), errors.Is(err, fixtures.ErrInvalidBody):
		status = http.StatusBadRequest
	case errors.Is(err, delivery.ErrClosed), errors.Is(err, journal.ErrClosed), errors.Is(err, context.Canceled):
		status = http.StatusServiceUnavailable
	}
	return vendorapi.Errorf(status, "%v", err)
}

// wrong writes an error as clients of ethpass read it: a JSON object with a message.
func wrong(w http.ResponseWriter, _ *http.Request, e *vendorapi.Error) {
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	_ = vendorapi.Write(w, e.Status, map[string]string{"message": text(e)})
}

// text is all that an error says, in one line.
func text(e *vendorapi.Error) string {
	said := e.Text
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		for _, why := range e.Fields[field] {
			said += " " + field + ": " + why
		}
	}
	return said
}

// invalid is the error of a member or parameter that cannot be as it was given.
func invalid(format string, args ...any) *vendorapi.Error {
	return vendorapi.Errorf(http.StatusBadRequest, format, args...)
}

// noPass says in the words of ethpass that a pass is not there; other errors stay.
func noPass(id string, err error) error {
	if errors.Is(err, journal.ErrNotFound) {
		return vendorapi.Errorf(http.StatusNotFound, "The project has no pass %.80q.", id)
	}
	return err
}
