package fault

import (
	"github.com/tidwall/gjson"
)

// nullOptional sets a member to null that may be null, or may be left out.
func nullOptional() row {
	return row{
		Kind: Kind{
			Name: "schema:null_optional", Text: "set the first member to null that may be null or left out",
			Changes: "one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer reads a member that may be null without asking whether it is.",
			Source: "Stripe API, nullable attributes",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			null := func(m *member) []byte { return replaced(r.Message.Body, m.value, "null") }
			const what = "may be null or left out, and is not"
			err := r.changeMember(what, func(m *member) []byte {
				if body := null(m); m.value.Type != gjson.Null && !m.listed && len(r.violations(body)) == 0 {
					return body
				}
				return nil
			})
			if err == nil {
				return nil
			}
			return r.changeMember(what, func(m *member) []byte {
				if body, err := without(r.Message.Body, m); err == nil && m.value.Type != gjson.Null && !m.listed && len(r.violations(body)) == 0 {
					return null(m)
				}
				return nil
			})
		},
	}
}
