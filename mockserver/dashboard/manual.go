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
	// Title and Summary are the heading of the page and its entry in the list of pages.
	Title, Summary string
	// HTML is the content below the title. A link to another page is its Name.
	HTML template.HTML
	// Sections are the sections of the page that have an anchor.
	Sections []ManualSection
}

// ManualSection is a section of a page: its Title, and the ID of its anchor.
type ManualSection struct{ ID, Title string }

// WithManual returns a Handler that also serves the pages of a manual at /manual.
func WithManual(pages []ManualPage) func(vendorapi.Parts) http.Handler {
	return func(p vendorapi.Parts) http.Handler {
		k := newDashboard(p)
		k.manual = pages
		return k.handler()
	}
}

//go:embed page/manual.html.tmpl
var manualLayout embed.FS

// manualView is the data of the template: one page, or the list of pages when Page is nil.
type manualView struct {
	Pages []ManualPage
	Page  *ManualPage
}

// serveManual serves the list of pages at /manual/ and each page below it. All links in them are
// relative, so that they work below a path.
func serveManual(mux *http.ServeMux, pages []ManualPage) {
	layout := template.Must(template.ParseFS(manualLayout, "page/manual.html.tmpl"))
	show := func(w http.ResponseWriter, page *ManualPage) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = layout.Execute(w, manualView{pages, page}) // the client has left
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
		problem.New(http.StatusNotFound, "the manual has no such page; /manual/ lists all pages").Write(w)
	})
}

// Current returns the name of the current page, or "" for the list.
func (s manualView) Current() string {
	if s.Page == nil {
		return ""
	}
	return s.Page.Name
}
