//go:build !linux

package wire

import "net"

// Unsent is unknown on this system.
func Unsent(net.Conn) (n int, known bool) { return 0, false }
