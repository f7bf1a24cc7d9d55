package dashboard

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// pagePolicy allows the page its scripts, styles and API. It forbids inline code, other origins and
// frames.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// withSecurityHeaders sets headers that limit what a browser does with a response. It refuses a
// write to the API that is not JSON, or JSON Lines for an import, because a form of another site
// cannot send these types.
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

// notJSON returns a problem for a write to the API with a wrong content type; nil for any other
// request.
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

// notFound responds to requests without a route: with 405 when the path has other methods, else
// with 404.
func notFound(mux *http.ServeMux) http.HandlerFunc {
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
			problem.New(http.StatusNotFound, fmt.Sprintf("path %q does not exist; /api/docs describes the API", r.URL.Path)).Write(w)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem.New(http.StatusMethodNotAllowed,
			fmt.Sprintf("method %s is not allowed: %s accepts %s", r.Method, r.URL.Path, strings.Join(allowed, ", "))).Write(w)
	}
}
