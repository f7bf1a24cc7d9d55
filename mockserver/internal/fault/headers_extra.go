package fault

import (
	"strconv"
)

// extraHeaders adds header lines.
func extraHeaders() row {
	return row{
		Kind: Kind{
			Name: "headers:extra", Text: "add N header lines that nobody knows",
			Changes: "N more header lines", Signature: Valid,
			Finds:  "The consumer, or a proxy before it, refuses a request with more lines than it is used to.",
			Source: "RFC 9110, section 5.4: limits; Node.js allows 2000 lines, nginx 32 KiB",
		},
		arg:    number("N", "50", "how many lines are added", 1, 10_000),
		groups: []string{"extra"},
		alter: func(arg string, r *Request) error {
			for i := range count(arg, 0) {
				r.Message.Headers.Add("X-Hookrig-Extra-"+strconv.Itoa(i+1), strconv.Itoa(i+1))
			}
			return nil
		},
	}
}
