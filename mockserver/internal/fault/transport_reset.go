package fault

import (
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// reset resets the connection in the middle of the body.
func reset() row {
	return cutRow("transport:reset", "send the head and AT bytes of the body, then reset the connection", wire.Reset,
		"The consumer handles a part of a body, or keeps what belongs to a connection that has ended.",
		"Toxiproxy, reset_peer; WireMock, CONNECTION_RESET_BY_PEER")
}
