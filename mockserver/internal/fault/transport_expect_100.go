package fault

// expect100 waits for 100 Continue before it sends the body.
func expect100() row {
	return row{
		Kind: Kind{
			Name: "transport:expect_100", Text: "send the head with Expect: 100-continue, and the body after 100 Continue or one second",
			Changes: "one more header line, and the time of the body", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, answers 417 or lets the provider wait.",
			Source: "RFC 9110, section 10.1.1; curl does so with large bodies",
		},
		groups: []string{"interim"},
		alter: func(_ string, r *Request) error {
			r.Message.Headers.Add("Expect", "100-continue")
			r.Manner.Continue = true
			return nil
		},
	}
}
