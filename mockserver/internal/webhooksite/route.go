package webhooksite

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
)

// route is one call of the API: a method and a path, in which a segment in braces is any one. The
// handler gets the token of {id}.
type route struct {
	method, path string
	handle       func(w http.ResponseWriter, r *http.Request, t *token) error
}

// allRoutes returns those of https://docs.webhook.site/api and of the open-source edition. Where
// the documentation and the official command line differ ("requests" and "request"), both are
// there.
func (s *API) allRoutes() []route {
	return []route{
		{http.MethodPost, "/token", s.createToken},
		{http.MethodGet, "/token", s.listTokens},
		{http.MethodGet, "/token/{id}", s.getToken},
		{http.MethodPut, "/token/{id}", s.updateToken},
		{http.MethodDelete, "/token/{id}", s.deleteToken},
		{http.MethodPut, "/token/{id}/cors/toggle", s.toggleCORS},
		{http.MethodPut, "/token/{id}/alias", s.setAlias},
		{http.MethodGet, "/token/{id}/requests", s.listRequests},
		{http.MethodGet, "/token/{id}/requests/export", s.exportRequests},
		{http.MethodPut, "/token/{id}/requests/{rid}", s.setNote},
		{http.MethodPut, "/token/{id}/requests/{rid}/response", s.setResponse},
		{http.MethodPut, "/token/{id}/request/{rid}/response", s.setResponse},
		{http.MethodGet, "/token/{id}/request/{rid}", s.getRequest},
		{http.MethodGet, "/token/{id}/request/{rid}/raw", s.getRaw},
		{http.MethodGet, "/token/{id}/request/{rid}/download/{file}", s.download},
		{http.MethodDelete, "/token/{id}/request/{rid}", s.deleteRequest},
		{http.MethodDelete, "/token/{id}/request", s.deleteRequests},
	}
}

// serve finds the route and calls it.
func (s *API) serve(w http.ResponseWriter, r *http.Request) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // the response's writer leaves its body out
	}
	path := r.URL.Path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	segments := strings.Split(path, "/")
	var allowed []string
	for i := range s.routes {
		route := &s.routes[i]
		if !route.fits(segments, r) {
			continue
		}
		if route.method != method {
			allowed = append(allowed, route.method)
			continue
		}
		if err := s.expire(r.Context(), s.o.Now()); err != nil {
			return err
		}
		var t *token
		if id := r.PathValue("id"); id != "" {
			if t = s.tokens.get(id); t == nil || t.expired(s.o.Now()) {
				return notFound(id)
			}
		}
		return route.handle(w, r, t)
	}
	if len(allowed) == 0 {
		return fail(http.StatusNotFound, "%s: the API has no such path, and no bin is called %q", clip.Quote(r.URL.Path), apiName)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
	return fail(http.StatusMethodNotAllowed, "%s %s: want %s", r.Method, clip.Quote(r.URL.Path), strings.Join(slices.Compact(allowed), " or "))
}

// fits says whether a path is the route's, and sets the request's path values.
func (t *route) fits(segments []string, r *http.Request) bool {
	pattern := strings.Split(t.path, "/")
	if len(pattern) != len(segments) {
		return false
	}
	for i, want := range pattern {
		name, free := strings.CutPrefix(want, "{")
		switch {
		case !free && want != segments[i], free && segments[i] == "":
			return false
		case free:
			r.SetPathValue(strings.TrimSuffix(name, "}"), segments[i])
		}
	}
	return true
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}

// status is the response of calls without another one.
type status struct {
	Status bool `json:"status"`
}
