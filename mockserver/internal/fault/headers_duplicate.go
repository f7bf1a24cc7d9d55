package fault

import (
	"slices"
)

// duplicateHeader sends a header line twice.
func duplicateHeader() row {
	return row{
		Kind: Kind{
			Name: "headers:duplicate", Text: "send a header line twice, with the same value",
			Changes: "one more header line", Signature: Uncovered,
			Finds:  "The consumer joins the two values with a comma, or reads a list where it expects a text.",
			Source: "RFC 9110, section 5.3; webhook-skills, headers that come twice",
		},
		arg: lineName("Content-Type"),
		alter: func(arg string, r *Request) error {
			i, err := r.line(arg)
			if err != nil {
				return err
			}
			r.Message.Headers = slices.Insert(r.Message.Headers, i+1, r.Message.Headers[i])
			return nil
		},
	}
}
