package fault

import (
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// halfClose closes the sending side of the connection after the request.
func halfClose() row {
	return row{
		Kind: Kind{
			Name: "transport:half_close", Text: "close the sending side of the connection after the request, and wait for the response",
			Changes: "the end of the connection", Signature: Valid,
			Finds:  "The consumer takes the end of the request's side for a client that has closed the connection, and drops the event.",
			Source: "RFC 9112, section 9.6; nginx, proxy_ignore_client_abort",
		},
		groups: []string{"ending"},
		alter: func(_ string, r *Request) error {
			r.Manner.End = wire.HalfClose
			return nil
		},
	}
}
