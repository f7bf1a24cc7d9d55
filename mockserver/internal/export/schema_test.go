package export_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// inferred compiles the schema of captures.
func inferred(t *testing.T, captures ...journal.Capture) (*jsonschema.Schema, []string) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(write(t, "schema", export.Options{Name: "inbox"}, captures...)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("hookrig:///inbox", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("hookrig:///inbox")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ref := range document.(map[string]any)["anyOf"].([]any) {
		names = append(names, ref.(map[string]any)["$ref"].(string))
	}
	return schema, names
}

func fits(t *testing.T, schema *jsonschema.Schema, body []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

// TestSchemaOfASystem checks that the schema of a system's events accepts the next ones, and
// rejects a body with a missing member, a new one, or another type.
func TestSchemaOfASystem(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("subscribfy")
	if err != nil {
		t.Fatal(err)
	}
	render := func(event string, seed uint64) []byte {
		e, err := p.Render(fixtures.Draw{Seed: seed}, event, fixtures.RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return e.Body
	}
	var captures []journal.Capture
	topics := []string{"wallet_pass/created", "loyalty/points_changed"}
	for seed := range uint64(400) {
		body := render(topics[seed%2], seed)
		captures = append(captures, journal.Capture{
			Message:      wire.Message{Method: "POST", Target: "/in", Version: "HTTP/1.1", Body: body},
			Verification: &journal.Verification{Provider: "subscribfy"},
		})
	}
	schema, names := inferred(t, captures...)
	if d := cmp.Diff([]string{"#/$defs/wallet_pass~1created", "#/$defs/loyalty~1points_changed"}, names); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	next := render(topics[0], 4000)
	if err := fits(t, schema, next); err != nil {
		t.Errorf("the next body does not fit: %v\n%s", err, next)
	}
	for _, drifted := range []string{
		strings.Replace(string(next), `"topic":`, `"subject":`, 1),
		strings.Replace(string(next), `{`, `{"extra":1,`, 1),
		strings.Replace(string(next), `"topic":"wallet_pass\/created"`, `"topic":7`, 1),
	} {
		if drifted == string(next) || fits(t, schema, []byte(drifted)) == nil {
			t.Errorf("it fits: %s", drifted)
		}
	}
}

func TestSchemaNamesEvents(t *testing.T) {
	t.Parallel()
	of := func(body string, headers ...signature.Header) journal.Capture {
		return journal.Capture{Message: wire.Message{Method: "POST", Target: "/in?x=1", Version: "HTTP/1.1", Headers: headers, Body: []byte(body)}}
	}
	_, names := inferred(t,
		of(`{"action":"opened"}`, signature.Header{Name: "x-github-event", Value: "pull request"}),
		of(`{"type":"invoice.paid"}`), of(`{"event":{"type":"message"},"type":"event_callback"}`), of(`{"topic":"a/b"}`), of(`{"__eventName":"Pass:Created"}`),
		of(`[1]`), of(`[2]`), of("no JSON"), of(`{"type":`))
	want := []string{"pull%20request", "invoice.paid", "event_callback", "a~1b", "Pass:Created", "POST%20~1in"}
	for i := range want {
		want[i] = "#/$defs/" + want[i]
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if text := write(t, "schema", export.Options{}, of("[]"), of("x")); !strings.Contains(text, `"1 captures had bodies that are not JSON."`) {
		t.Errorf("it does not count the other body:\n%s", text)
	}
}

func TestSchemaIsBounded(t *testing.T) {
	t.Parallel()
	f, err := export.Find("schema")
	if err != nil {
		t.Fatal(err)
	}
	var captures []journal.Capture
	for i := range 201 {
		captures = append(captures, capture(t, request(fmt.Sprintf(`{"type":"t%d"}`, i))))
	}
	for _, c := range []struct {
		captures []journal.Capture
		want     string
	}{
		{captures, "more than 200 different events"},
		{captures[:0], "no capture has a body that is JSON"},
	} {
		if err := f.Write(&bytes.Buffer{}, all(c.captures), export.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
