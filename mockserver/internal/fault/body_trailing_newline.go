package fault

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
