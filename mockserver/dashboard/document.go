package dashboard

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// serveDocument serves the API's description and a page to read it. It writes the description at
// the first request.
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
			_, _ = w.Write(document) // the client has left
		})
	}
	serve("/api/openapi.json", "application/json", func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	serve("/api/openapi.yaml", "application/yaml", api.OpenAPI().YAML)

	mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/api/docs/", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /api/docs/{$}", func(w http.ResponseWriter, _ *http.Request) { writeFile(w, "docs.html") })
}
