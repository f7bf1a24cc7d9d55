package capture_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// gate is a store that delays appends until the test releases them.
type gate struct {
	journal.Store
	arrived chan string   // the target of each delayed append
	through chan struct{} // each value releases one append
}

func (g *gate) AppendCapture(ctx context.Context, c *journal.Capture) error {
	g.arrived <- c.Target
	<-g.through
	return g.Store.AppendCapture(ctx, c)
}

func TestStoredBeforeTheFirstByteOfTheResponse(t *testing.T) {
	t.Parallel()
	g := &gate{arrived: make(chan string), through: make(chan struct{})}
	s, store := start(t, func(o *capture.Options) {
		g.Store = o.Store
		o.Store = g
	})
	configure(t, s, "b", capture.Settings{Responses: script("turn")})
	for i := range 5 {
		c := dial(t, s)
		target := fmt.Sprintf("/b/%d", i)
		write(t, c, "POST "+target+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
		if got := <-g.arrived; got != target {
			t.Fatalf("%s is being stored, want %s", got, target)
		}
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%d bytes of the response before the capture was stored, %v", n, err)
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		g.through <- struct{}{}
		resp := responses(t, c, "POST", 1)[0]
		got, err := store.Capture(t.Context(), resp.Header.Get("Hookrig-Capture"))
		if err != nil || got.Target != target || got.Response == nil || got.Response.Body != "turn" {
			t.Fatalf("the capture that the response names: %+v, %v", got, err)
		}
	}
}

// broken is a store that rejects everything.
type broken struct {
	journal.Store
	err error
}

func (b broken) AppendCapture(context.Context, *journal.Capture) error { return b.err }

func TestUnstoredRequestsAreNotAccepted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("disk: %w", journal.ErrFull), "507"},
		{fmt.Errorf("no server: %w", journal.ErrUnavailable), "503"},
		{errors.New("broken"), "500"},
		{journal.ErrClosed, "500"},
	} {
		s, _ := start(t, func(o *capture.Options) { o.Store = broken{o.Store, tt.err} })
		configure(t, s, "b", capture.Settings{Responses: script("accepted")})
		response := send(t, s, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
		if status(response) != tt.want || strings.Contains(response, "Hookrig-Capture") || strings.Contains(response, "accepted") {
			t.Errorf("%v: response %q, want %s", tt.err, response, tt.want)
		}
		if got := s.Counts(); got != (capture.Counts{Unstored: 1}) {
			t.Errorf("%v: counts %+v", tt.err, got)
		}
	}
}
