package matchers

import (
	"fmt"

	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// bodyOf takes the body out of what a matcher can judge.
func bodyOf(matcher string, actual any) ([]byte, error) {
	switch a := actual.(type) {
	case []byte:
		return a, nil
	case string:
		return []byte(a), nil
	}
	c, err := captureOf(matcher, actual)
	return c.Body, err
}

// captureOf takes one capture, or a message as if it had been captured.
func captureOf(matcher string, actual any) (journal.Capture, error) {
	switch a := actual.(type) {
	case journal.Capture:
		return a, nil
	case *journal.Capture:
		if a != nil {
			return *a, nil
		}
	case wire.Message:
		return journal.Capture{Message: a}, nil
	case *wire.Message:
		if a != nil {
			return journal.Capture{Message: *a}, nil
		}
	}
	return journal.Capture{}, fmt.Errorf("%s wants a journal.Capture or a wire.Message, got %T", matcher, actual)
}
