package fault

// pipelined sends two copies in one write.
func pipelined() row {
	return row{
		Kind: Kind{
			Name: "transport:pipelined", Text: "send the request twice on one connection, without waiting for the first response",
			Changes: "that it is sent twice", Signature: Valid,
			Finds:  "The consumer loses the second of two requests, mixes the responses up, or handles the event twice.",
			Source: "RFC 9112, section 9.3.2",
		},
		groups: []string{"ending", "interim"},
		alter: func(_ string, r *Request) error {
			const copies = 2
			r.Manner.Copies = copies
			return nil
		},
	}
}
