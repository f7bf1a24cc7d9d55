package dashboard_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hookrig/hookrig/mockserver"
)

// The API's responses match their schemas and have all required members.
func TestResponsesMatchTheirSchemas(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	resp, err := r.http.Get(r.DashboardURL() + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	schemas := jsonschema.NewCompiler()
	if err := schemas.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}

	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "events": ["Pass:*"], "secret": "s", "tenant": "demo"}`)
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "http://127.0.0.1:1/nobody"}`)
	made := r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created", "seed": 5, "faults": ["signature:missing"]}`)
	r.call(t, 200, "POST", "/clock/settle", "")
	r.call(t, 200, "PUT", "/bins/inbox", `{"provider": "neostore", "secret": "s", "responses": {"sequence": [{"status": 503, "delay": "1ms"}]}}`)
	r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
	r.call(t, 200, "POST", "/clock/settle", "")
	r.write(t, "BAD /inbox\r\n\r\n")
	id := r.call(t, 200, "GET", "/captures?limit=1", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	delivery := made["items"].([]any)[0].(map[string]any)["id"].(string)

	for _, c := range []struct {
		status                       int
		method, path, body, template string
	}{
		{200, "GET", "/server", "", ""},
		{200, "GET", "/nodes", "", ""},
		{200, "GET", "/bins", "", ""},
		{200, "GET", "/bins/inbox", "", "/bins/{bin}"},
		{200, "GET", "/bins/inbox/responses", "", "/bins/{bin}/responses"},
		{200, "GET", "/bins/inbox/sender", "", "/bins/{bin}/sender"},
		{200, "GET", "/captures", "", ""},
		{200, "GET", "/bins/inbox/captures", "", "/bins/{bin}/captures"},
		{200, "GET", "/bins/inbox/digests?after=1", "", "/bins/{bin}/digests"},
		{200, "GET", "/captures/" + id, "", "/captures/{id}"},
		{200, "GET", "/captures/" + id + "/content", "", "/captures/{id}/content"},
		{200, "GET", "/captures/" + id + "/attempts", "", "/captures/{id}/attempts"},
		{200, "GET", "/captures/" + id + "/schema?provider=neostore", "", "/captures/{id}/schema"},
		{200, "POST", "/captures/" + id + "/verify", `{"provider": "neostore", "secret": "x"}`, "/captures/{id}/verify"},
		{200, "POST", "/captures/" + id + "/resend", `{"url": "` + r.CaptureURL() + `/again"}`, "/captures/{id}/resend"},
		{200, "POST", "/captures/" + id + "/resend", `{"url": "` + r.CaptureURL() + `/again", "method": "PUT", "body": "e30=", "set": {"/a": 1}, "headers": [["A", "1"], ["B", null]], "resign": {"provider": "neostore", "secret": "s"}}`, "/captures/{id}/resend"},
		{200, "GET", "/captures/" + id + "/diff/c00000001", "", "/captures/{id}/diff/{other}"},
		{200, "POST", "/bins/files/import", `{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/"}}, 7]}}`, "/bins/{bin}/import"},
		{200, "GET", "/bins/inbox/wait?count=1", "", "/bins/{bin}/wait"},
		{408, "GET", "/bins/inbox/wait?count=1&timeout=1ms&where=.path==1", "", "/bins/{bin}/wait"},
		{200, "GET", "/providers", "", ""},
		{200, "GET", "/providers/ethpass", "", "/providers/{provider}"},
		{200, "GET", "/providers/neostore/events", "", "/providers/{provider}/events"},
		{200, "GET", "/endpoints", "", ""},
		{201, "POST", "/providers/ethpass/endpoints", `{"url": "http://127.0.0.1:1/"}`, "/providers/{provider}/endpoints"},
		{200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`, "/providers/{provider}/events"},
		{200, "GET", "/providers/neostore/options", "", "/providers/{provider}/options"},
		{200, "GET", "/providers/neostore/tenants", "", "/providers/{provider}/tenants"},
		{201, "POST", "/providers/neostore/entities", `{"kind": "pass", "steps": [{"event": "Pass:Created"}]}`, "/providers/{provider}/entities"},
		{200, "GET", "/providers/neostore/entities", "", "/providers/{provider}/entities"},
		{409, "POST", "/providers/neostore/entities", `{"kind": "pass", "steps": [{"event": "Pass:Updated"}]}`, "/providers/{provider}/entities"},
		{200, "POST", "/providers/neostore/send", `{"event": "Pass:Created", "to": "` + r.CaptureURL() + `/inbox", "secret": "s"}`, "/providers/{provider}/send"},
		{422, "POST", "/providers/neostore/send", `{"event": "Pass:Created", "to": "inbox"}`, "/providers/{provider}/send"},
		{200, "GET", "/deliveries", "", ""},
		{200, "GET", "/deliveries/" + delivery, "", "/deliveries/{id}"},
		{201, "POST", "/deliveries/" + delivery + "/redeliver", "", "/deliveries/{id}/redeliver"},
		{200, "GET", "/clock", "", ""},
		{201, "POST", "/runs", `{"real_clock": true}`, "/runs"},
		{404, "GET", "/runs/none/clock", "", "/runs/{id}/clock"},
		{404, "GET", "/deliveries/none", "", "/deliveries/{id}"},
		{422, "GET", "/captures?limit=0", "", "/captures"},
	} {
		if c.template == "" {
			c.template = c.path
		}
		answer := r.call(t, c.status, c.method, c.path, c.body)
		where := schemaOf(t, raw, c.template, c.method, c.status)
		schema, err := schemas.Compile("openapi.json#" + where)
		if err != nil {
			t.Fatalf("%s %s: %v", c.method, c.path, err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s %s: %v\n%s", c.method, c.path, err, text)
		}
	}
}

// schemaOf returns the JSON pointer of the schema of a response.
func schemaOf(t *testing.T, document []byte, template, method string, status int) string {
	t.Helper()
	type operation struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema json.RawMessage }
		}
	}
	var doc struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	verb := map[string]string{http.MethodGet: "get", http.MethodPost: "post"}[method]
	responses := doc.Paths["/api/v1"+template][verb].Responses
	for _, code := range []string{strconv.Itoa(status), "default"} {
		for media, content := range responses[code].Content {
			var ref struct {
				Ref string `json:"$ref"`
			}
			if err := json.Unmarshal(content.Schema, &ref); err != nil || ref.Ref == "" {
				t.Fatalf("%s %s: %s, %s has no schema: %s", method, template, code, media, content.Schema)
			}
			return ref.Ref[1:]
		}
	}
	t.Fatalf("%s %s: %d is not described", method, template, status)
	return ""
}
