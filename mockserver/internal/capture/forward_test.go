package capture_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// ended reports whether a request is complete. A body that is not chunked ends with the word end.
func ended(raw string) bool {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	switch {
	case strings.Contains(head, "chunked"):
		return strings.HasSuffix(body, "0\r\n\r\n")
	case strings.Contains(head, "Content-Length"):
		return strings.HasSuffix(body, "end")
	}
	return strings.HasSuffix(raw, "\r\n\r\n")
}

// consumer answers every connection with the same bytes, and sends the bytes that it received to
// the channel.
func consumer(t *testing.T, response string) (address string, got <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests := make(chan string, 10)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			var raw strings.Builder
			for !ended(raw.String()) {
				b, err := r.ReadByte()
				if err != nil {
					break
				}
				raw.WriteByte(b)
			}
			requests <- raw.String()
			_, _ = io.WriteString(c, response) // a sender of a test may have left
			c.Close()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		work.Wait()
	})
	return listener.Addr().String(), requests
}

func chunkOf(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

func forwarding(o *capture.Options) { o.Wire = &wire.Client{Dial: new(wire.Guard).Dial} }

func TestForward(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path, raw, want string // HOST stands for the consumer
	}{
		{
			"lines in order and case", "/hooks",
			"POST /f HTTP/1.1\r\nx-b: 1\r\nhost: server\r\nX-A: 2\r\nConnection: close\r\nX-B: 3\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nend",
			"POST /hooks HTTP/1.1\r\nx-b: 1\r\nhost: HOST\r\nX-A: 2\r\nX-B: 3\r\nContent-Length: 3\r\n\r\nend",
		},
		{
			"path and query go on", "/hooks/?k=1",
			"PUT /f//a%2F/../b?u=http://x&y HTTP/1.1\r\nHost: server\r\n\r\n",
			"PUT /hooks//a%2F/../b?k=1&u=http://x&y HTTP/1.1\r\nHost: HOST\r\n\r\n",
		},
		{"no path", "", "GET /f?a=1 HTTP/1.0\r\n\r\n", "GET /?a=1 HTTP/1.1\r\nHost: HOST\r\n\r\n"},
		{
			"chunked", "/",
			"POST /f HTTP/1.1\r\nHost: server\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ne\r\n2\r\nnd\r\n0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
		},
		{
			"chunks count, and no length stands beside them", "/",
			"POST /f HTTP/1.1\r\nHost: server\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
		},
		{
			"what is about the connection stays there", "/",
			"POST /f HTTP/1.1\r\nHost: server\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: X-Sig\r\nProxy-Authorization: p\r\nUpgrade: h2c\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\nX-Sig: s\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: HOST\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\n\r\n",
		},
		{
			"a transfer coding is undone", "/",
			"POST /f HTTP/1.1\r\nHost: server\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + chunkOf("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xc8\x04\x00\xac\x2a\x93\xd8\x02\x00\x00\x00") + "0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const response = "HTTP/1.1 202 Whatever\r\nX-z: 1\r\nx-A: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: then\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nProxy-Authenticate: p\r\nContent-Type: a/b\r\nContent-Length: 4\r\n\r\ndone"
			host, got := consumer(t, response)
			s, _ := start(t, forwarding)
			configure(t, s, "f", capture.Settings{Forward: "http://" + host + tt.path})
			back := send(t, s, tt.raw)
			sent := strings.ReplaceAll(tt.want, "HOST", host)
			sent = strings.Replace(sent, "\r\n\r\n", "\r\nVia: 1.1 hookrig\r\n\r\n", 1)
			if request := <-got; request != sent {
				t.Errorf("the consumer got\n%q, want\n%q", request, sent)
			}
			c := only(t, s, "f")
			back = strings.Replace(strings.TrimPrefix(back, "HTTP/1.1 100 Continue\r\n\r\n"), "Connection: close\r\n", "", 1)
			if want := "HTTP/1.1 202 Accepted\r\nX-z: 1\r\nx-A: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: then\r\nContent-Type: a/b\r\nHookrig-Capture: " +
				c.ID + "\r\nContent-Length: 4\r\n\r\ndone"; back != want {
				t.Errorf("the sender got\n%q, want\n%q", back, want)
			}
			if why, ok := capture.NoResponse(*c.Response); ok {
				t.Errorf("no response, because of %s", why)
			}
			want := &journal.Response{Status: 202, Body: "done", Lines: signature.Headers{
				{Name: "X-z", Value: "1"},
				{Name: "x-A", Value: "2"},
				{Name: "Set-Cookie", Value: "a=1"},
				{Name: "Set-Cookie", Value: "b=2"},
				{Name: "Date", Value: "then"},
				{Name: "Connection", Value: "close, X-Hop"},
				{Name: "X-Hop", Value: "1"},
				{Name: "Proxy-Authenticate", Value: "p"},
				{Name: "Content-Type", Value: "a/b"},
				{Name: "Content-Length", Value: "4"},
			}}
			if diff := cmp.Diff(want, c.Response); diff != "" {
				t.Errorf("recorded response (-want +got):\n%s", diff)
			}
		})
	}
}

