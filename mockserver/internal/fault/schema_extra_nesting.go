package fault

import (
	"github.com/tidwall/gjson"
)

// extraNesting adds an unknown member that holds objects and lists, inside an object of the body.
func extraNesting() row {
	return row{
		Kind: Kind{
			Name: "schema:extra_nesting", Text: "add a member that holds objects and lists in each other, inside the first object of the body",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer takes every member of an object for a plain value, as when it fills the columns of a table.",
			Source: "Stripe API, backward-compatible changes",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.addMember(func(doc gjson.Result) gjson.Result {
				inner := doc
				doc.ForEach(func(_, value gjson.Result) bool {
					if value.IsObject() {
						inner = value
					}
					return !value.IsObject()
				})
				return inner
			}, "hookrig_nested", `{"list":[{"inner":{"list":[1,null,"x"]}}]}`)
		},
	}
}
