//go:build !unix

package wire

import "net"

// canPeek reports whether a connection can be checked without waiting.
const canPeek = false

// probe does nothing on this system.
type probe struct{}

func newProbe(net.Conn) *probe { return &probe{} }

// reusable is unknown on this system, so idle connections are never reused: a request written to a
// dead connection could not be distinguished from one that was received.
func (*probe) reusable() bool { return false }
