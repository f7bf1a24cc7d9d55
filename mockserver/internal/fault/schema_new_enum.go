package fault

import (
	"github.com/tidwall/gjson"
)

// newEnum gives a member a value that its enumeration does not have.
func newEnum() row {
	return row{
		Kind: Kind{
			Name: "schema:new_enum", Text: "give the first member whose values are listed in the schema one that is not",
			Changes: "one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer fails at a value that was added later, such as a new status.",
			Source: "Stripe API, backward-compatible changes: new values",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.changeMember("has a list of values", func(m *member) []byte {
				if body := replaced(r.Message.Body, m.value, `"hookrig_new"`); m.value.Type == gjson.String && r.violates(body, "enum", m.pointer()) {
					return body
				}
				return nil
			})
		},
	}
}
