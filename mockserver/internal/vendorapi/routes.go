package vendorapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Error is an answer that is no success. What it looks like is up to the system.
type Error struct {
	Status int
	Text   string
	// Fields are the parts of the request that were wrong, and why.
	Fields map[string][]string
	Header http.Header
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Errorf is an Error with that status and text.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Text: fmt.Sprintf(format, args...)}
}

// Handler answers a request, or returns why it does not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Routes is a router whose errors, its own 404 and 405 among them, are written by one function.
type Routes struct {
	mux   http.ServeMux
	wrong func(w http.ResponseWriter, r *http.Request, e *Error)
	as    func(error) *Error
}

// NewRoutes returns a router without routes. What a handler returns that is no *Error is turned into one by as, and
// wrong writes it.
func NewRoutes(as func(error) *Error, wrong func(w http.ResponseWriter, r *http.Request, e *Error)) *Routes {
	rt := &Routes{wrong: wrong, as: as}
	rt.mux.HandleFunc("/", rt.unknown)
	return rt
}

// Handle adds a route, in ServeMux's notation.
func (rt *Routes) Handle(pattern string, h Handler) {
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		e := (*Error)(nil)
		if !errors.As(err, &e) {
			e = rt.as(err)
		}
		rt.wrong(w, r, e)
	})
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
		rt.wrong(w, r, Errorf(http.StatusNotFound, "Nothing is at %.200q.", r.URL.Path))
		return
	}
	e := Errorf(http.StatusMethodNotAllowed, "%.20s is not for %.200q: it takes %s.", r.Method, r.URL.Path, strings.Join(allowed, ", "))
	e.Header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	rt.wrong(w, r, e)
}
