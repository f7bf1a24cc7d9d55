package matchers

import (
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/mockserver"
)

// messageOf takes the request out of what a matcher can check; bytes and strings are the body of
// one.
func messageOf(matcher string, actual any) (*mockserver.Message, error) {
	switch a := actual.(type) {
	case []byte:
		return &mockserver.Message{Body: a}, nil
	case string:
		return &mockserver.Message{Body: []byte(a)}, nil
	}
	c, err := captureOf(matcher, actual)
	return &c.Message, err
}

// captureOf takes one capture, or a message as if it had been captured.
func captureOf(matcher string, actual any) (mockserver.Capture, error) {
	switch a := actual.(type) {
	case mockserver.Capture:
		return a, nil
	case *mockserver.Capture:
		if a != nil {
			return *a, nil
		}
	case mockserver.Message:
		return mockserver.Capture{Message: a}, nil
	case *mockserver.Message:
		if a != nil {
			return mockserver.Capture{Message: *a}, nil
		}
	}
	return mockserver.Capture{}, fmt.Errorf("%s wants a journal.Capture or a wire.Message, got %T", matcher, actual)
}

// checked is a matcher of this package that knows whether it is wrong itself: a jq expression that
// cannot be read, an unknown provider.
type checked interface{ wrong() error }

// wrongOf is what is wrong with a matcher itself, as far as it can tell.
func wrongOf(m types.GomegaMatcher) error {
	if c, ok := m.(checked); ok {
		return c.wrong()
	}
	return nil
}

// nameOf names a matcher in a failure: as it was written where it knows, else by its type.
func nameOf(m types.GomegaMatcher) string {
	if s, ok := m.(fmt.Stringer); ok {
		return s.String()
	}
	name := fmt.Sprintf("%T", m)
	return "a value for " + strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "Matcher")
}
