package fault

import (
	"errors"
	"slices"
)

// byteOrderMark begins the body with the byte order mark of UTF-8.
func byteOrderMark() row {
	return row{
		Kind: Kind{
			Name: "body:bom", Text: "begin the body with a byte order mark (EF BB BF)",
			Changes: "three bytes before the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer strips the mark before it checks the signature, or answers with a 5xx.",
			Source: "RFC 8259, section 8.1: a mark must not be added, and may be ignored",
		},
		groups:  []string{"body"},
		prepare: func(_ string, r *Request) error { return r.surround("\xef\xbb\xbf", "") },
	}
}

// trailingNewline ends the body with a line end.
func trailingNewline() row {
	return row{
		Kind: Kind{
			Name: "body:trailing_newline", Text: "end the body with a line end",
			Changes: "one byte after the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer trims the body before it checks the signature.",
			Source: "AdCP test vectors, trailing-newline",
		},
		groups:  []string{"body"},
		prepare: func(_ string, r *Request) error { return r.surround("", "\n") },
	}
}

func (r *Request) surround(before, after string) error {
	if len(r.Message.Body) == 0 {
		return errors.New("the body is empty")
	}
	r.setBody(slices.Concat([]byte(before), r.Message.Body, []byte(after)))
	return nil
}
