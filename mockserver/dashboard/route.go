package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// prefix is the path of the API.
const prefix = "/api/v1"

const (
	maxBody = 24 << 20 // bytes of a request: fits an event's body of 16 MiB in base64
)

// response is the result of a handler: a body, as JSON.
type response[T any] struct {
	Body T
}

// option changes the description of a route.
type option func(huma.API, *huma.Operation)

// route adds a route that responds with JSON. huma is told that the body is any, and its schema
// separately: each type of an input with a type of an output links 17 kB of huma, and there are
// many outputs.
func route[I, T any](api huma.API, method, path, id, summary string, handle func(context.Context, *I) (*response[T], error), options ...option) {
	register(api, method, path, id, summary, func(ctx context.Context, in *I) (*response[any], error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, err
		}
		return &response[any]{out.Body}, nil
	}, append(options, respondsWithJSON[T])...)
}

// respondsWithJSON sets the schema of a route's response, as huma does for a response[T].
func respondsWithJSON[T any](api huma.API, op *huma.Operation) {
	status := strconv.Itoa(cmp.Or(op.DefaultStatus, http.StatusOK))
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	if op.Responses[status] == nil {
		op.Responses[status] = &huma.Response{}
	}
	body, of := reflect.TypeFor[response[T]]().Field(0), reflect.TypeFor[response[T]]().Name()
	op.Responses[status].Content = map[string]*huma.MediaType{
		"application/json": {Schema: huma.SchemaFromField(api.OpenAPI().Components.Schemas, body, of+body.Name)},
	}
}

// register adds a route to the API. It responds to an error of the handler with a problem document.
func register[I, O any](api huma.API, method, path, id, summary string, handle func(context.Context, *I) (*O, error), options ...option) {
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
		Description: "A problem document (RFC 9457) that describes the error",
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")},
		},
	}
	op.Middlewares = huma.Middlewares{checkRequest}
	body := op.RequestBody
	needed := body != nil && body.Required
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			return out, nil
		}
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return nil, problem.New(http.StatusServiceUnavailable, "the client cancelled the request, or the server is stopping")
		}
		return nil, problem.Of(err)
	})
	if body != nil { // huma.Register describes every raw body as required bytes
		// acceptsFile leaves the content empty, because huma would read the body otherwise.
		if body.Content == nil {
			body.Content = fileContent()
		}
		body.Required = needed
		delete(body.Content, "application/octet-stream")
	}
	addExamples(api, &op, section)
}

// accepts documents the body of a route. The handler reads it with strict, which explains errors
// better than huma.
func accepts[T any](api huma.API, op *huma.Operation) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	op.RequestBody = &huma.RequestBody{
		Required: true,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
	op.SkipValidateBody = true
	op.MaxBodyBytes = maxBody
	op.BodyReadTimeout = -1 // the server has a timeout
}

// requires sets the required members of a route's body. The schema of a record also requires
// members that the server sets, such as the id.
func requires(members ...string) option {
	return func(api huma.API, op *huma.Operation) {
		schema := op.RequestBody.Content["application/json"].Schema
		if schema.Ref != "" {
			schema = api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
		}
		schema.Required = members
	}
}

// respondsWith sets the media type of a route's response, if it is not JSON.
func respondsWith(mediaType string) option {
	return func(_ huma.API, op *huma.Operation) {
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
	}
}

// acceptsOptional is accepts for a body that may be missing.
func acceptsOptional[T any](api huma.API, op *huma.Operation) {
	accepts[T](api, op)
	op.RequestBody.Required = false
}

// creates documents that a route creates a record.
func creates(_ huma.API, op *huma.Operation) { op.DefaultStatus = http.StatusCreated }

// config returns the API's description without routes.
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
				Description: "The API of a server for testing webhooks: bins that record, providers that send, and the journal of both. " +
					"Errors are problem details (RFC 9457). If the server has a token, send it as \"Authorization: Bearer TOKEN\".\n\n" + query.Help +
					"\nThe server may end a page of a list early, even without an item, to respond in time: next continues the list.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "the server's token, if it has one"},
				},
			},
			Tags:     groups(),
			Security: []map[string][]string{{}, {"token": {}}},
		},
		Formats:       map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{toProblem},
	}
}

// schemaName returns the name of a type's schema. The dashboard's types for records have the names
// of the records, and two types with the same name get different ones.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[wire.Response]():
		return "ConsumerResponse"
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
