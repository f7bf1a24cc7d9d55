package fault

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
