//go:build !unix

package wire

import "net"

// canPeek reports whether a connection can be checked without waiting.
const canPeek = false

// watch does nothing on this system.
type watch struct{}

func newWatch(net.Conn) *watch { return &watch{} }

// reusable is unknown on this system, so idle connections are never reused: a request written to a
// dead connection could not be distinguished from one that was received.
func (*watch) reusable() bool { return false }
