package neostore

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// redirect is a minified URL as the API shows it.
type redirect struct {
	ID           string `json:"id"`
	URI          string `json:"uri"`         // where it leads
	MinifiedURI  string `json:"minifiedUri"` // what a person follows
	CreationDate string `json:"creationDate"`
}

const redirectKind = "redirect"

func newRedirect(r *http.Request, e *entities.Entity) (redirect, error) {
	uri, err := uriOf(e)
	return redirect{e.ID, uri, vendorapi.Base(r) + "/r/" + e.ID, stamp(e.Created)}, err
}

// uriOf returns where a redirect leads.
func uriOf(e *entities.Entity) (string, error) {
	var fields struct {
		URI string `json:"uri"`
	}
	if err := json.Unmarshal(e.Fields, &fields); err != nil {
		return "", fmt.Errorf("%s: %w", e.Name(), err)
	}
	return fields.URI, nil
}

func (a *api) listRedirects(w http.ResponseWriter, r *http.Request, tenant string) error {
	return list(w, r, a.Entities.List(a.Provider.Name, tenant, redirectKind), func(e *entities.Entity) (redirect, error) {
		return newRedirect(r, e)
	})
}

// errTaken means that another tenant's redirect has the id that was generated.
var errTaken = errors.New("the id is taken")

func (a *api) createRedirect(w http.ResponseWriter, r *http.Request, tenant string) error {
	var in struct {
		URI json.RawMessage `json:"uri"`
	}
	if err := readInput(w, r, &in); err != nil {
		return err
	}
	wrong, uri := fieldErrors{}, ""
	if !given(in.URI) {
		wrong.add("uri", "The uri is required.")
	} else if uri = wrong.text("uri", in.URI, maxEndpoint); len(wrong) == 0 {
		if err := redirectable(uri); err != nil {
			wrong.add("uri", "%.200q cannot be redirected to: %v.", uri, err)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	a.redirecting.Lock()
	defer a.redirecting.Unlock()
	for {
		e, err := a.Entities.Create(r.Context(), a.Provider.Name, redirectKind, tenant, fixtures.Overrides{"uri": quote(uri)}, func(tx *entities.Tx) error {
			if other, ok := a.findRedirect(tx.Text("redirect_id")); ok && other.Tenant != tenant {
				return errTaken
			}
			return nil
		})
		if errors.Is(err, errTaken) {
			continue
		}
		return answerRedirect(w, r, &e, err)
	}
}

// redirectable returns why a redirect cannot lead to a URI, which may have a fragment.
func redirectable(uri string) error {
	if strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c) }) {
		return errors.New("it holds a character that must be percent-encoded")
	}
	before, _, _ := strings.Cut(uri, "#")
	_, err := webURL(before)
	return err
}

func (a *api) getRedirect(w http.ResponseWriter, r *http.Request, tenant string) error {
	e, err := a.Entities.Get(a.redirectOf(r, tenant))
	return answerRedirect(w, r, &e, notFound("redirect", r, err))
}

func (a *api) deleteRedirect(w http.ResponseWriter, r *http.Request, tenant string) error {
	if err := a.Entities.Delete(r.Context(), a.redirectOf(r, tenant)); err != nil {
		return notFound("redirect", r, err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// follow redirects the browser. HEAD redirects too, without an event.
func (a *api) follow(w http.ResponseWriter, r *http.Request) error {
	e, ok := a.findRedirect(r.PathValue("id"))
	if !ok {
		return notFound("redirect", r, journal.ErrNotFound)
	}
	if r.Method == http.MethodGet {
		var err error
		if e, err = a.Entities.Update(r.Context(), e.Name(), func(tx *entities.Tx) error {
			_, err := tx.Trigger(fixtures.Step{Event: a.event("Redirect:Redirected")})
			return err
		}); err != nil {
			return notFound("redirect", r, err)
		}
	}
	uri, err := uriOf(&e)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store") // so that every visit comes here
	w.Header().Set("Location", uri)
	w.WriteHeader(http.StatusFound)
	return nil
}

// findRedirect finds a redirect by its id alone.
func (a *api) findRedirect(id string) (entities.Entity, bool) {
	for _, t := range a.Entities.Tenants(a.Provider.Name) {
		e, err := a.Entities.Get(entities.Name{Provider: a.Provider.Name, Tenant: t.Name, Kind: redirectKind, ID: id})
		if err == nil {
			return e, true
		}
	}
	return entities.Entity{}, false
}

func (a *api) redirectOf(r *http.Request, tenant string) entities.Name {
	return entities.Name{Provider: a.Provider.Name, Tenant: tenant, Kind: redirectKind, ID: r.PathValue("id")}
}

func answerRedirect(w http.ResponseWriter, r *http.Request, e *entities.Entity, err error) error {
	if err != nil {
		return err
	}
	out, err := newRedirect(r, e)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, out)
}
