package neostore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// problem is an error in the shape of ASP.NET's ProblemDetails (row N-10).
type problem struct {
	Type    string              `json:"type"`
	Title   string              `json:"title"`
	Status  int                 `json:"status"`
	Detail  string              `json:"detail,omitempty"`
	Errors  map[string][]string `json:"errors,omitempty"`
	TraceID string              `json:"traceId"`
}

// problem writes an error.
func (a *api) problem(w http.ResponseWriter, _ *http.Request, e *vendorapi.Error) {
	maps.Copy(w.Header(), e.Header)
	w.Header().Set("Content-Type", "application/problem+json")
	p := problem{Type: section(e.Status), Title: http.StatusText(e.Status), Status: e.Status, Detail: e.Text, Errors: e.Fields, TraceID: traceID()}
	if len(e.Fields) > 0 {
		p.Title = "One or more validation errors occurred."
	}
	_ = vendorapi.Write(w, e.Status, p) // it always encodes
}

// wrong is the answer to an error of the server.
func (a *api) wrong(err error) *vendorapi.Error {
	for _, k := range []struct {
		err    error
		status int
	}{
		{journal.ErrNotFound, http.StatusNotFound},
		{delivery.ErrClosed, http.StatusServiceUnavailable},
		{journal.ErrClosed, http.StatusServiceUnavailable},
		{journal.ErrFull, http.StatusInsufficientStorage},
		{delivery.ErrInvalid, http.StatusBadRequest},
		{fixtures.ErrInvalidGiven, http.StatusBadRequest},
		{fixtures.ErrInvalidBody, http.StatusBadRequest},
		{fixtures.ErrImpossibleOrder, http.StatusBadRequest},
	} {
		if errors.Is(err, k.err) {
			return vendorapi.Errorf(k.status, "%v", err)
		}
	}
	a.Log.Error("a call could not be answered", "error", err)
	return vendorapi.Errorf(http.StatusInternalServerError, "%v", err)
}

// section is where RFC 9110, or RFC 6585, says what a status means: what ASP.NET puts into type.
func section(status int) string {
	const rfc9110 = "https://tools.ietf.org/html/rfc9110#section-15."
	switch status {
	case http.StatusTooManyRequests:
		return "https://tools.ietf.org/html/rfc6585#section-4"
	case http.StatusBadRequest:
		return rfc9110 + "5.1"
	case http.StatusUnauthorized:
		return rfc9110 + "5.2"
	case http.StatusForbidden:
		return rfc9110 + "5.4"
	case http.StatusNotFound:
		return rfc9110 + "5.5"
	case http.StatusMethodNotAllowed:
		return rfc9110 + "5.6"
	case http.StatusRequestTimeout:
		return rfc9110 + "5.9"
	case http.StatusRequestEntityTooLarge:
		return rfc9110 + "5.14"
	case http.StatusUnsupportedMediaType:
		return rfc9110 + "5.16"
	case http.StatusInternalServerError:
		return rfc9110 + "6.1"
	}
	return "about:blank"
}

// traceID is an identifier in the form of W3C Trace Context, as .NET gives one to every request.
func traceID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "00-" + hex.EncodeToString(b[:16]) + "-" + hex.EncodeToString(b[16:]) + "-00"
}

// stamp is a time as .NET writes it: UTC, up to seven digits of a second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }
