package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// A forwarded capture is printed once with its response, in whatever order the updates come.
func TestShownPrintsEachResponseOnce(t *testing.T) {
	t.Parallel()
	stored := mockserver.Capture{ID: "c1", Seq: 1}
	answered := stored
	answered.Response = &mockserver.Response{Status: 418}
	for name, updates := range map[string][]*mockserver.Capture{
		"stored, then the response":       {&stored, &answered},
		"stored with the response, twice": {&answered, &answered},
		"all three":                       {&stored, &answered, &answered},
		"the response only":               {&answered},
	} {
		for _, asJSON := range []bool{true, false} {
			var out bytes.Buffer
			s := &shown{
				listenFlags: &listenFlags{asJSON: asJSON, settings: mockserver.Settings{Forward: "http://127.0.0.1:1"}},
				w:           World{Stdout: terminal.NewWriter(&out)}, unanswered: map[uint64]string{},
			}
			for _, c := range updates {
				if err := s.capture(c); err != nil {
					t.Fatal(err)
				}
			}
			if n := strings.Count(out.String(), "418"); n != 1 {
				t.Errorf("%s, JSON %v: the response was printed %d times:\n%s", name, asJSON, n, out.String())
			}
		}
	}
}
