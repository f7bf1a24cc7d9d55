package fault

import "slices"

// malformed spoils the syntax of the body: its last bracket is of another kind, which no parser
// takes.
func malformed() row {
	return row{
		Kind: Kind{
			Name: "body:malformed", Text: "spoil the JSON: the last bracket is of another kind",
			Changes: "the last byte of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer answers a body that it cannot parse with a 5xx, so that the provider sends it again and again.",
			Source: "reqpour.com; 400 is for what no retry mends",
		},
		groups: []string{"body"},
		prepare: func(_ string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			body := slices.Clone(r.Message.Body)
			end := doc.Index + len(doc.Raw) - 1
			switch body[end] {
			case '}':
				body[end] = ']'
			case ']':
				body[end] = '}'
			default:
				body[end] = '{' // a number, a text or a word
			}
			r.setBody(body)
			return nil
		},
	}
}
