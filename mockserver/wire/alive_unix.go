//go:build unix

package wire

import (
	"crypto/tls"
	"net"
	"syscall"
)

// alive says whether an idle connection can carry another request: its peer has neither closed it nor sent
// anything. It looks without waiting.
func alive(conn net.Conn) bool {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	transport, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := transport.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		quiet = err == syscall.EAGAIN
		return true
	})
	return err == nil && quiet
}
