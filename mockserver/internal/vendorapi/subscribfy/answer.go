package subscribfy

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// resource is an answer: data, and the topics that the call made, in their order.
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

// perPage is how many entries a page of a list has.
const perPage = 100

// writeList answers with the page of the list that the request asks for by ?page=N, from 1.
func writeList[T any](w http.ResponseWriter, r *http.Request, list []T) error {
	n := 1
	if text := r.URL.Query().Get("page"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > 1_000_000 {
			return invalid("page", "The page %.40q is not a number from 1 on.", text)
		}
	}
	from := min((n-1)*perPage, len(list))
	part := append([]T{}, list[from:min(from+perPage, len(list))]...)
	return vendorapi.Write(w, http.StatusOK, page{part, meta{n, perPage, len(list)}})
}

// read reads a request's body into v; an empty one leaves v as it is. A value of the wrong type is 422, as all that can
// be read and is wrong.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := vendorapi.Body(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := vendorapi.IsJSON(r); err != nil {
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

// refusal is the answer that an error of the server makes.
func (p *panel) refusal(err error) *vendorapi.Error {
	status := http.StatusInternalServerError
	for _, c := range []struct {
		is     error
		status int
	}{
		{journal.ErrNotFound, http.StatusNotFound},
		{journal.ErrExists, http.StatusConflict},
		{fixtures.ErrImpossibleOrder, http.StatusConflict},
		{fixtures.ErrUnknownEvent, http.StatusNotFound},
		{fixtures.ErrInvalidGiven, http.StatusUnprocessableEntity},
		{fixtures.ErrUnknownField, http.StatusUnprocessableEntity},
		{fixtures.ErrInvalidBody, http.StatusUnprocessableEntity},
		{fixtures.ErrInvalidURL, http.StatusUnprocessableEntity},
		{delivery.ErrInvalid, http.StatusUnprocessableEntity},
		{delivery.ErrClosed, http.StatusServiceUnavailable},
		{journal.ErrClosed, http.StatusServiceUnavailable},
		{journal.ErrFull, http.StatusInsufficientStorage},
	} {
		if errors.Is(err, c.is) {
			status = c.status
			break
		}
	}
	if status == http.StatusInternalServerError {
		p.Log.Error("a call failed", "error", err)
		return vendorapi.Errorf(status, "Server Error")
	}
	e := vendorapi.Errorf(status, "%s.", strings.TrimSuffix(err.Error(), "."))
	if status == http.StatusUnprocessableEntity {
		e.Fields = fields(err, e.Text)
	}
	return e
}

// fields are the parts of a body that an error is about: those that do not fit the schema, else the whole.
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

// refuse writes what is no success, as Laravel does: a message, and what is wrong with which field. A page gets a page.
func (p *panel) refuse(w http.ResponseWriter, r *http.Request, e *vendorapi.Error) {
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	if r.URL.Path == "/" || strings.HasSuffix(r.URL.Path, settingsPath) {
		p.writePage(w, e.Status, "refused", view{Prefix: vendorapi.Prefix(r), Title: http.StatusText(e.Status), Problem: e.Text})
		return
	}
	_ = vendorapi.Write(w, e.Status, struct {
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors,omitempty"`
	}{e.Text, e.Fields})
}

// located says where a thing of a store is now.
func located(w http.ResponseWriter, r *http.Request, format string, args ...any) {
	w.Header().Set("Location", vendorapi.Base(r)+fmt.Sprintf(format, args...))
}
