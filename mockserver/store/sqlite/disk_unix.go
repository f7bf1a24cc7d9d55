//go:build linux || darwin

package sqlite

import "syscall"

// freeBytes returns the free space of the file system of a folder.
func freeBytes(dir string) (bytes int64, known bool) {
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
