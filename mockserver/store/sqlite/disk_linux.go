package sqlite

import (
	"os"
	"syscall"
)

// allocate takes room for a file without writing to it; ok is false where that cannot be done.
func allocate(file *os.File, size int64) (ok bool, err error) {
	err = syscall.Fallocate(int(file.Fd()), 0, 0, size)
	if err == syscall.EOPNOTSUPP || err == syscall.ENOSYS { //nolint:errorlint // a system call's own
		return false, nil
	}
	return true, err
}
