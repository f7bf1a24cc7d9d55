package subscribfy

import (
	"net/http"
	"net/url"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// The actions of the page's forms.
const (
	doSignIn   = "sign-in"
	doSignOut  = "sign-out"
	doSave     = "save"
	doTest     = "test"
	doCategory = "save-category"
	doToken    = "token"
	doRetry    = "retry"
)

// postPage does what a form of a store's page asks for and redirects to the page. The response to a
// Test Call or a token is the page itself, because nothing else shows the result.
func (p *panel) postPage(w http.ResponseWriter, r *http.Request) error {
	v, err := p.start(r)
	if err != nil {
		return err
	}
	form, err := vendorapi.ReadForm(w, r, vendorapi.MaxBody)
	if err != nil {
		return err
	}
	if form.Get("do") == doSignIn {
		if !p.opens(v.Store, form.Get("key")) {
			v.Problem = "That key does not open this store."
			p.writePage(w, http.StatusForbidden, "key", v)
			return nil
		}
		p.sessions.Begin(w, r, form.Get("key"))
		http.Redirect(w, r, v.Path, http.StatusSeeOther)
		return nil
	}
	s, in := p.session(r, v.Store)
	if !in {
		v.Problem = "The session has ended: enter the key again."
		p.writePage(w, http.StatusUnauthorized, "key", v)
		return nil
	}
	if !s.Owns(form.Get("form")) {
		return vendorapi.Errorf(http.StatusForbidden, "The form is not of this session: open the page again.")
	}
	if form.Get("do") == doSignOut {
		p.sessions.End(w, r)
		http.Redirect(w, r, v.Path, http.StatusSeeOther)
		return nil
	}
	if err := p.fill(r, &v, s, form.Get("category")); err != nil {
		return err
	}
	done, err := p.do(r, &v, form)
	if err == nil && done != "" {
		query := url.Values{"category": {v.Category.Key}, "done": {done}}
		http.Redirect(w, r, v.Path+"?"+query.Encode(), http.StatusSeeOther)
		return nil
	}
	status := http.StatusOK
	if err != nil {
		e := inWords(p.routes.Error(err))
		if e.Status != http.StatusUnprocessableEntity {
			return e
		}
		status = e.Status
		v.Problem = e.Text
		if event := v.event(form.Get("topic")); event != nil && e.Fields["urls"] != nil {
			v.Problem, event.Problem = "", e.Text
		} else if form.Get("do") == doCategory && e.Fields["urls"] != nil {
			v.Problem, v.WholeProblem = "", e.Text
		}
	}
	p.writePage(w, status, "settings", v)
	return nil
}

// do does what the form asks for. It returns what the next page is to report, or "" when the view
// shows the result.
func (p *panel) do(r *http.Request, v *view, form url.Values) (done string, err error) {
	ctx, what := r.Context(), form.Get("do")
	switch what {
	case doToken:
		if v.Token, err = p.generate(ctx, v.Store); err == nil {
			v.Message = "A token is generated. Copy it now: it is not shown again."
		}
		return "", err
	case doRetry:
		return doRetry, p.setRetry(r, v.Store, form.Get("retry"))
	case doCategory:
		v.Whole = form.Get("urls")
		urls, err := p.urls(v.Whole)
		if err != nil {
			return "", err
		}
		return doCategory, p.save(ctx, v.Store, p.topics.of(v.Category.Key), urls)
	case doSave, doTest:
	default:
		return "", vendorapi.Errorf(http.StatusUnprocessableEntity, "The form asks for %.40q, which the page does not know.", what)
	}
	t, err := p.topics.named(form.Get("topic"))
	if err != nil {
		return "", err
	}
	event := v.event(t.Name)
	if event == nil {
		return "", vendorapi.Errorf(http.StatusUnprocessableEntity, "The event %.128q is not of the category %s.", t.Name, v.Category.Key)
	}
	event.URLs = form.Get("urls")
	urls, err := p.urls(event.URLs)
	if err != nil {
		return "", err
	}
	if what == doSave {
		return t.Name, p.save(ctx, v.Store, []string{t.Name}, urls)
	}
	event.Outcomes, err = p.test(ctx, v.Store, t, urls)
	return "", err
}
