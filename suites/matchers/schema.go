package matchers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/jsontext"
	"github.com/hookrig/hookrig/mockserver"
)

// MatchSchema succeeds when the body of a capture or message fits a schema. Of a provider (the name
// of a built-in one, or a *fixtures.Provider) that is the schema of the event that the body is. You
// can also give your own JSON Schema (2020-12) as []byte or json.RawMessage. The failure message
// lists every violation with its JSON pointer.
func MatchSchema(of any) types.GomegaMatcher {
	switch schema := of.(type) {
	case []byte:
		return matchOwnSchema(schema)
	case json.RawMessage:
		return matchOwnSchema(schema)
	}
	name := nameOfProvider(of)
	known, err := providerOf("MatchSchema", of)
	return &condition{
		name:    fmt.Sprintf("MatchSchema(%q)", name),
		subject: "the body", to: "fit the schema of its event of " + name,
		err: err,
		check: func(actual any) (string, bool, error) {
			m, err := messageOf("MatchSchema", actual)
			if err != nil {
				return "", false, err
			}
			event, ok := known.Recognise(*m)
			if !ok {
				return "but it is " + unknownEvent(known, *m), false, nil
			}
			var wrong *fixtures.SchemaError
			if err := known.Validate(event.Name, event.Body); err == nil || !errors.As(err, &wrong) {
				return "", err == nil, err
			}
			return "but as " + event.Name + " it does not:" + listed(wrong.Violations), false, nil
		},
	}
}

// matchOwnSchema is MatchSchema with a JSON Schema.
func matchOwnSchema(source []byte) types.GomegaMatcher {
	schema, err := compileSchema(source)
	if err != nil {
		err = fmt.Errorf("MatchSchema: %w", err)
	}
	return &condition{
		name:    "MatchSchema(" + titleOf(source) + ")",
		subject: "the body", to: "fit " + titleOf(source),
		err: err,
		check: func(actual any) (string, bool, error) {
			m, err := messageOf("MatchSchema", actual)
			if err != nil {
				return "", false, err
			}
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(bodyOf(m)))
			if err != nil {
				return "but it is not JSON: " + err.Error(), false, nil
			}
			var wrong *jsonschema.ValidationError
			if err := schema.Validate(document); err == nil || !errors.As(err, &wrong) {
				return "", err == nil, err
			}
			return "but it does not:" + listed(leaves(nil, wrong)), false, nil
		},
	}
}

// bodyOf returns the decoded body of a message.
func bodyOf(m *mockserver.Message) []byte {
	decoded := content.Decode(m)
	return decoded.Bytes
}

// titleOf names a schema in texts: by its title, if it has one.
func titleOf(source []byte) string {
	var schema struct{ Title string }
	if json.Unmarshal(source, &schema) != nil || schema.Title == "" {
		return "the JSON Schema"
	}
	return fmt.Sprintf("the JSON Schema %q", schema.Title)
}

// compileSchema compiles a schema that refers to nothing outside of it.
func compileSchema(source []byte) (*jsonschema.Schema, error) {
	const address = "hookrig:///schema.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("the schema is not JSON: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(address, document); err != nil {
		return nil, err
	}
	return c.Compile(address)
}

// noLoader keeps references within the schema.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("the schema refers to %s: it must have everything inside", url)
}

// leaves collects the violations at the ends of the tree of errors.
func leaves(all []fixtures.Violation, e *jsonschema.ValidationError) []fixtures.Violation {
	for _, cause := range e.Causes {
		all = leaves(all, cause)
	}
	if len(e.Causes) > 0 {
		return all
	}
	text := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	return append(all, fixtures.Violation{Pointer: jsontext.Pointer(e.InstanceLocation...), Text: text})
}

// listed returns violations, each on its own line.
func listed(violations []fixtures.Violation) string {
	var b strings.Builder
	for _, v := range violations {
		b.WriteString("\n  " + v.String())
	}
	return b.String()
}
