//go:build !unix

package wire

import "net"

// alive says whether an idle connection can carry another request. Where it cannot be looked at without waiting
// none is used again: a request written to a dead connection could not be told from one that was received.
func alive(net.Conn) bool { return false }
