package fault

import (
	"errors"
	"slices"

	"github.com/tidwall/gjson"
)

// duplicateKey repeats a member of the body with another value.
func duplicateKey() row {
	return row{
		Kind: Kind{
			Name: "body:duplicate_key", Text: "repeat the first member that has a text, number or boolean, with another value",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "Two parts of the consumer read different values from one body: one takes the first member, the other the last.",
			Source: "AdCP test vectors, duplicate-keys-conflicting-values; CVE-2017-12635",
		},
		groups: []string{"body"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.object()
			if err != nil {
				return err
			}
			body := r.Message.Body
			for _, m := range r.members(doc) {
				other := conflicting(m.value)
				if m.listed || other == "" {
					continue
				}
				end := m.value.Index + len(m.value.Raw)
				name := nameOf(m.path[len(m.path)-1])
				r.setBody(slices.Concat(body[:end], []byte(","+name+":"+other), body[end:]))
				return nil
			}
			return errors.New("the body has no member with a text, number or boolean")
		},
	}
}

// conflicting returns another value of the same type; "" when there is none.
func conflicting(v gjson.Result) string {
	switch v.Type {
	case gjson.True:
		return "false"
	case gjson.False:
		return "true"
	}
	spots := spotsOf(v)
	if len(spots) == 0 {
		return ""
	}
	raw := []byte(v.Raw)
	tamper(raw, spots[len(spots)-1]-v.Index)
	return string(raw)
}
