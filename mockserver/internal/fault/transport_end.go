package fault

import (
	"errors"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// stall stops in the middle of the body.
func stall() row {
	return cutRow("transport:stall", "send the head and AT bytes of the body, then nothing until the attempt's time limit", wire.Stall,
		"The consumer waits for the rest without a limit, or handles the part that it has.",
		"Toxiproxy, timeout; slowhttptest")
}

// reset resets the connection in the middle of the body.
func reset() row {
	return cutRow("transport:reset", "send the head and AT bytes of the body, then reset the connection", wire.Reset,
		"The consumer handles a part of a body, or keeps what belongs to a connection that has ended.",
		"Toxiproxy, reset_peer; WireMock, CONNECTION_RESET_BY_PEER")
}

// cutRow is the row of a fault that sends a part of the body. The journal has that part.
func cutRow(name, text string, end wire.End, finds, source string) row {
	return row{
		Kind: Kind{
			Name: name, Text: text, Changes: "where the request ends", Signature: Uncovered, Finds: finds, Source: source,
		},
		arg:    offset(),
		groups: []string{"ending", "chunks or cut"},
		alter: func(arg string, r *Request) error {
			at, err := within(arg, r)
			if err == nil && end == wire.Stall && at == len(r.Message.Body) {
				err = errors.New("the body ends there: nothing is left to wait for")
			}
			r.Message.Body = r.Message.Body[:at] // Content-Length stays
			r.Manner.End = end
			return err
		},
	}
}

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

// badTLS spoils the TLS handshake.
func badTLS() row {
	return row{
		Kind: Kind{
			Name: "transport:bad_tls", Text: "spoil the end of the TLS handshake, so that nothing is sent",
			Changes: "the TLS handshake", Signature: Unsent,
			Finds:  "The consumer, or what ends TLS before it, keeps a connection whose handshake has failed.",
			Source: "RFC 8446, section 4.4.4: decrypt_error or bad_record_mac",
		},
		groups: []string{"framing", "interim", "pace", "ending", "coding"},
		alter: func(_ string, r *Request) error {
			if !strings.HasPrefix(strings.ToLower(r.URL), "https:") {
				return errors.New("the endpoint's URL is not https")
			}
			r.Manner.BreakTLS = true
			return nil
		},
	}
}
