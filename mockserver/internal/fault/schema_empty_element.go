package fault

import (
	"errors"
	"slices"
)

// emptyElement adds an element without members to a list of events.
func emptyElement() row {
	return row{
		Kind: Kind{
			Name: "schema:empty_element", Text: "add an element without members at the beginning of a body that is a list",
			Changes: "one more element of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer fails at one element of a list with a 5xx, so that the good ones come again and again.",
			Source: "SendGrid documentation, Event Webhook: a request has a list of events",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			if !doc.IsArray() {
				return errors.New("the body is no list")
			}
			element := "{}"
			if len(doc.Array()) > 0 {
				element += ","
			}
			at := doc.Index + 1
			r.setBody(slices.Concat(r.Message.Body[:at], []byte(element), r.Message.Body[at:]))
			return nil
		},
	}
}
