package fault

import (
	"github.com/tidwall/gjson"
)

// unknownField adds a member that the schema does not have.
func unknownField() row {
	return row{
		Kind: Kind{
			Name: "schema:unknown_field", Text: "add a member that the schema does not have, at the top of the body",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer refuses an event because of a member that it does not know.",
			Source: "GitHub documentation: new members may be added; Stripe API, backward-compatible changes",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.addMember(func(doc gjson.Result) gjson.Result { return doc }, "hookrig_unknown", `"new"`)
		},
	}
}
