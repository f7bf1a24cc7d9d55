package sqlite

import (
	"os"
	"syscall"
)

// allocate allocates disk space for a file without writing to it. It returns false if the file
// system cannot do that.
func allocate(file *os.File, size int64) (ok bool, err error) {
	err = syscall.Fallocate(int(file.Fd()), 0, 0, size)
	if err == syscall.EOPNOTSUPP || err == syscall.ENOSYS { //nolint:errorlint // never wrapped
		return false, nil
	}
	return true, err
}
