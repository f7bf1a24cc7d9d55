package neostore

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"time"

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

// writeProblem writes an error.
func writeProblem(w http.ResponseWriter, _ *http.Request, e *vendorapi.Error) {
	w.Header().Set("Content-Type", "application/problem+json")
	p := problem{Type: section(e.Status), Title: http.StatusText(e.Status), Status: e.Status, Detail: e.Text, Errors: e.Fields, TraceID: traceID()}
	if len(e.Fields) > 0 {
		p.Title = "One or more validation errors occurred."
	}
	_ = vendorapi.Write(w, e.Status, p) // it always encodes
}

// notFound returns a 404 in the words of the API when nothing has the id of the path; other errors
// stay.
func notFound(noun string, r *http.Request, err error) error {
	return vendorapi.NotFound(err, "There is no %s %.80q.", noun, r.PathValue("id"))
}

// section returns where RFC 9110, or RFC 6585, says what a status means, which ASP.NET puts into
// type.
func section(status int) string {
	if status == http.StatusTooManyRequests {
		return "https://tools.ietf.org/html/rfc6585#section-4"
	}
	sections := map[int]string{
		http.StatusBadRequest: "5.1", http.StatusUnauthorized: "5.2", http.StatusForbidden: "5.4", http.StatusNotFound: "5.5",
		http.StatusMethodNotAllowed: "5.6", http.StatusRequestTimeout: "5.9", http.StatusRequestEntityTooLarge: "5.14",
		http.StatusUnsupportedMediaType: "5.16", http.StatusInternalServerError: "6.1",
	}
	if section := sections[status]; section != "" {
		return "https://tools.ietf.org/html/rfc9110#section-15." + section
	}
	return "about:blank"
}

// traceID returns an identifier in the form of W3C Trace Context, as .NET gives one to every
// request.
func traceID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "00-" + hex.EncodeToString(b[:16]) + "-" + hex.EncodeToString(b[16:]) + "-00"
}

// stamp writes a time as .NET writes it: UTC, up to seven digits of a second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }
