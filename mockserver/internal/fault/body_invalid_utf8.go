package fault

import (
	"errors"
	"slices"

	"github.com/tidwall/gjson"
)

// invalidUTF8 puts a byte that no UTF-8 text has into a text of the body.
func invalidUTF8() row {
	return row{
		Kind: Kind{
			Name: "body:invalid_utf8", Text: "put the byte 0xff, which no UTF-8 text has, into the first text of the body",
			Changes: "one byte of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer decodes the body before it checks the signature, or answers such a text with a 5xx.",
			Source: "RFC 8259, section 8.1; GitHub documentation, handle the payload as UTF-8",
		},
		groups: []string{"body"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			for _, m := range r.members(doc) {
				if spots := spotsOf(m.value); m.value.Type == gjson.String && len(spots) > 0 {
					body := slices.Clone(r.Message.Body)
					body[spots[0]] = 0xff
					r.setBody(body)
					return nil
				}
			}
			return errors.New("the body has no text that could be changed")
		},
	}
}
