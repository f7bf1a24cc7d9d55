package wire

import (
	"net"
	"syscall"
	"unsafe"
)

// Unsent returns how many bytes written to a connection its peer has not acknowledged yet: tcp(7),
// SIOCOUTQ.
func Unsent(socket net.Conn) (n int, known bool) {
	tcp, ok := socket.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return 0, false
	}
	var count int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&count)))
	})
	return int(count), err == nil && errno == 0
}
