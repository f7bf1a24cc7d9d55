//go:build !linux

package capture

import "net"

// unsent is not known here.
func unsent(net.Conn) (n int, known bool) { return 0, false }
