package fault

import (
	"errors"
	"strings"
)

// dropHeader leaves out a header line.
func dropHeader() row {
	return row{
		Kind: Kind{
			Name: "headers:drop", Text: "leave out a header line",
			Changes: "one header line", Signature: Uncovered,
			Finds:  "The consumer fails with a 5xx without a line that is optional, or does without one that it needs.",
			Source: "CloudEvents, HTTP 1.1 Web Hooks: Content-Type; AdCP rejection vectors",
		},
		arg: lineName("Content-Type"),
		alter: func(arg string, r *Request) error {
			if strings.EqualFold(arg, "Content-Length") || strings.EqualFold(arg, "Transfer-Encoding") {
				return errors.New("without it the request ends elsewhere: use transport:chunked")
			}
			if _, err := r.line(arg); err != nil {
				return err
			}
			for _, at := range places(r.scheme) {
				if strings.EqualFold(at.header, arg) {
					return errors.New("it is the signature: use signature:missing")
				}
			}
			r.Message.Headers.Del(arg)
			return nil
		},
	}
}
