package ethpass

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

//go:embed dashboard.html.tmpl dashboard.css
var files embed.FS

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

// shownPasses is how many passes the page lists, the newest first.
const shownPasses = 100

// dashboard serves the page of a project.
type dashboard struct {
	*api
	page   *template.Template
	routes *vendorapi.Routes
}

// view is what the page shows.
type view struct {
	Prefix  string
	Project string // "" asks for a key
	Token   string
	Problem string
	Webhook webhook
	Secret  string
	Events  []string
	Passes  []row
	Total   int
}

// row is a pass on the page.
type row struct {
	ID, Platform, Owner, Created, Expired, Action string
	Devices                                       int
}

// formHandler does what a form asks for in a project's session.
type formHandler func(w http.ResponseWriter, r *http.Request, form url.Values, p project) error

// serveDashboard adds the routes of the page.
func (a *api) serveDashboard(rt *vendorapi.Routes) error {
	page, err := template.ParseFS(files, "dashboard.html.tmpl")
	if err != nil {
		return fmt.Errorf("the dashboard's page: %w", err)
	}
	d := &dashboard{a, page, rt}
	rt.Handle("GET /{$}", d.shown)
	rt.Handle("GET /webhooks", d.shown)
	rt.Handle("GET /dashboard.css", vendorapi.CSS(files, "dashboard.css"))
	rt.Handle("POST /session", d.login)
	rt.Handle("POST /session/end", d.changed(d.logout))
	rt.Handle("POST /webhooks", d.changed(d.updated))
	rt.Handle("POST /webhooks/remove", d.changed(func(_ http.ResponseWriter, r *http.Request, _ url.Values, p project) error {
		return d.removeWebhook(r.Context(), p)
	}))
	rt.Handle("POST /webhooks/secret", d.changed(func(_ http.ResponseWriter, r *http.Request, form url.Values, p project) error {
		_, err := d.keepSecret(r, p, form.Get("secret"))
		return err
	}))
	rt.Handle("POST /passes/{id}/revoke", d.changed(func(_ http.ResponseWriter, r *http.Request, _ url.Values, p project) error {
		_, err := d.expire(r, p, r.PathValue("id"), "")
		return err
	}))
	return nil
}

// session returns the session of a request, and its project.
func (d *dashboard) session(r *http.Request) (s vendorapi.Session, p project, known bool) {
	s, known = d.sessions.Get(r, func(key string) (known bool) {
		p, _, known = d.Entities.KeyOf(d.Provider.Name, key)
		return known
	})
	return s, p, known
}

func (d *dashboard) shown(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, "")
}

// show writes the page, with what went wrong before it.
func (d *dashboard) show(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	v := view{Prefix: vendorapi.Prefix(r), Problem: problem}
	if s, p, known := d.session(r); known {
		v.Project, v.Token = p.Name, s.Token
		if err := d.fill(&v, r, p); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	if err := d.page.Execute(&page, v); err != nil {
		return fmt.Errorf("the dashboard's page: %w", err)
	}
	vendorapi.WriteHTML(w, status, page.Bytes())
	return nil
}

// fill reads what the page shows of a project.
func (d *dashboard) fill(v *view, r *http.Request, p project) (err error) {
	if v.Webhook, err = d.webhookOf(r.Context(), p); err != nil {
		return err
	}
	if v.Secret, err = d.secretOf(r, p); err != nil {
		return err
	}
	for i := range d.Provider.Events {
		v.Events = append(v.Events, d.Provider.Events[i].Name)
	}
	list := d.Entities.List(d.Provider.Name, p.Name, passKind)
	v.Total = len(list)
	slices.Reverse(list)
	for _, e := range list[:min(len(list), shownPasses)] {
		pass, err := d.currentPass(&e)
		if err != nil {
			return err
		}
		get := func(name string) string { return gjson.GetBytes(pass, name).String() }
		v.Passes = append(v.Passes, row{
			ID: e.ID, Platform: get("platform"), Owner: get("ownerAddress"), Created: get("createdAt"), Expired: get("expiredAt"),
			Action: get("expireAction"), Devices: len(gjson.GetBytes(pass, "registrations.#(deletedAt==~null)#").Array()),
		})
	}
	return nil
}

// changed returns the handler of a form. It redirects to the page, which shows the error if there
// was one.
func (d *dashboard) changed(change formHandler) vendorapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := vendorapi.ReadForm(w, r, maxForm)
		if err == nil {
			s, p, known := d.session(r)
			switch {
			case !known:
				err = vendorapi.Errorf(http.StatusUnauthorized, "The session has ended: give the project's API key again.")
			case !s.Owns(form.Get("token")):
				err = vendorapi.Errorf(http.StatusForbidden, "The form is of another session: try it again.")
			default:
				err = change(w, r, form, p)
			}
		}
		return d.back(w, r, err)
	}
}

// back redirects to the page, or shows it with the error.
func (d *dashboard) back(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		w.Header().Set("Location", vendorapi.Prefix(r)+"/webhooks")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	e := d.routes.Error(err)
	return d.show(w, r, e.Status, text(e))
}

// login begins a session for a key of a project.
func (d *dashboard) login(w http.ResponseWriter, r *http.Request) error {
	form, err := vendorapi.ReadForm(w, r, maxForm)
	if err == nil {
		key := form.Get("key")
		if _, _, known := d.Entities.KeyOf(d.Provider.Name, key); known {
			d.sessions.Begin(w, r, key)
		} else {
			err = vendorapi.Errorf(http.StatusUnauthorized, "That is no key of a project.")
		}
	}
	return d.back(w, r, err)
}

func (d *dashboard) logout(w http.ResponseWriter, r *http.Request, _ url.Values, _ project) error {
	d.sessions.End(w, r)
	return nil
}

func (d *dashboard) updated(_ http.ResponseWriter, r *http.Request, form url.Values, p project) error {
	return d.update(r.Context(), p, form.Get("endpoint"), form.Get("authorization"))
}
