//go:build unix

package wire

import "syscall"

// OpenFiles is how many files the process may have open, or 0 when that is not known. Go has raised it to the most that
// the system grants when the program started.
func OpenFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
