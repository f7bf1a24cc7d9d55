package openapi_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	problems "github.com/pb33f/libopenapi-validator/errors"
	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// Two other libraries check the API's document: it is valid, and requests and responses match it.
// Bodies with only the required members prove that the server requires no others.
func TestDocumentIsChecked(t *testing.T) {
	t.Parallel()
	s := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	answer, err := http.Get(s.DashboardURL() + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(loader.Context, openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	other, err := libopenapi.NewDocument(document)
	if err != nil {
		t.Fatal(err)
	}
	second, failures := validator.NewValidator(other)
	if len(failures) > 0 {
		t.Fatal(failures)
	}
	if ok, problems := second.ValidateDocument(); !ok {
		t.Errorf("the second check refuses the document: %s", secondOpinion(problems))
	}
	openapi3filter.RegisterBodyDecoder("text/markdown", openapi3filter.FileBodyDecoder)
	doc.Servers = openapi3.Servers{{URL: s.DashboardURL()}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	received, err := http.Post(s.CaptureURL()+"/inbox", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	received.Body.Close()
	const id = "c00000001"
	called := map[string]bool{} // operations, as method and path
	ids := map[string]string{}  // ids from responses, by their names in the paths below
	makes := map[string]struct{ name, at string }{
		"POST /providers/neostore/endpoints": {"<endpoint>", "id"},
		"POST /providers/neostore/events":    {"<delivery>", "items.0.id"},
		"POST /providers/neostore/entities":  {"<entity>", "entity.id"},
		"POST /runs":                         {"<run>", "id"},
	}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/healthz", "", 200},
		{"GET", "/readyz", "", 200},
		{"GET", "/nodes", "", 200},
		{"GET", "/metrics", "", 200},
		{"GET", "/server", "", 200},
		{"GET", "/query", "", 200},
		{"GET", "/bins", "", 200},
		{"GET", "/captures", "", 200},
		{"GET", "/captures/" + id, "", 200},
		{"GET", "/captures/" + id + "/raw", "", 200},
		{"GET", "/captures/" + id + "/content", "", 200},
		{"GET", "/captures/" + id + "/export?format=har", "", 200},
		{"GET", "/captures/none", "", 404},
		{"GET", "/bins/inbox", "", 200},
		{"PUT", "/bins/inbox", "{}", 200},
		{"PATCH", "/bins/inbox", `{"responses": [{"status": 503}]}`, 200},
		{"PUT", "/bins/inbox/responses", `{"status": 503}`, 200},
		{"GET", "/bins/inbox/stats", "", 200},
		{"GET", "/bins/inbox/sender", "", 200},
		{"GET", "/bins/inbox/digests?after=1", "", 200},
		{"GET", "/bins/inbox/wait?count=1", "", 200},
		{"GET", "/bins/inbox/wait?count=9&timeout=1ms", "", 408},
		{"POST", "/captures/" + id + "/verify", `{"provider": "neostore", "secret": "s"}`, 200},
		{"POST", "/captures/" + id + "/resend", `{"url": "` + s.CaptureURL() + `/again"}`, 200},
		{"GET", "/providers", "", 200},
		{"GET", "/providers/neostore", "", 200},
		{"GET", "/providers/neostore/events", "", 200},
		{"POST", "/providers/neostore/endpoints", `{"url": "` + s.CaptureURL() + `/inbox"}`, 201},
		{"GET", "/providers/neostore/endpoints", "", 200},
		{"POST", "/providers/neostore/events", `{"event": "Pass:Created"}`, 200},
		{"POST", "/providers/neostore/send", `{"event": "Pass:Created", "to": "` + s.CaptureURL() + `/inbox"}`, 200},
		{"GET", "/providers/neostore/options", "", 200},
		{"PUT", "/providers/neostore/tenants/acme", `{}`, 200},
		{"GET", "/providers/neostore/tenants", "", 200},
		{"POST", "/providers/neostore/entities", `{"kind": "pass"}`, 201},
		{"GET", "/providers/neostore/entities", "", 200},
		{"GET", "/endpoints", "", 200},
		{"GET", "/notices?provider=neostore", "", 200},
		{"GET", "/deliveries", "", 200},
		{"POST", "/clock/advance", `{"by": "1h"}`, 200},
		{"POST", "/clock/settle", "", 200},
		{"GET", "/clock", "", 200},
		{"POST", "/runs", "", 201},
		{"GET", "/runs/<run>/clock", "", 200},
		{"POST", "/runs/<run>/clock/advance", `{"by": "1h"}`, 200},
		{"POST", "/runs/<run>/clock/settle", "", 200},
		{"DELETE", "/runs/<run>", "", 204},
		{"POST", "/clock", `{"by": "1h"}`, 200},
		{"GET", "/deliveries/<delivery>", "", 200},
		{"POST", "/deliveries/<delivery>/redeliver", "", 201},
		{"GET", "/captures/" + id + "/attempts", "", 200},
		{"GET", "/captures/" + id + "/diff/c00000002", "", 200},
		{"GET", "/captures/c00000003/schema?provider=neostore", "", 200},
		{"GET", "/providers/neostore/entities/pass/<entity>", "", 200},
		{"POST", "/providers/neostore/entities/pass/<entity>/events", `{"event": "Pass:Created"}`, 200},
		{"DELETE", "/providers/neostore/entities/pass/<entity>", "", 204},
		{"GET", "/providers/neostore/endpoints/<endpoint>", "", 200},
		{"DELETE", "/providers/neostore/endpoints/<endpoint>", "", 204},
		{"DELETE", "/providers/neostore/tenants/acme", "", 204},
		{"GET", "/bins/inbox/captures", "", 200},
		{"GET", "/bins/inbox/export?format=har", "", 200},
		{"GET", "/bins/inbox/responses", "", 200},
		{"POST", "/bins/inbox/responses", `{"status": 503}`, 200},
		{"DELETE", "/bins/inbox/responses", "", 200},
		{"POST", "/bins/inbox/wait", `{"count": 1}`, 200},
		{"DELETE", "/captures/" + id, "", 200},
		{"DELETE", "/bins/inbox/captures", "", 200},
		{"DELETE", "/bins/inbox", "", 200},
	} {
		for name, made := range ids {
			c.path = strings.ReplaceAll(c.path, name, made)
		}
		request, err := http.NewRequestWithContext(t.Context(), c.method, s.DashboardURL()+"/api/v1"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.body != "" {
			request.Header.Set("Content-Type", "application/json")
		} else {
			request.Body = nil
		}
		route, parameters, err := router.FindRoute(request)
		if err != nil {
			t.Errorf("%s %s: %v", c.method, c.path, err)
			continue
		}
		called[c.method+" "+route.Path] = true
		options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: func(context.Context, *openapi3filter.AuthenticationInput) error { return nil }}
		question := &openapi3filter.RequestValidationInput{Request: request, PathParams: parameters, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(t.Context(), question); err != nil {
			t.Errorf("%s %s: the document refuses the request: %v", c.method, c.path, err)
		}
		if c.body != "" {
			request.Body = io.NopCloser(strings.NewReader(c.body))
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != c.status {
			t.Errorf("%s %s: %d, %v; want %d: %s", c.method, c.path, response.StatusCode, err, c.status, body)
			continue
		}
		answered := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: question, Status: response.StatusCode, Header: response.Header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
		}
		if err := openapi3filter.ValidateResponse(t.Context(), answered); err != nil {
			t.Errorf("%s %s: the document refuses the answer: %.600v", c.method, c.path, err)
		}
		request.Body = io.NopCloser(strings.NewReader(c.body))
		response.Body = io.NopCloser(bytes.NewReader(body))
		if ok, problems := second.ValidateHttpRequestResponse(request, response); !ok {
			t.Errorf("%s %s: the second check refuses it: %s", c.method, c.path, secondOpinion(problems))
		}
		if m, ok := makes[c.method+" "+c.path]; ok {
			ids[m.name] = gjson.GetBytes(body, m.at).String()
		}
	}
	// Other tests cover these: the stream never ends, there is no authority without TLS, and an
	// import needs a file.
	for _, except := range []string{"GET /api/v1/stream", "GET /api/v1/ca.pem", "POST /api/v1/bins/{bin}/import"} {
		called[except] = true
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !called[method+" "+path] {
				t.Errorf("%s %s was not called", method, path)
			}
		}
	}
}

// secondOpinion returns the errors of the second library, on one line.
func secondOpinion(list []*problems.ValidationError) string {
	var texts []string
	for _, p := range list {
		text := p.Message + ": " + p.Reason
		for _, s := range p.SchemaValidationErrors {
			text += "; " + s.FieldPath + " " + s.Reason
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " | ")
}
