package capture_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// serveAlone starts a server that the test closes itself.
func serveAlone(t *testing.T, store journal.Store, change ...func(*capture.Options)) *capture.Server {
	t.Helper()
	o := capture.Options{Store: store}
	for _, f := range change {
		f(&o)
	}
	s, err := capture.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A server with connections of every kind closes at once, whatever they wait for.
func TestCloseDoesNotWait(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := serveAlone(t, store)
	configure(t, s, "hang", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Hang: true}}}})
	configure(t, s, "slow", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Delay: journal.Duration(time.Minute)}}}})
	configure(t, s, "drip", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Body: "ab", Drip: journal.Duration(5 * time.Minute)}}}})

	dripping := dial(t, s)
	write(t, dripping, "POST /drip HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := dripping.Read(make([]byte, 1024)); err != nil { // the head
		t.Fatal(err)
	}
	fresh := dial(t, s)
	idle := dial(t, s)
	write(t, idle, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
	responses(t, idle, "POST", 1)
	unanswered := []net.Conn{dial(t, s), dial(t, s)}
	write(t, unanswered[0], "POST /hang HTTP/1.1\r\nHost: x\r\n\r\n")
	write(t, unanswered[1], "POST /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	for _, bin := range []string{"hang", "slow"} {
		if got, err := s.Wait(t.Context(), bin, query.Wait{Count: 1}); err != nil || !got.OK {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := s.Wait(t.Context(), "b", query.Wait{Count: 99, Timeout: journal.Duration(time.Minute)})
		waiting <- err
	}()

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-waiting; !errors.Is(err, journal.ErrClosed) {
		t.Errorf("Wait: %v", err)
	}
	for _, c := range append(unanswered, fresh, idle, dripping) {
		if back, err := io.ReadAll(c); len(back) > 0 {
			t.Errorf("read %q, %v after Close", back, err)
		}
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://")); err == nil {
		c.Close()
		t.Error("the address still accepts connections")
	}
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

// A request that is being read when the server closes is read to its end, recorded and answered.
func TestCloseLetsARequestFinish(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := serveAlone(t, store)
	c := dial(t, s)
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	if _, err := c.Read(make([]byte, 100)); err != nil { // 100 Continue: the request is under way
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close(t.Context()) }()
	for { // until it stops listening
		probe, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			break
		}
		probe.Close()
	}
	write(t, c, "body")
	resp := responses(t, c, "POST", 1)[0]
	if resp.StatusCode != 200 || !resp.Close {
		t.Errorf("status %d, Close %t", resp.StatusCode, resp.Close)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if all, err := store.Captures(t.Context(), journal.CaptureQuery{Bin: "b"}); err != nil || len(all) != 1 || string(all[0].Body) != "body" {
		t.Errorf("captures %v, %v", all, err)
	}
}

// When Close's deadline passes, the bytes received so far are recorded.
func TestCloseCutsOff(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := serveAlone(t, store)
	c := dial(t, s)
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	if _, err := c.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 connections were cut off") {
		t.Errorf("Close: %v", err)
	}
	all, err := store.Captures(t.Context(), journal.CaptureQuery{Bin: "b"})
	if err != nil || len(all) != 1 || len(all[0].Problems) != 1 || !strings.HasPrefix(all[0].Problems[0], "aborted: 0 of 4 bytes of the body arrived") {
		t.Errorf("captures %+v, %v", all, err)
	}
}
