package vendorapi

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// Error is a response that is no success. Each system writes its body in its own form.
type Error struct {
	Status int
	Text   string
	// Fields are the parts of the request that were wrong, and why.
	Fields map[string][]string
	Header http.Header
	// Err is the error of the server that the response is about, if there is one.
	Err error
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Errorf returns an Error with that status and text.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Text: fmt.Sprintf(format, args...)}
}

// NotFound returns a 404 with that text when err wraps journal.ErrNotFound, else err.
func NotFound(err error, format string, args ...any) error {
	if errors.Is(err, journal.ErrNotFound) {
		return Errorf(http.StatusNotFound, format, args...)
	}
	return err
}

// Handler answers a request, or returns why it does not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Routes is a router that writes all errors by one function, its own 404 and 405 too.
type Routes struct {
	mux     http.ServeMux
	log     *slog.Logger
	invalid int
	write   func(w http.ResponseWriter, r *http.Request, e *Error)
}

// NewRoutes returns a router without routes. Errors of the server have the status that package
// problem gives them, but invalid in the place of 422. write writes the body of an error.
func NewRoutes(log *slog.Logger, invalid int, write func(w http.ResponseWriter, r *http.Request, e *Error)) *Routes {
	rt := &Routes{log: log, invalid: invalid, write: write}
	rt.mux.HandleFunc("/", rt.unknown)
	return rt
}

// Handle adds a route, in ServeMux's notation.
func (rt *Routes) Handle(pattern string, h Handler) {
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			rt.writeError(w, r, rt.Error(err))
		}
	})
}

// Error returns the response for what a handler returned.
func (rt *Routes) Error(err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	e := &Error{Status: problem.Of(err).Status, Text: err.Error(), Err: err}
	switch e.Status {
	case http.StatusUnprocessableEntity:
		e.Status = rt.invalid
	case http.StatusInternalServerError:
		rt.log.Error("a call failed", "error", err)
	}
	return e
}

func (rt *Routes) writeError(w http.ResponseWriter, r *http.Request, e *Error) {
	maps.Copy(w.Header(), e.Header)
	rt.write(w, r, e)
}

// ServeHTTP answers a request.
func (rt *Routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.mux.ServeHTTP(w, r) }

// unknown answers what no route takes: 405 when the path has other methods, else 404.
func (rt *Routes) unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := rt.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		rt.writeError(w, r, Errorf(http.StatusNotFound, "Nothing is at %.200q.", r.URL.Path))
		return
	}
	list := strings.Join(allowed, ", ")
	e := Errorf(http.StatusMethodNotAllowed, "%.20s is not for %.200q: it takes %s.", r.Method, r.URL.Path, list)
	e.Header = http.Header{"Allow": {list}}
	rt.writeError(w, r, e)
}
