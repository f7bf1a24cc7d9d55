package desk

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/swaggest/swgui/v5emb"
)

// What the page of the API may do besides pagePolicy: the viewer writes styles into its elements and draws its icons
// from data.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// serveDocument serves the API's description and a page to read it. The description is written when it is first asked
// for.
func serveDocument(mux *http.ServeMux, api huma.API) {
	serve := func(path, contentType string, write func() ([]byte, error)) {
		written := sync.OnceValues(write)
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			document, err := written()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(document) // whoever asked is gone: nobody is left to tell
		})
	}
	serve("/api/openapi.json", "application/json", func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	serve("/api/openapi.yaml", "application/yaml", api.OpenAPI().YAML)

	viewer := v5emb.New("hookrig", "/api/openapi.json", "/api/docs/")
	mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/api/docs/", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /api/docs/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		writeFile(w, "docs.html")
	})
	mux.HandleFunc("GET /api/docs/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", docsPolicy)
		viewer.ServeHTTP(w, r)
	})
}
