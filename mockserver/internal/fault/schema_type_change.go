package fault

import (
	"strconv"

	"github.com/tidwall/gjson"
)

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
