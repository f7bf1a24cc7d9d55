package fault

import (
	"strconv"

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

// missingRequired leaves out a member that the schema requires.
func missingRequired() row {
	return row{
		Kind: Kind{
			Name: "schema:missing_required", Text: "leave out the first member that the schema requires",
			Changes: "one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer crashes with a 5xx on an event that it cannot use, so that the provider sends it again and again.",
			Source: "AdCP test vectors, 007: the signature is right, the schema fails later",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.changeMember("is required", func(m *member) []byte {
				if body, err := without(r.Message.Body, m); err == nil && !m.listed && r.violates(body, "required", "") {
					return body
				}
				return nil
			})
		},
	}
}

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

// typeChange sends a member as another type: a number or boolean as text, or a text as a number.
func typeChange() row {
	return row{
		Kind: Kind{
			Name: "schema:type_change", Text: "send the first number as text; without one the first boolean as text, or the first text as a number",
			Changes: "the type of one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer crashes with a 5xx on a value of another type, instead of refusing or converting it.",
			Source: "JSON numbers that are text later: large ids in JavaScript",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			var err error
			for _, types := range [][]gjson.Type{{gjson.Number}, {gjson.True, gjson.False}, {gjson.String}} {
				err = r.changeMember("has one type only", func(m *member) []byte {
					other := strconv.Quote(m.value.Raw)
					if m.value.Type == gjson.String {
						other = "7"
					}
					if body := replaced(r.Message.Body, m.value, other); isOne(m.value.Type, types) && r.violates(body, "type", m.pointer()) {
						return body
					}
					return nil
				})
				if err == nil {
					return nil
				}
			}
			return err
		},
	}
}

func isOne(t gjson.Type, of []gjson.Type) bool {
	for _, one := range of {
		if t == one {
			return true
		}
	}
	return false
}
