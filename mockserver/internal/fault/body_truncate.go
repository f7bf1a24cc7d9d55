package fault

import "errors"

// truncateBody cuts the body in half after it was signed. Content-Length is that of the half, so
// the request is whole.
func truncateBody() row {
	return row{
		Kind: Kind{
			Name: "body:truncate", Text: "send the first half of the signed body as if it were all",
			Changes: "the second half of the body", Signature: Uncovered,
			Finds:  "The consumer does not check the signature, or answers a body that it cannot read with a 5xx.",
			Source: "MockServer, chaos testing: truncateBodyAtFraction",
		},
		groups: []string{"cut"},
		alter: func(_ string, r *Request) error {
			if len(r.Message.Body) < 2 {
				return errors.New("the body has no half")
			}
			r.setBody(r.Message.Body[:len(r.Message.Body)/2])
			return nil
		},
	}
}
