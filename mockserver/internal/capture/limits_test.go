package capture

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A sender that is too slow gets a 408, and the bytes received are recorded; one that sends nothing
// gets no response.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	const none, soon = time.Hour, 5 * time.Millisecond
	for _, tt := range []struct {
		name, raw string
		limits    limits
		want      string // the problem recorded
		body      string
	}{
		{"head", "POST /b HTTP/1.1\r\nHost: x\r\nX-", limits{idle: none, head: soon, body: none}, "aborted: the head was incomplete in time", ""},
		{"body", "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", limits{idle: none, head: none, body: soon}, "aborted: 3 of 9 bytes of the body arrived in time", "abc"},
		{
			"chunk", "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
			limits{idle: none, head: none, body: soon},
			"aborted: 2 bytes of the chunked body arrived in time", "ab",
		},
		{"nothing", "", limits{idle: soon, head: none, body: none}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			store := journal.NewMemory(journal.MemoryOptions{})
			defer store.Close()
			s, err := Start(t.Context(), Options{Store: store})
			if err != nil {
				t.Fatal(err)
			}
			tt.limits.write, tt.limits.linger, tt.limits.quiet = none, none, none
			// nothing was accepted yet, and nothing will be: the connection belongs to the test
			s.limits = tt.limits
			ours, theirs := net.Pipe()
			defer theirs.Close()
			s.admit(ours)
			if _, err := io.WriteString(theirs, tt.raw); err != nil {
				t.Fatal(err)
			}
			response, err := io.ReadAll(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			all, err := store.Captures(t.Context(), journal.CaptureQuery{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if len(response) > 0 || len(all) > 0 {
					t.Errorf("response %q, captures %+v", response, all)
				}
				return
			}
			if !strings.HasPrefix(string(response), "HTTP/1.1 408 ") || len(all) != 1 || all[0].Problems[0] != tt.want || string(all[0].Body) != tt.body {
				t.Errorf("response %q, captures %+v", response, all)
			}
		})
	}
}