// A binary response, such as a compressed one, reaches the sender and the record byte for byte.
func TestForwardedBinaryResponse(t *testing.T) {
	t.Parallel()
	const body = "\x1f\x8b\x08\x00\xff\r\n\x00"
	host, _ := consumer(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	s, _ := start(t, forwarding)
	configure(t, s, "f", capture.Settings{Forward: "http://" + host})
	if back := send(t, s, "GET /f HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(back, "\r\n\r\n"+body) {
		t.Errorf("the sender got %q", back)
	}
	response := only(t, s, "f").Response
	text, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	var again journal.Response
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if again.Content() != body || !strings.Contains(string(text), `"body_base64":"H4sIAP8NCgA="`) {
		t.Errorf("recorded %s", text)
	}
}

// When the consumer gives no response, the capture is stored, and both it and the sender's response
// say so.
func TestForwardWithoutResponse(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused by this test")
	for _, tt := range []struct {
		name     string
		dial     func(context.Context, string, string) (net.Conn, error)
		response string
		want     string
	}{
		{"no connection", func(context.Context, string, string) (net.Conn, error) { return nil, refused }, "", "refused by this test"},
		{"forbidden", func(context.Context, string, string) (net.Conn, error) { return nil, wire.ErrForbidden }, "", "forbidden address"},
		{"no response", nil, "", "connection ended early"},
		{"too long a response", nil, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("x", 2_000_000), "the body of its response has more than 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			host, _ := consumer(t, tt.response)
			s, _ := start(t, func(o *capture.Options) { o.Wire = &wire.Client{Dial: tt.dial} })
			configure(t, s, "f", capture.Settings{Forward: "http://" + host})
			response := send(t, s, "GET /f HTTP/1.1\r\nHost: x\r\n\r\n")
			c := only(t, s, "f")
			if status(response) != "502" || !strings.Contains(response, tt.want) || c.Response == nil || c.Response.Status != 502 || !strings.HasSuffix(response, c.Response.Body) {
				t.Errorf("response %q, recorded as %+v; want 502 and %q", response, c.Response, tt.want)
			}
			if why, ok := capture.NoResponse(*c.Response); !ok || !strings.Contains(why, tt.want) {
				t.Errorf("why there is no response: %q, want %q", why, tt.want)
			}
		})
	}
}

// The client decides what may be dialled.
func TestForwardIsGuarded(t *testing.T) {
	t.Parallel()
	guard := &wire.Guard{Connect: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}}
	s, _ := start(t, func(o *capture.Options) { o.Wire = &wire.Client{Dial: guard.Dial} })
	configure(t, s, "f", capture.Settings{Forward: "http://192.0.2.1/"})
	if response := send(t, s, "GET /f HTTP/1.1\r\nHost: x\r\n\r\n"); status(response) != "502" || !strings.Contains(response, wire.ErrForbidden.Error()) {
		t.Errorf("response %q", response)
	}
}

func TestForwardRefuses(t *testing.T) {
	t.Parallel()
	s, _ := start(t, forwarding)
	without, _ := start(t)
	const consumer = "http://127.0.0.1:1"
	port := s.URL()[strings.LastIndexByte(s.URL(), ':'):]
	for _, tt := range []struct {
		s         *capture.Server
		forward   string
		responses capture.Script
		want      string
	}{
		{s, "127.0.0.1:3000", capture.Script{}, "want the consumer's address, as in http://127.0.0.1:3000/hooks"},
		{s, "ftp://h/", capture.Script{}, "want the consumer's address, as in http://127.0.0.1:3000/hooks"},
		{s, "http://user:pw@h/", capture.Script{}, "want the consumer's address, as in http://127.0.0.1:3000/hooks"},
		{s, s.URL() + "/other", capture.Script{}, "this is the capture address itself"},
		{s, "http://localhost" + port + "/f", capture.Script{}, "this is the capture address itself"},
		{s, "http://LocalHost." + port + "/f", capture.Script{}, "this is the capture address itself"},
		{s, "http://any.localhost" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://127.1" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://0177.0.0.1" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://2130706433" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://0x7f.1" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://127.0.0.1." + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://[::ffff:7f00:1]" + port, capture.Script{}, "this is the capture address itself"},
		{s, "http://0.0.0.0" + port, capture.Script{}, "this is the capture address itself"},
		{s, consumer, statuses(200), "a bin that forwards returns the consumer's response: remove the scripted responses"},
		{without, consumer, capture.Script{}, "this server cannot forward"},
	} {
		err := tt.s.Configure(t.Context(), "f", capture.Settings{Forward: tt.forward, Responses: tt.responses})
		if want := fmt.Sprintf("bin f: invalid: forward to %q: %s", tt.forward, tt.want); !errors.Is(err, capture.ErrInvalid) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// A slow consumer does not keep the server from closing.
func TestCloseStopsForwarding(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := serveAlone(t, store, forwarding)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	configure(t, s, "f", capture.Settings{Forward: "http://" + listener.Addr().String()})
	c := dial(t, s)
	write(t, c, "GET /f HTTP/1.1\r\nHost: x\r\n\r\n")
	if waited, err := s.Wait(t.Context(), "f", query.Wait{Count: 1}); err != nil || !waited.OK || waited.Matched[0].Response != nil {
		t.Fatalf("stored before it is passed on: %+v, %v", waited, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	all, err := store.Captures(t.Context(), journal.CaptureQuery{Bin: "f"})
	if err != nil || len(all) != 1 || all[0].Response == nil || all[0].Response.Status != 502 {
		t.Errorf("captures %+v, %v", all, err)
	}
}
