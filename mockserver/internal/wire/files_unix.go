//go:build unix

package wire

import "syscall"

// OpenFiles returns how many files the process may have open, or 0 when that is unknown. Go raises
// it at the program's start to the most that the system allows.
func OpenFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
