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

// checkRequest refuses a request with unknown parameters, or without a body that its route needs.
func checkRequest(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	if p := unknownParameters(c.Operation(), r); p != nil {
		p.Write(w)
		return
	}
	if body := c.Operation().RequestBody; body != nil && body.Required && r.ContentLength == 0 {
		problem.New(http.StatusUnprocessableEntity, fmt.Sprintf(
			"%s %s: the body is empty: want JSON, as described at /api/docs", r.Method, r.URL.Path)).Write(w)
		return
	}
	next(c)
}

// unknownParameters returns a problem for query parameters that a route does not have; nil without
// any.
func unknownParameters(op *huma.Operation, r *http.Request) *problem.Problem {
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
		text := "unknown parameter: want one of " + strings.Join(known, ", ")
		if len(known) == 0 {
			text = "unknown parameter: this path has no parameters"
		} else if near := strictyaml.Nearest(name, known); near != "" {
			text = fmt.Sprintf("unknown parameter: did you mean %q?", near)
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

// toProblem converts huma's errors to problems of this API.
func toProblem(_ huma.Context, _ string, v any) (any, error) {
	found, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := problem.New(found.Status, found.Detail)
	if found.Status == http.StatusUnprocessableEntity {
		p.Detail = "the request is wrong"
	}
	for _, e := range found.Errors {
		want := strings.Replace(e.Message, "expected ", "want ", 1)
		p.Errors = append(p.Errors, problem.Part{Location: e.Location, Message: fmt.Sprintf("%v: %s", e.Value, want), Value: e.Value})
	}
	return p, nil
}
