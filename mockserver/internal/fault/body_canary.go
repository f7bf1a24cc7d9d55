package fault

import (
	"errors"
)

// canary adds a member with an e-mail address that nobody has.
func canary() row {
	return row{
		Kind: Kind{
			Name: "body:canary", Text: "add a member with the address canary@hookrig.example to the body, or to the first element of a list",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer writes personal data of events where it does not belong, such as into an answer or a log.",
			Source: "webhook-receiver-conformance, redaction canary",
		},
		groups: []string{"canary"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			if doc.IsArray() {
				doc = doc.Get("0")
			}
			if !doc.IsObject() {
				return errors.New("the body is no JSON object, and no list of them")
			}
			r.setBody(added(r.Message.Body, doc, "contact", `"canary@hookrig.example"`))
			return nil
		},
	}
}
