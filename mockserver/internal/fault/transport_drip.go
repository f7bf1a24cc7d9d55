package fault

// drip sends the body slowly.
func drip() row {
	return row{
		Kind: Kind{
			Name: "transport:drip", Text: "send the head, then the body at that many bytes a second, until the attempt's time limit",
			Changes: "the time that the body takes", Signature: Valid,
			Finds:  "A slow sender keeps a worker of the consumer busy, so that other deliveries wait.",
			Source: "WireMock, chunkedDribbleDelay; Toxiproxy, bandwidth",
		},
		arg:    size("RATE", "100", "how many bytes are sent in a second"),
		groups: []string{"pace"},
		alter: func(arg string, r *Request) error {
			r.Manner.Rate = bytesOf(arg)
			return nil
		},
	}
}
