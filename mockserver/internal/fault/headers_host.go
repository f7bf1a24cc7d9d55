package fault

import (
	"errors"

	"golang.org/x/net/http/httpguts"
)

// host sends another Host line.
func host() row {
	return row{
		Kind: Kind{
			Name: "headers:host", Text: "send another Host line, as a proxy does that passes requests on to the consumer",
			Changes: "the Host line", Signature: Valid,
			Finds:  "The consumer puts the signed URL together from the Host line, which behind a proxy is not that of the URL that was registered.",
			Source: "webhook-skills, Twilio and Square: the URL as it was registered is signed",
		},
		arg: argument{"HOST", "consumer.internal", func(arg string) error {
			if arg == "" || !httpguts.ValidHostHeader(arg) {
				return errors.New("want a host, as in headers:host:consumer.internal")
			}
			return nil
		}},
		alter: func(arg string, r *Request) error {
			r.setLine("Host", arg)
			return nil
		},
	}
}
