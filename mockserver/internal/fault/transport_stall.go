package fault

import (
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// stall stops in the middle of the body.
func stall() row {
	return cutRow("transport:stall", "send the head and AT bytes of the body, then nothing until the attempt's time limit", wire.Stall,
		"The consumer waits for the rest without a limit, or handles the part that it has.",
		"Toxiproxy, timeout; slowhttptest")
}
