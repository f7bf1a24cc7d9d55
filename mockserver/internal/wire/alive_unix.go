//go:build unix

package wire

import (
	"crypto/tls"
	"net"
	"syscall"
)

// canLook says whether a connection can be looked at without waiting.
const canLook = true

// watch looks at a connection between two requests. It allocates nothing after it was made.
type watch struct {
	raw  syscall.RawConn // nil: it cannot be looked at
	look func(fd uintptr) bool
	one  [1]byte
	idle bool // what look saw
}

func newWatch(conn net.Conn) *watch {
	w := &watch{}
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if transport, ok := conn.(syscall.Conn); ok {
		if raw, err := transport.SyscallConn(); err == nil {
			w.raw = raw
		}
	}
	w.look = func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), w.one[:], syscall.MSG_PEEK)
		w.idle = err == syscall.EAGAIN
		return true
	}
	return w
}

// quiet says whether the connection can carry another request: its peer has neither closed it nor sent anything, which would be taken for
// the response to the next request. It looks without waiting.
func (w *watch) quiet() bool {
	w.idle = false
	return w.raw != nil && w.raw.Read(w.look) == nil && w.idle
}
