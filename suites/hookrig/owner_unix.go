//go:build unix

package hookrig

import (
	"fmt"
	"io/fs"
	"syscall"
)

// owner returns the user and group that own a folder, as a container runs as them; the one given
// if they are not known.
func owner(info fs.FileInfo, given string) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d:%d", stat.Uid, stat.Gid)
	}
	return given
}
