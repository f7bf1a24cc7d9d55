package dashboard

import (
	"embed"
	"html/template"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// ManualPage is a page of the manual, for WithManual.
type ManualPage struct {
	// Name is the last part of its address: /manual/NAME.
	Name string
	// Title and Summary head the page and its line in the list of pages.
	Title, Summary string
	// HTML is the page below its title. Links to other pages are their names.
	HTML template.HTML
	// Sections are the parts of the page that have an anchor.
	Sections []ManualSection
}

// ManualSection is a part of a page, with its Title: ID is its anchor.
type ManualSection struct{ ID, Title string }

// WithManual is Handler with the pages of a manual at /manual.
func WithManual(pages []ManualPage) func(vendorapi.Parts) http.Handler {
	return func(p vendorapi.Parts) http.Handler {
		k := newDashboard(p)
		k.manual = pages
		return k.handler()
	}
}

//go:embed page/manual.html.tmpl
var manualLayout embed.FS

// shownManual is what the layout shows: a page, or the list of them.
type shownManual struct {
	Pages []ManualPage
	Page  *ManualPage
}

// serveManual serves the list of pages at /manual/ and each page below it. Every address in them
// is relative, so that they work below a path.
func serveManual(mux *http.ServeMux, pages []ManualPage) {
	layout := template.Must(template.ParseFS(manualLayout, "page/manual.html.tmpl"))
	show := func(w http.ResponseWriter, page *ManualPage) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = layout.Execute(w, shownManual{pages, page}) // a caller that is gone misses nothing
	}
	mux.HandleFunc("GET /manual", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "manual/")
		w.WriteHeader(http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /manual/{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, nil) })
	mux.HandleFunc("GET /manual/{page}", func(w http.ResponseWriter, r *http.Request) {
		for i := range pages {
			if pages[i].Name == r.PathValue("page") {
				show(w, &pages[i])
				return
			}
		}
		problem.New(http.StatusNotFound, "the manual has no such page; all of them are listed at /manual/").Write(w)
	})
}

// Current is the name of the page that is shown, or "" for the list.
func (s shownManual) Current() string {
	if s.Page == nil {
		return ""
	}
	return s.Page.Name
}
