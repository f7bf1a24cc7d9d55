package fault

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// beyondASCII are letters of two, three and four bytes in UTF-8; the last is two units in UTF-16.
const beyondASCII = "Zürich / 東京 🙂 "

// unicodeText puts letters beyond ASCII into a text of the body.
func unicodeText() row {
	return row{
		Kind: Kind{
			Name: "body:unicode", Text: "put letters beyond ASCII into the first text with a space, or into a new member without one, as UTF-8",
			Changes: "a text of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer decodes the body with another charset before it checks the signature, or counts letters instead of bytes.",
			Source: "GitHub documentation, handle the payload as UTF-8; AdCP test vectors, unicode-*",
		},
		groups: []string{"letters"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.object()
			if err != nil {
				return err
			}
			for _, m := range r.members(doc) {
				if m.value.Type == gjson.String && strings.Contains(m.value.Str, " ") {
					at := m.value.Index + 1
					r.setBody(slices.Concat(r.Message.Body[:at], []byte(beyondASCII), r.Message.Body[at:]))
					return nil
				}
			}
			r.setBody(added(r.Message.Body, doc, "note", `"`+strings.TrimSpace(beyondASCII)+`"`))
			return nil
		},
	}
}
