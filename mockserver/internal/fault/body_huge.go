package fault

import (
	"fmt"
	"strings"
)

// huge pads the body to a size.
func huge() row {
	const name = "hookrig_padding"
	return row{
		Kind: Kind{
			Name: "body:huge", Text: "add a member with a long text, so that the body has that size",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer reads a body of any size into memory, or refuses one that the provider may send.",
			Source: "GitHub documentation, payloads up to 25 MB; clawsweeper, issue 1295",
		},
		arg:    size("SIZE", "1MB", "how large the body is"),
		groups: []string{"body"},
		prepare: func(arg string, r *Request) error {
			doc, err := r.object()
			if err != nil {
				return err
			}
			least := len(added(r.Message.Body, doc, name, `""`))
			if bytesOf(arg) < least {
				return fmt.Errorf("the body has %d bytes: want %d or more", len(r.Message.Body), least)
			}
			r.setBody(added(r.Message.Body, doc, name, `"`+strings.Repeat("x", bytesOf(arg)-least)+`"`))
			return nil
		},
	}
}
