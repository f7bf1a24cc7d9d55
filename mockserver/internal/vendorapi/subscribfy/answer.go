package subscribfy

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// resource is a response: data, and the topics of the call's events, in their order.
type resource struct {
	Data   any      `json:"data"`
	Topics []string `json:"topics,omitempty"`
}

// page is a part of a list.
type page struct {
	Data any  `json:"data"`
	Meta meta `json:"meta"`
}

type meta struct {
	CurrentPage int `json:"current_page"`
	PerPage     int `json:"per_page"`
	Total       int `json:"total"`
}

// perPage is the size of a page.
const perPage = 100

// writeList answers with page ?page=N of a list, from 1.
func writeList[T any](w http.ResponseWriter, r *http.Request, list []T) error {
	q := r.URL.Query()
	n, ok := vendorapi.Number(q, "page", 1, 1, 1_000_000)
	if !ok {
		return invalid("page", "The page %.40q is not a number from 1 on.", q.Get("page"))
	}
	part := append([]T{}, vendorapi.Page(list, (n-1)*perPage, perPage)...)
	return vendorapi.Write(w, http.StatusOK, page{part, meta{n, perPage, len(list)}})
}

// read reads a request's body into v; an empty body leaves v as it is. A value of the wrong type is
// 422.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := vendorapi.JSONBody(w, r, true)
	if err != nil || len(body) == 0 {
		return err
	}
	err = vendorapi.Decode(body, v)
	if e := (*vendorapi.Error)(nil); errors.As(err, &e) && len(e.Fields) > 0 {
		e.Status = http.StatusUnprocessableEntity
	}
	return err
}

// invalid is a 422 about one field.
func invalid(field, format string, args ...any) *vendorapi.Error {
	e := vendorapi.Errorf(http.StatusUnprocessableEntity, format, args...)
	e.Fields = map[string][]string{field: {e.Text}}
	return e
}

// fields returns the members of a body that an error is about: those that violate the schema, else
// the whole body.
func fields(err error, text string) map[string][]string {
	misfit := (*fixtures.SchemaError)(nil)
	if !errors.As(err, &misfit) {
		return map[string][]string{"body": {text}}
	}
	all := map[string][]string{}
	for _, v := range misfit.Violations {
		name := v.Pointer[strings.LastIndex(v.Pointer, "/")+1:]
		all[name] = append(all[name], v.Text)
	}
	return all
}

// writeError writes an error as Laravel does: a message, and what is wrong with which field. Pages
// get a page. Errors of the server itself are not shown.
func (p *panel) writeError(w http.ResponseWriter, r *http.Request, e *vendorapi.Error) {
	e = inWords(e)
	if r.URL.Path == "/" || strings.HasSuffix(r.URL.Path, settingsPath) {
		p.writePage(w, e.Status, "refused", view{Prefix: vendorapi.Prefix(r), Title: http.StatusText(e.Status), Problem: e.Text})
		return
	}
	_ = vendorapi.Write(w, e.Status, struct {
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors,omitempty"`
	}{e.Text, e.Fields})
}

// inWords returns an error of the server in the words of Subscribfy.
func inWords(e *vendorapi.Error) *vendorapi.Error {
	switch {
	case e.Err == nil:
		return e
	case e.Status == http.StatusInternalServerError:
		return vendorapi.Errorf(e.Status, "Server Error")
	}
	out := vendorapi.Errorf(e.Status, "%s.", strings.TrimSuffix(e.Text, "."))
	if e.Status == http.StatusUnprocessableEntity {
		out.Fields = fields(e.Err, out.Text)
	}
	return out
}

// located sets the Location of something in a store.
func located(w http.ResponseWriter, r *http.Request, format string, args ...any) {
	w.Header().Set("Location", vendorapi.Base(r)+fmt.Sprintf(format, args...))
}
