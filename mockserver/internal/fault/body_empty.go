package fault

import "errors"

// emptyBody sends no body.
func emptyBody() row {
	return row{
		Kind: Kind{
			Name: "body:empty", Text: "send an empty body",
			Changes: "the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer crashes on a body that is empty, or takes it for an event.",
			Source: "AdCP test vectors, empty-body",
		},
		groups: []string{"body", "schema", "cut"},
		prepare: func(_ string, r *Request) error {
			if len(r.Message.Body) == 0 {
				return errors.New("a good delivery has no body either")
			}
			r.setBody(nil)
			return nil
		},
	}
}
