//go:build unix

package burst

import (
	"syscall"
	"time"
)

// processorTime returns how long the process has used processors; 0 is unknown.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
