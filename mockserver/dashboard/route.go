package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// prefix is where the API lies.
const prefix = "/api/v1"

const (
	maxBody = 24 << 20 // of a request, in bytes: an event's body of 16 MiB in base64, and some
)

// response is what a handler answers: a body, as JSON.
type response[T any] struct {
	Body T
}

// option adds to the description of a route.
type option func(huma.API, *huma.Operation)

// route adds a route to the API. An error of its handler becomes the problem that it is.
func route[I, O any](api huma.API, method, path, id, summary string, handle func(context.Context, *I) (*O, error), options ...option) {
	section, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	op := huma.Operation{
		Method: method, Path: prefix + path, OperationID: id, Summary: summary, Tags: []string{groupOf(section)},
	}
	for _, option := range options {
		option(api, &op)
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "What is wrong, as a problem document",
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")},
		},
	}
	op.Middlewares = huma.Middlewares{question}
	body := op.RequestBody
	needed := body != nil && body.Required
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			return out, nil
		}
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return nil, problem.New(http.StatusServiceUnavailable, "the request was given up, or the server is stopping")
		}
		return nil, problem.Of(err)
	})
	if body != nil { // a raw body is bytes that there must be, to the router
		if body.Content == nil { // the handler reads it: the router would have, had it been told what comes
			body.Content = fileContent()
		}
		body.Required = needed
		delete(body.Content, "application/octet-stream")
	}
	exemplify(api, &op, section)
}

// accepts says what a route takes as its body. The handler reads it with strict, which says more about what is wrong.
func accepts[T any](api huma.API, op *huma.Operation) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	op.RequestBody = &huma.RequestBody{
		Required: true,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
	op.SkipValidateBody = true
	op.MaxBodyBytes = maxBody
	op.BodyReadTimeout = -1 // the server bounds it
}

// needs says which members of a route's body there must be: what the server gives a record itself, an id for one, is in its schema and not
// needed here.
func needs(members ...string) option {
	return func(api huma.API, op *huma.Operation) {
		schema := op.RequestBody.Content["application/json"].Schema
		if schema.Ref != "" {
			schema = api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
		}
		schema.Required = members
	}
}

// answersAs says of what media type a route's answer is, where it is not JSON.
func answersAs(mediaType string) option {
	return func(_ huma.API, op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	}
}

// mayTake is accepts for a body that may be left out.
func mayTake[T any](api huma.API, op *huma.Operation) {
	accepts[T](api, op)
	op.RequestBody.Required = false
}

// creates says that a route makes a record.
func creates(_ huma.API, op *huma.Operation) { op.DefaultStatus = http.StatusCreated }

// config is the API's description, before its routes.
func config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[signature.Header](), reflect.TypeFor[[2]string]())
	registry.RegisterTypeAlias(reflect.TypeFor[delivery.Fault](), reflect.TypeFor[faultSchema]())
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "hookrig", Version: "1",
				Description: "The dashboard of a server for testing webhooks: bins that record, providers that send, and the journal of both. " +
					"Errors are problem details (RFC 9457). A server with a token wants it as \"Authorization: Bearer TOKEN\".\n\n" + query.Help +
					"\nA page of a list may end early, even without an item, when it would take long: its next says where to go on.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "the server's token, where it has one"},
				},
			},
			Tags:     groups(),
			Security: []map[string][]string{{}, {"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{plain},
	}
}

// schemaName names a type in the document: by its own name, except where that is the dashboard's own word for a record, or
// two packages have one of that name.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[wire.Response]():
		return "ConsumerReply"
	case reflect.TypeFor[diff.Result]():
		return "Diff"
	case reflect.TypeFor[captured]():
		return "Capture"
	case reflect.TypeFor[delivered]():
		return "Delivery"
	case reflect.TypeFor[attempted]():
		return "Attempt"
	case reflect.TypeFor[registered]():
		return "Endpoint"
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if what, ok := strings.CutSuffix(name, "Body"); ok {
		return what + "Request"
	}
	return name
}
