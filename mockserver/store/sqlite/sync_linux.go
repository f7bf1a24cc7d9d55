package sqlite

import (
	"os"
	"syscall"
)

// syncData makes the content of a file durable, whose length has not changed.
func syncData(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		for failed = syscall.EINTR; failed == syscall.EINTR; { //nolint:errorlint // never wrapped
			failed = syscall.Fdatasync(int(fd))
		}
	}); err != nil {
		return err
	}
	return failed
}
