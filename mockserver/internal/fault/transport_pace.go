package fault

import "errors"

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

// split sends the body in two parts.
func split() row {
	return row{
		Kind: Kind{
			Name: "transport:split", Text: "send in two parts, the second after AT bytes of the body and 50 ms",
			Changes: "the packets that the request comes in", Signature: Valid,
			Finds:  "The consumer decodes each part by itself, which garbles a letter that is cut in two, or takes the first part for all.",
			Source: "screwdriver, issue 3381",
		},
		arg:    offset(),
		groups: []string{"pace"},
		alter: func(arg string, r *Request) error {
			at, err := within(arg, r)
			if err == nil && at == len(r.Message.Body) {
				err = errors.New("the body ends there: nothing is left for the second part")
			}
			r.Manner.Pauses = []int{at}
			return err
		},
	}
}

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
