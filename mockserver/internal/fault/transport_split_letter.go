package fault

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// splitLetter sends the body in two parts that cut a letter.
func splitLetter() row {
	return row{
		Kind: Kind{
			Name: "transport:split_letter", Text: "send in two parts, the second after 50 ms, which begins within the first letter beyond ASCII: body:unicode adds one",
			Changes: "the packets that the request comes in", Signature: Valid,
			Finds:  "The consumer decodes each part by itself, which garbles the letter, and checks the signature over the result.",
			Source: "screwdriver, issue 3381",
		},
		groups: []string{"pace"},
		alter: func(_ string, r *Request) error {
			at := bytes.IndexFunc(r.Message.Body, func(c rune) bool { return c >= utf8.RuneSelf })
			if at < 0 {
				return errors.New("the body has no letter beyond ASCII: add body:unicode")
			}
			r.Manner.Pauses = []int{at + 1}
			return nil
		},
	}
}
