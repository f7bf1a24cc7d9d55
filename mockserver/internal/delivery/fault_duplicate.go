package delivery

import (
	"fmt"
	"strconv"
)

// maxCopies bounds duplicate.
const maxCopies = 100

// duplicate makes several deliveries of one, each with its own attempts, as a provider does that
// delivers at least once: the consumer gets the same event, id and body several times.
func duplicate() kind {
	copies := func(arg string) int {
		if arg == "" {
			return 2
		}
		n, _ := strconv.Atoi(arg)
		return n
	}
	return kind{
		FaultKind: FaultKind{Name: "duplicate", Args: "[N]", Text: "deliver the event N times in all, each with its own retries (2)"},
		check: func(arg string) error {
			if n := copies(arg); n < 2 || n > maxCopies || arg != "" && strconv.Itoa(n) != arg {
				return fmt.Errorf("want how often it is delivered in all, from 2 to %d", maxCopies)
			}
			return nil
		},
		whole:  true,
		copies: copies,
	}
}
