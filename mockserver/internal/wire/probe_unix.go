//go:build unix

package wire

import (
	"crypto/tls"
	"net"
	"syscall"
)

// canPeek reports whether a connection can be checked without waiting.
const canPeek = true

// probe checks a connection between two requests. It allocates only when it is created.
type probe struct {
	raw  syscall.RawConn // nil: the connection cannot be checked
	peek func(fd uintptr) bool
	one  [1]byte
	idle bool // the result of peek
}

func newProbe(conn net.Conn) *probe {
	w := &probe{}
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if transport, ok := conn.(syscall.Conn); ok {
		if raw, err := transport.SyscallConn(); err == nil {
			w.raw = raw
		}
	}
	w.peek = func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), w.one[:], syscall.MSG_PEEK)
		w.idle = err == syscall.EAGAIN
		return true
	}
	return w
}

// reusable reports whether the connection can carry another request: its peer has neither closed it
// nor sent anything, which would be read as the response to the next request. It does not wait.
func (w *probe) reusable() bool {
	w.idle = false
	return w.raw != nil && w.raw.Read(w.peek) == nil && w.idle
}
