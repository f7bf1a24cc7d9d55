package dashboard

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// exampleBody returns an example of an operation's body, as JSON; "" when the operation has none. A
// test sends all of them.
func exampleBody(operation string) string {
	switch operation {
	case "put-bin":
		return `{"provider":"neostore","secret":"S"}`
	case "put-responses", "post-responses":
		return `{"sequence":[{"status":503,"body":"later"},{"status":200}]}`
	case "import-into-bin":
		return `{"log":{"entries":[{"request":{"method":"POST","url":"http://shop.test/hooks"}}]}}`
	case "post-wait-in-bin":
		return `{"where":".method == \"POST\"","count":1,"timeout":"2s"}`
	case "verify-capture":
		return `{"provider":"neostore","secret":"S"}`
	case "resend-capture":
		return `{"url":"http://127.0.0.1:3000/hooks","set":{"/again":true}}`
	case "emit":
		return `{"event":"Pass:Created"}`
	case "send":
		return `{"event":"Pass:Installed","to":"http://127.0.0.1:3000/hooks","secret":"S"}`
	case "register-endpoint":
		return `{"url":"http://127.0.0.1:3000/hooks","events":["Pass:*"]}`
	case "put-tenant":
		return `{"keys":[{"key":"acme-key","scopes":["Webhook.Read"]}]}`
	case "create-entity":
		return `{"kind":"pass","steps":[{"event":"Pass:Created"}]}`
	case "happen":
		return `{"event":"Pass:Installed"}`
	case "post-clock", "advance-clock", "advance-run":
		return `{"by":"2h"}`
	}
	return ""
}

// exampleOf returns an example of a path parameter, or "". A word in capitals stands for an id of
// the caller's server.
func exampleOf(section, parameter string) string {
	switch parameter {
	case "bin":
		return "inbox"
	case "provider":
		return "neostore"
	case "tenant":
		return "acme"
	case "kind":
		return "pass"
	case "endpoint":
		return "ENDPOINT"
	case "other":
		return "c00000002"
	case "format":
		return "jsonl"
	case "id":
		return map[string]string{"captures": "c00000001", "deliveries": "DELIVERY", "providers": "ENTITY", "runs": "RUN"}[section]
	}
	return ""
}

// addExamples adds the examples to the description of a route.
func addExamples(api huma.API, op *huma.Operation, section string) {
	item := api.OpenAPI().Paths[op.Path]
	described := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post, http.MethodDelete: item.Delete, http.MethodPatch: item.Patch,
	}[op.Method]
	for _, p := range described.Parameters {
		if example := exampleOf(section, p.Name); p.Required && example != "" {
			p.Example = example
		}
	}
	example := exampleBody(op.OperationID)
	if example == "" || op.RequestBody == nil {
		return
	}
	if media := op.RequestBody.Content["application/json"]; media != nil {
		media.Example = json.RawMessage(example)
	}
}

// groups returns the sections of the API in reading order.
func groups() []*huma.Tag {
	return []*huma.Tag{
		{Name: "server", Description: "The server itself: its addresses, health, metrics, and the stream of new records."},
		{Name: "bins", Description: "A bin is a capture address: it records every request to CAPTURE/NAME/any/path, byte for byte, before it responds."},
		{Name: "captures", Description: "A capture is one request that a bin received."},
		{Name: "providers", Description: "A provider is a system that the server plays: its events, the endpoints registered for them, and the entities that they are about."},
		{Name: "deliveries", Description: "A delivery is one event for one endpoint, with all its attempts."},
		{Name: "runs", Description: "Runs share a server without seeing each other: each has its own endpoints and clock."},
		{Name: "clock", Description: "The clock that retries follow: the real one, or a virtual one that moves when you advance it."},
	}
}

// groupOf returns the group of a section, which is the first segment of a path.
func groupOf(section string) string {
	switch section {
	case "endpoints":
		return "providers"
	case "ca.pem", "healthz", "readyz", "metrics", "nodes", "stream":
		return "server"
	}
	return section
}
