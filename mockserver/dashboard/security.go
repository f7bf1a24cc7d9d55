package dashboard

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// What the page may do: its own scripts and styles, its own API. Nothing inline, nothing from elsewhere, no frame.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// withSecurityHeaders sets the headers that keep a browser from doing more with an answer than showing it, and accepts nothing but
// JSON for a write to the API, or JSON Lines for an import: a form of another site cannot send either.
func withSecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if p := notJSON(r); p != nil {
			p.Write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// notJSON is the problem of a write to the API whose body says that it is something else; nil without one.
func notJSON(r *http.Request) *problem.Problem {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || !strings.HasPrefix(r.URL.Path, prefix+"/") {
		return nil
	}
	contentType := r.Header.Get("Content-Type")
	if r.ContentLength == 0 && contentType == "" {
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	imports := r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, prefix+"/bins/") && strings.HasSuffix(r.URL.Path, "/import")
	if err == nil && (mediaType == "application/json" || imports && mediaType == linesType) {
		return nil
	}
	want := "application/json"
	if imports {
		want = "application/json for HAR, or " + linesType + " for JSON Lines"
	}
	return problem.New(http.StatusUnsupportedMediaType,
		fmt.Sprintf("content type %q: want %s (curl: -H 'Content-Type: application/json')", contentType, want))
}

// unknown answers what no route takes: 405 when the path has other methods, else 404.
func unknown(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			problem.New(http.StatusNotFound, fmt.Sprintf("path %q: nothing is there; the API is described at /api/docs", r.URL.Path)).Write(w)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.New(http.StatusMethodNotAllowed,
			fmt.Sprintf("method %s: %s takes %s", r.Method, r.URL.Path, strings.Join(allowed, ", "))).Write(w)
	}
}
