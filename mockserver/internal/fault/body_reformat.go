package fault

import (
	"bytes"
	"errors"
)

// reformat writes the same JSON in other bytes after the body was signed.
func reformat() row {
	return row{
		Kind: Kind{
			Name: "body:reformat", Text: "write the same JSON in other bytes, as reserialize does, after the body was signed",
			Changes: "the bytes of the body, not their meaning", Signature: Uncovered,
			Finds:  "The consumer checks the signature over JSON that it has written anew, so it takes bodies that nobody has signed.",
			Source: "Standard Webhooks, a very common failure mode; webhook-receiver-conformance, signature-after-parse",
		},
		arg:    oneOf("spaced", "pretty", "reordered", "ascii", "escaped"),
		groups: []string{"cut"},
		alter: func(arg string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			body := rewritten(arg, r.Message.Body, doc)
			if bytes.Equal(body, r.Message.Body) {
				return errors.New("the body has nothing that this writes in other bytes: choose another form")
			}
			r.setBody(body)
			return nil
		},
	}
}
