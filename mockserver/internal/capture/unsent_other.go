//go:build !linux

package capture

import "net"

// unsent is unknown on this system.
func unsent(net.Conn) (n int, known bool) { return 0, false }
