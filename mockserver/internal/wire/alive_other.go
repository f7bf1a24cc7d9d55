//go:build !unix

package wire

import "net"

// canLook says whether a connection can be looked at without waiting.
const canLook = false

// watch is nothing here.
type watch struct{}

func newWatch(net.Conn) *watch { return &watch{} }

// quiet is not known here. No idle connection is used again: a request written to a dead connection could not be told
// from one that was received.
func (*watch) quiet() bool { return false }
