package dashboard

import (
	"embed"
	"mime"
	"net/http"
	"path"
)

//go:embed page/*.html page/*.css page/*.js page/*.svg
var files embed.FS

// servePage serves the page and its files, which are embedded in the binary so that they work
// offline.
func servePage(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeFile(w, "dashboard.html") })
	mux.HandleFunc("GET /page/{file}", func(w http.ResponseWriter, r *http.Request) { writeFile(w, r.PathValue("file")) })
}

// writeFile responds with a file of the page.
func writeFile(w http.ResponseWriter, name string) {
	content, err := files.ReadFile("page/" + name)
	if err != nil {
		http.Error(w, "the page has no file with that name", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	_, _ = w.Write(content) // the client has left
}
