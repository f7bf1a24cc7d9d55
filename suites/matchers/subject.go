package matchers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// Bin is what HaveReceived, HaveReceivedInOrder and FollowSchedule poll: *mockserver.Bin is one. If
// it has the method Stats of that type, they notice when captures were evicted.
type Bin interface {
	// Captures returns the captures that the bin has, oldest first.
	Captures(ctx context.Context) ([]mockserver.Capture, error)
}

// fetchLimit is the time limit for reading the captures of a bin, or a delivery.
const fetchLimit = 10 * time.Second

// capturesOf takes the captures of a bin, or the requests of a list. is is false if there are none
// in actual.
func capturesOf(actual any) (list []mockserver.Capture, is bool, err error) {
	if isNil(actual) {
		return nil, false, nil
	}
	switch a := actual.(type) {
	case Bin:
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		defer cancel()
		list, err = a.Captures(ctx)
		return list, true, err
	case []mockserver.Capture:
		return a, true, nil
	case []mockserver.Message:
		for _, m := range a {
			list = append(list, mockserver.Capture{Message: m})
		}
		return list, true, nil
	}
	c, err := captureOf("", actual)
	return []mockserver.Capture{c}, err == nil, nil
}

// receivedBy is capturesOf for a matcher that takes nothing else.
func receivedBy(matcher string, actual any) ([]mockserver.Capture, error) {
	list, is, err := capturesOf(actual)
	if !is {
		return nil, fmt.Errorf("%s wants a bin, captures or messages, got %s", matcher, typeOf(actual))
	}
	return list, err
}

// missingFrom returns an error if a bin evicted captures, so that nobody can tell how many arrived.
func missingFrom(actual any) error {
	bin, ok := actual.(interface {
		Stats(ctx context.Context) (mockserver.BinStats, error)
	})
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
	defer cancel()
	stats, err := bin.Stats(ctx)
	if err != nil || stats.Evicted == 0 {
		return err
	}
	return fmt.Errorf("%s evicted %s to make room, so what it received cannot be told: keep more (Limits.PerBin of the store, serve --keep-captures), or use a new bin for each test",
		nameOfSubject(actual), plural(int(stats.Evicted), "capture"))
}

// nameOfSubject names a bin or a list of captures.
func nameOfSubject(actual any) string {
	if named, ok := actual.(interface{ Name() string }); ok {
		return "bin " + named.Name()
	}
	return "the captures"
}

// messageOf takes the request out of what a condition can check. A string or bytes are the body of
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

// captureOf takes one capture, or a message or an attempt as if it had been captured.
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
	case mockserver.Attempt:
		return mockserver.Capture{Message: a.Sent, At: a.At}, nil
	case *mockserver.Attempt:
		if a != nil {
			return mockserver.Capture{Message: a.Sent, At: a.At}, nil
		}
	}
	return mockserver.Capture{}, fmt.Errorf("%s wants a mockserver.Capture, Message or Attempt, got %s", matcher, typeOf(actual))
}

// typeOf names the type of a value as tests write it.
func typeOf(v any) string {
	if v == nil {
		return "nil"
	}
	name := fmt.Sprintf("%T", v)
	for public, record := range map[string]any{
		"mockserver.Capture": mockserver.Capture{}, "mockserver.Message": mockserver.Message{}, "mockserver.Waited": mockserver.Waited{},
		"mockserver.Delivery": mockserver.Delivery{}, "mockserver.Attempt": mockserver.Attempt{}, "mockserver.AttemptResponse": mockserver.AttemptResponse{},
	} {
		name = strings.ReplaceAll(name, fmt.Sprintf("%T", record), public)
	}
	if name = strings.ReplaceAll(name, "interface {}", "any"); isNil(v) {
		return "a nil " + name
	}
	return name
}

// deliveryOf takes a delivery. ok is false if it is none.
func deliveryOf(actual any) (d *mockserver.Delivery, ok bool) {
	switch a := actual.(type) {
	case mockserver.Delivery:
		return &a, true
	case *mockserver.Delivery:
		return a, a != nil
	}
	return nil, false
}
