package dashboard

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// question lets a request through that asks only for what its route knows, and brings the body that it needs.
func question(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	if p := unasked(c.Operation(), r); p != nil {
		p.Write(w)
		return
	}
	if body := c.Operation().RequestBody; body != nil && body.Required && r.ContentLength == 0 {
		problem.New(http.StatusUnprocessableEntity, fmt.Sprintf(
			"%s %s: there is no body: want JSON, as /api/docs describes it", r.Method, r.URL.Path)).Write(w)
		return
	}
	next(c)
}

// unasked is the problem of query parameters that a route does not have; nil without any.
func unasked(op *huma.Operation, r *http.Request) *problem.Problem {
	var known []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			known = append(known, p.Name)
		}
	}
	var parts []problem.Part
	for name := range r.URL.Query() {
		if slices.Contains(known, name) {
			continue
		}
		text := "there is no such parameter; there are " + strings.Join(known, ", ")
		if len(known) == 0 {
			text = "there is no such parameter, nor any other here"
		} else if near := strictyaml.Nearest(name, known); near != "" {
			text = fmt.Sprintf("there is no such parameter: did you mean %q?", near)
		}
		parts = append(parts, problem.Part{Location: "query." + name, Message: text, Value: r.URL.Query().Get(name)})
	}
	if parts == nil {
		return nil
	}
	slices.SortFunc(parts, func(a, b problem.Part) int { return strings.Compare(a.Location, b.Location) })
	p := problem.New(http.StatusUnprocessableEntity, "the request's query is wrong")
	p.Errors = parts
	return p
}

// plain puts what the router finds wrong with a request into this API's words.
func plain(_ huma.Context, _ string, v any) (any, error) {
	found, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem.New(found.Status, found.Detail)
	if found.Status == http.StatusUnprocessableEntity {
		p.Detail = "the request is wrong"
	}
	for _, e := range found.Errors {
		wish := strings.Replace(e.Message, "expected ", "want ", 1)
		p.Errors = append(p.Errors, problem.Part{Location: e.Location, Message: fmt.Sprintf("%v: %s", e.Value, wish), Value: e.Value})
	}
	return p, nil
}
