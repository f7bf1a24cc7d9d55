package subscribfy

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

//go:embed page
var files embed.FS

// settingsPath is the path of a store's settings page, below the store.
const settingsPath = "/settings/webhooks"

// view is what the templates show.
type view struct {
	Prefix, Title string
	Store         string   // its domain
	Stores        []string // of the list
	Path          string   // of the store's page
	Form          string   // the token of this session's forms; "" without a session
	Message       string   // what was done
	Problem       string   // why it was not
	Token         tokenView
	Retry         string
	Profiles      []string
	Categories    []category
	Category      category
	Events        []eventForm
	Whole         string // URLs for the whole category, as entered
	WholeProblem  string
}

// eventForm is the form of one event.
type eventForm struct {
	eventView
	Problem  string
	Outcomes []outcome
}

// routePages adds the routes of the pages.
func (p *panel) routePages(rt *vendorapi.Routes) {
	rt.Handle("GET /{$}", p.getStores)
	rt.Handle("GET /panel.css", vendorapi.CSS(files, "page/panel.css"))
	rt.Handle("GET /stores/{store}"+settingsPath, p.getPage)
	rt.Handle("POST /stores/{store}"+settingsPath, p.postPage)
}

// parsePages parses the templates of the pages on first use, because that takes longer than the
// start of a server.
func (p *panel) parsePages() (*template.Template, error) {
	functions := template.FuncMap{"short": p.short, "number": func(i int) int { return i + 1 }}
	return template.New("").Funcs(functions).ParseFS(files, "page/*.html")
}

// writePage writes a page from its template.
func (p *panel) writePage(w http.ResponseWriter, status int, name string, v view) {
	t, err := p.pages()
	var text bytes.Buffer
	if err == nil {
		err = t.ExecuteTemplate(&text, name, v)
	}
	if err != nil {
		p.Log.Error("a page cannot be made", "page", name, "error", err)
		http.Error(w, "Server Error", http.StatusInternalServerError)
		return
	}
	vendorapi.WriteHTML(w, status, text.Bytes())
}

// getStores lists the stores, so that a person finds theirs.
func (p *panel) getStores(w http.ResponseWriter, r *http.Request) error {
	v := view{Prefix: vendorapi.Prefix(r), Title: "Stores"}
	for _, t := range p.Entities.Tenants(p.Provider.Name) {
		v.Stores = append(v.Stores, t.Name)
	}
	p.writePage(w, http.StatusOK, "stores", v)
	return nil
}

// start returns the view of a store's page without the store's settings.
func (p *panel) start(r *http.Request) (view, error) {
	store := p.store(r.PathValue("store"))
	if store == "" {
		return view{}, vendorapi.Errorf(http.StatusNotFound, "There is no store %.128q.", r.PathValue("store"))
	}
	prefix := vendorapi.Prefix(r)
	return view{Prefix: prefix, Title: "Webhooks", Store: store, Path: prefix + "/stores/" + p.short(store) + settingsPath}, nil
}

// getPage shows a store's settings, or asks for its key.
func (p *panel) getPage(w http.ResponseWriter, r *http.Request) error {
	v, err := p.start(r)
	if err != nil {
		return err
	}
	s, in := p.session(r, v.Store)
	if !in {
		p.writePage(w, http.StatusOK, "key", v)
		return nil
	}
	q := r.URL.Query()
	if err := p.fill(r, &v, s, q.Get("category")); err != nil {
		return err
	}
	v.Message = p.done(q.Get("done"))
	p.writePage(w, http.StatusOK, "settings", v)
	return nil
}

// done returns what the form before this page did.
func (p *panel) done(what string) string {
	switch what {
	case "":
		return ""
	case doRetry:
		return "The retry profile is saved."
	case doCategory:
		return "The URLs of the whole category are saved."
	}
	if t, err := p.topics.named(what); err == nil {
		return "The URLs of " + t.Name + " are saved."
	}
	return ""
}

// fill puts the settings of a store and one category into the view.
func (p *panel) fill(r *http.Request, v *view, s vendorapi.Session, key string) error {
	now, err := p.settings(r.Context(), v.Store)
	if err != nil {
		return err
	}
	saved, err := p.saved(r.Context(), v.Store)
	if err != nil {
		return err
	}
	v.Form, v.Token, v.Retry, v.Profiles, v.Categories = s.Token, now.shown(), p.retry(now), p.profiles(), categories()
	if key == "" {
		key = v.Categories[0].Key
	}
	if v.Category, err = categoryNamed(key); err != nil {
		return err
	}
	for _, e := range p.category(v.Category, saved).Events {
		v.Events = append(v.Events, eventForm{eventView: e})
	}
	return nil
}

// event returns the form of a topic, or nil when the view does not have it.
func (v *view) event(topic string) *eventForm {
	for i := range v.Events {
		if v.Events[i].Topic == topic {
			return &v.Events[i]
		}
	}
	return nil
}

// Class returns the CSS class of an outcome.
func (o outcome) Class() string {
	if o.Outcome == "delivered" {
		return "good"
	}
	return "bad"
}
