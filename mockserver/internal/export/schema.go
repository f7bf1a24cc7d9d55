package export

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/drift"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// schemaFormat returns the format of a JSON Schema for all bodies.
func schemaFormat() Format {
	return Format{
		Name: "schema", Text: "a JSON Schema of the bodies, inferred for each event, to check later bodies",
		MediaType: "application/schema+json", Extension: ".schema.json", Many: true, write: writeSchema,
	}
}

// maxEvents bounds how many events a schema distinguishes.
const maxEvents = 200

// writeSchema writes one schema with a definition for each event. A body is valid if it matches one
// of them. A comment counts the bodies that are not JSON.
func writeSchema(w io.Writer, captures records, o *Options) error {
	shapes := map[string]*drift.Shape{}
	var names []string
	var hidden record // all redactions
	others := 0
	for c, err := range captures {
		if err != nil {
			return err
		}
		for _, secret := range c.redacted {
			if len(hidden.redacted) < maxEvents && !slices.Contains(hidden.redacted, secret) {
				hidden.redacted = append(hidden.redacted, secret)
			}
		}
		name := eventOf(&c.Capture, o.Catalogue)
		shape := shapes[name]
		if shape == nil {
			shape = &drift.Shape{}
		}
		if err := shape.Add(content.Decode(&c.Message).Bytes); err != nil {
			others++
			continue
		}
		if shapes[name] == nil {
			if len(names) == maxEvents {
				return fmt.Errorf("%w: format schema: there are more than %d different events: choose some with q or where", ErrInvalid, maxEvents)
			}
			shapes[name] = shape
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: format schema: no capture has a body that is JSON", ErrInvalid)
	}
	out := drift.Schema{Draft: drift.Draft, Title: o.Name, Defs: &drift.Fields{}}
	if others > 0 {
		out.Description = fmt.Sprintf("%d captures had bodies that are not JSON.", others)
	}
	if len(hidden.redacted) > 0 {
		out.Description = strings.TrimSpace(out.Description + " " + hidden.redactions() + ".")
	}
	for _, name := range names {
		schema := shapes[name].Schema()
		schema.Description = fmt.Sprintf("Inferred from %d bodies.", shapes[name].Seen())
		out.Defs.Put(name, schema)
		out.AnyOf = append(out.AnyOf, drift.Schema{Ref: "#/$defs/" + fragment(name)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// fragment returns a name as a step of a JSON pointer in the fragment of a URI.
func fragment(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:@!$&'()*+,;=", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// eventOf returns the name of the event in a capture: from its provider, else from a header line or
// a member of the body, else its method and path.
func eventOf(c *journal.Capture, catalogue *fixtures.Catalogue) string {
	if c.Verification != nil {
		if p, err := catalogue.Provider(c.Verification.Provider); err == nil {
			if e, ok := p.Recognise(c.Message); ok {
				return e.Name
			}
		}
	}
	for _, line := range c.Headers {
		if eventHeader.MatchString(line.Name) && line.Value != "" {
			return line.Value
		}
	}
	var named struct {
		EventName string `json:"__eventName"`
		EventType string `json:"event_type"`
		Topic     string
		Event     any
		Type      any
	}
	if json.Unmarshal(c.Body, &named) == nil {
		for _, name := range []any{named.EventName, named.EventType, named.Topic, named.Event, named.Type} {
			if name, ok := name.(string); ok && name != "" && len(name) <= 100 {
				return name
			}
		}
	}
	path, _, _ := strings.Cut(c.Target, "?")
	return c.Method + " " + path
}

// eventHeader matches the names of header lines that contain the name of the event.
var eventHeader = regexp.MustCompile(`(?i)(^|-)(event|eventname|topic|event-type|event-key|event-name)$`)
