package fault

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// tamperedID changes the event's id after the message was signed.
func tamperedID() row {
	return row{
		Kind: Kind{
			Name: "id:tampered", Text: "change the last letter or digit of the event's id after it was signed",
			Changes: "the event's id", Signature: Invalid,
			Finds:  "The consumer does not check that the id is the one that was signed, so that a recorded event comes again as a new one.",
			Source: "Standard Webhooks: the id, the time and the body are signed together",
		},
		groups: []string{"id"},
		alter:  func(_ string, r *Request) error { return r.tamperSlot(idSlot, r.identified, alphanumeric) },
	}
}

// idSlot is the placeholder of the event's id in a scheme.
var idSlot = regexp.MustCompile(`\$\{\s*id\s*(\|[^}]*)?\}`)

// identified returns an error when the signature has no id.
func (r *Request) identified() error {
	if err := r.signed(); err != nil {
		return err
	}
	for _, s := range r.scheme.Signatures {
		if slices.ContainsFunc(s.Emit, func(e signature.Emit) bool { return idSlot.MatchString(e.Value) }) {
			return nil
		}
	}
	return fmt.Errorf("the signature scheme of %s has no id", r.Provider.Name)
}
