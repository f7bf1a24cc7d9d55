package fault

import "errors"

// otherBody sends the body of another event after the message was signed.
func otherBody() row {
	return row{
		Kind: Kind{
			Name: "body:other_event", Text: "send the body of another event of this type, with the header lines and the signature of this one",
			Changes: "the body", Signature: Uncovered,
			Finds:  "The consumer looks up a signature that it has seen before, instead of computing it over this body.",
			Source: "Standard Webhooks: the id, the time and the body are signed together",
		},
		groups: []string{"cut"},
		alter: func(_ string, r *Request) error {
			other, err := r.otherEvent()
			if err != nil {
				return err
			}
			if string(other.Body) == string(r.Message.Body) {
				return errors.New("another event of this type has the same body")
			}
			r.setBody(other.Body)
			return nil
		},
	}
}
