//go:build !unix

package burst

import "time"

// processorTime returns how long the process has used processors; 0 is unknown.
func processorTime() time.Duration { return 0 }
