package ethpass

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

//go:embed dashboard.html.tmpl dashboard.css
var files embed.FS

// What the page may do: its own style, its own forms. No script, nothing from elsewhere, no frame.
const pagePolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

// shownPasses is how many passes the page lists, the newest first.
const shownPasses = 100

// dashboard serves the page of a project.
type dashboard struct {
	*api
	page *template.Template
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

// pageHandler answers a request of a project's session.
type pageHandler func(w http.ResponseWriter, r *http.Request, p project) error

// serveDashboard adds the routes of the page.
func (a *api) serveDashboard(rt *vendorapi.Routes) error {
	page, err := template.ParseFS(files, "dashboard.html.tmpl")
	if err != nil {
		return fmt.Errorf("the dashboard's page: %w", err)
	}
	d := &dashboard{a, page}
	rt.Handle("GET /{$}", d.shown)
	rt.Handle("GET /webhooks", d.shown)
	rt.Handle("GET /dashboard.css", func(w http.ResponseWriter, _ *http.Request) error {
		style, err := files.ReadFile("dashboard.css")
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		vendorapi.WriteBytes(w, http.StatusOK, style)
		return nil
	})
	rt.Handle("POST /session", d.login)
	rt.Handle("POST /session/end", d.changed(d.logout))
	rt.Handle("POST /webhooks", d.changed(d.updated))
	rt.Handle("POST /webhooks/remove", d.changed(func(_ http.ResponseWriter, r *http.Request, p project) error {
		return d.removeWebhook(r.Context(), p)
	}))
	rt.Handle("POST /webhooks/secret", d.changed(func(_ http.ResponseWriter, r *http.Request, p project) error {
		_, err := d.keepSecret(r, p, r.PostForm.Get("secret"))
		return err
	}))
	rt.Handle("POST /passes/{id}/revoke", d.changed(func(_ http.ResponseWriter, r *http.Request, p project) error {
		_, err := d.expire(r, p, r.PathValue("id"), "")
		return err
	}))
	return nil
}

// session is the session of a request, and its project.
func (d *dashboard) session(r *http.Request) (session, project, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, project{}, false
	}
	s, known := d.sessions.find(cookie.Value)
	if !known {
		return session{}, project{}, false
	}
	p, _, known := d.Entities.KeyOf(d.Provider.Name, s.key)
	return s, p, known
}

func (d *dashboard) shown(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, http.StatusOK, "")
}

// show writes the page, with what went wrong before.
func (d *dashboard) show(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	v := view{Prefix: vendorapi.Prefix(r), Problem: problem}
	if s, p, known := d.session(r); known {
		v.Project, v.Token = p.Name, s.token
		if err := d.fill(&v, r, p); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	if err := d.page.Execute(&page, v); err != nil {
		return fmt.Errorf("the dashboard's page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // with none, a form would come from the origin null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	vendorapi.WriteBytes(w, status, page.Bytes())
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

// form reads a form. One that a page of another origin sent has not come so far: the server's servers refuse it.
func (d *dashboard) form(w http.ResponseWriter, r *http.Request) error {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return vendorapi.Errorf(http.StatusUnsupportedMediaType,
			"The content type is %.100q: want application/x-www-form-urlencoded.", r.Header.Get("Content-Type"))
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			return vendorapi.Errorf(http.StatusRequestEntityTooLarge, "The form is larger than %d bytes.", maxForm)
		}
		return invalid("The form cannot be read: %v.", err)
	}
	return nil
}

// changed has a form change something and leads back to the page, which says so when it could not be.
func (d *dashboard) changed(change pageHandler) vendorapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := d.form(w, r)
		if err == nil {
			s, p, known := d.session(r)
			switch {
			case !known:
				err = vendorapi.Errorf(http.StatusUnauthorized, "The session has ended: give the project's API key again.")
			case !s.carries(r.PostForm.Get("token")):
				err = vendorapi.Errorf(http.StatusForbidden, "The form is of another session: try it again.")
			default:
				err = change(w, r, p)
			}
		}
		return d.back(w, r, err)
	}
}

// back leads to the page, or shows it with the error.
func (d *dashboard) back(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		w.Header().Set("Location", vendorapi.Prefix(r)+"/webhooks")
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	e := (*vendorapi.Error)(nil)
	if !errors.As(err, &e) {
		e = as(err)
	}
	return d.show(w, r, e.Status, text(e))
}

// login opens a session for who has the key of a project.
func (d *dashboard) login(w http.ResponseWriter, r *http.Request) error {
	err := d.form(w, r)
	if err == nil {
		key := r.PostForm.Get("key")
		if _, _, known := d.Entities.KeyOf(d.Provider.Name, key); known {
			setCookie(w, r, d.sessions.open(key))
		} else {
			err = vendorapi.Errorf(http.StatusUnauthorized, "That is no key of a project.")
		}
	}
	return d.back(w, r, err)
}

func (d *dashboard) logout(w http.ResponseWriter, r *http.Request, _ project) error {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return err
	}
	d.sessions.end(cookie.Value)
	setCookie(w, r, "")
	return nil
}

func (d *dashboard) updated(_ http.ResponseWriter, r *http.Request, p project) error {
	return d.update(r.Context(), p, r.PostForm.Get("endpoint"), r.PostForm.Get("authorization"))
}
