package fault

import (
	"fmt"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// unknownEvent gives the event a name that the provider does not have, wherever the request says
// its name.
func unknownEvent() row {
	return row{
		Kind: Kind{
			Name: "schema:unknown_event", Text: "give the event a type that does not exist, in the header lines and members that name it",
			Changes: "the name of the event", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer fails at an event type that it does not know, instead of 2xx.",
			Source: "GitHub documentation: we continue to add new event types",
		},
		groups:  []string{"schema"},
		prepare: func(_ string, r *Request) error { return r.rename("_unknown") },
	}
}

// rename adds a suffix to the event's name where the request has it: where it has the whole name
// or, if it has it nowhere, in the first place that follows from the name.
func (r *Request) rename(suffix string) error {
	headers, pointers := r.Provider.NamedAt(r.Event.Name)
	type mark struct{ header, path, text string }
	var marks []mark
	for _, name := range headers {
		if text, ok := r.Message.Headers.Lookup(name); ok {
			marks = append(marks, mark{header: name, text: text})
		}
	}
	for _, pointer := range pointers {
		path := memberPath(pointer)
		if found := gjson.GetBytes(r.Message.Body, path); found.Type == gjson.String {
			marks = append(marks, mark{path: path, text: found.Str})
		}
	}
	if len(marks) == 0 {
		return fmt.Errorf("neither a header line nor a member of the body names the event %s", r.Event.Name)
	}
	var chosen []mark
	for _, m := range marks {
		if m.text == r.Event.Name {
			chosen = append(chosen, m)
		}
	}
	if chosen == nil {
		chosen = marks[:1]
	}
	for _, m := range chosen {
		if m.header != "" {
			r.setLine(m.header, m.text+suffix)
			continue
		}
		body, err := sjson.SetBytes(r.Message.Body, m.path, m.text+suffix)
		if err != nil {
			return fmt.Errorf("change the body's member %s: %w", m.path, err)
		}
		r.setBody(body)
	}
	return nil
}
