package fault

import (
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// reset resets the connection in the middle of the body, or at its end: then the consumer has the
// whole request, and the sender never sees the response.
func reset() row {
	r := cutRow("transport:reset", "send the head and AT bytes of the body, or all of it with end, then reset the connection", wire.Reset,
		"The consumer handles a part of a body, or keeps what belongs to a connection that has ended.",
		"Toxiproxy, reset_peer; WireMock, CONNECTION_RESET_BY_PEER")
	r.arg = offsetOrEnd()
	return r
}
