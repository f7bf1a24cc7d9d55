package capture_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestIncompleteRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, raw string
		status    string // of the response
		target    string
		lines     int
		body      string
		problem   string // "": no bin is known, so nothing is recorded
	}{
		{
			name: "aborted in the body", raw: "POST /b/x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc",
			status: "400", target: "/b/x", lines: 2, body: "abc", problem: "aborted: 3 of 50 bytes of the body arrived when the sender ended the connection",
		},
		{
			name: "aborted before the body", raw: "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n",
			status: "400", target: "/b", lines: 2, problem: "aborted: 0 of 50 bytes of the body arrived when the sender ended the connection",
		},
		{
			name: "aborted in a chunk", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n9\r\nde",
			status: "400", target: "/b", lines: 2, body: "abcde", problem: "aborted: 5 bytes of the chunked body arrived when the sender ended the connection",
		},
		{
			name: "aborted before the last chunk", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
			status: "400", target: "/b", lines: 2, body: "abc", problem: "aborted: 3 bytes of the chunked body arrived when the sender ended the connection",
		},
		{
			name: "aborted in the head", raw: "POST /b/y HTTP/1.1\r\nHost: x\r\nX-Cut: ab",
			status: "400", target: "/b/y", lines: 2, problem: "aborted: the head was incomplete when the sender ended the connection",
		},
		{
			name: "aborted after the request line", raw: "POST /b/y HTTP/1.1\r\n",
			status: "400", target: "/b/y", problem: "aborted: the head was incomplete when the sender ended the connection",
		},
		{
			name: "aborted in the request line, behind the bin", raw: "POST /b/lon",
			status: "400", target: "/b/lon", problem: "aborted: the head was incomplete when the sender ended the connection",
		},
		{name: "aborted in the bin's name", raw: "POST /b", status: "400"},
		{
			name: "body too large", raw: "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n0123456789abcdefg",
			status: "413", target: "/b", lines: 2, body: "0123456789abcdef", problem: "too large: the body of 17 bytes has more than 16",
		},
		{
			name: "chunked body too large", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n",
			status: "413", target: "/b", lines: 2, body: "0123456789abcdef", problem: "too large: the body has more than 16 bytes",
		},
		{
			name: "chunk extensions without end", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=0123456789abcdef\r\n.\r\n1;a=0123456789abcdef\r\n.\r\n0\r\n\r\n",
			status: "413", target: "/b", lines: 2, body: ".", problem: "too large: the framing of the chunks has more than 16 bytes",
		},
		{
			name: "body too large, asked before", raw: "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\nExpect: 100-continue\r\n\r\n",
			status: "413", target: "/b", lines: 3, problem: "too large: the body of 17 bytes has more than 16",
		},
		{
			name: "head too large", raw: "POST /b HTTP/1.1\r\nHost: x\r\nX-Big: " + strings.Repeat("x", 600) + "\r\n\r\n",
			status: "431", target: "/b", lines: 2, problem: "too large: the head has more than 512 bytes",
		},
		{
			name: "no version", raw: "POST /b\r\nHost: x\r\n\r\n",
			status: "400", target: "/b", lines: 1, problem: `malformed: line 1: "POST /b": want a request line such as "POST /bin HTTP/1.1"`,
		},
		{
			name: "another version", raw: "POST /b HTTP/2.0\r\nHost: x\r\n\r\n",
			status: "505", target: "/b", lines: 1, problem: `malformed: line 1: "POST /b HTTP/2.0": "HTTP/2.0" is not HTTP/1.0 or HTTP/1.1`,
		},
		{
			name: "no method", raw: "PO(ST /b HTTP/1.1\r\nHost: x\r\n\r\n",
			status: "400", target: "/b", lines: 1, problem: `malformed: line 1: "PO(ST /b HTTP/1.1": "PO(ST" is not a method`,
		},
		{
			name: "a line without colon", raw: "POST /b HTTP/1.1\r\nHost: x\r\nnonsense\r\nX-After: 1\r\n\r\n",
			status: "400", target: "/b", lines: 2, problem: `malformed: line 3: "nonsense": want a header line such as "Name: value"`,
		},
		{
			name: "a folded line", raw: "POST /b HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
			status: "400", target: "/b", lines: 1, problem: `malformed: line 3: " folded: y": want a header line such as "Name: value"`,
		},
		{
			name: "a space before the colon", raw: "POST /b HTTP/1.1\r\nHost : x\r\n\r\n",
			status: "400", target: "/b", problem: `malformed: line 2: "Host : x": want a header line such as "Name: value"`,
		},
		{
			name: "a NUL", raw: "POST /b HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
			status: "400", target: "/b", lines: 2, problem: `malformed: line 3: "X: a\x00b": the value holds a CR or a NUL`,
		},
		{
			name: "no length", raw: "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
			status: "400", target: "/b", lines: 2, problem: `malformed: line 3: "Content-Length: +3": want one number of bytes`,
		},
		{
			name: "two lengths", raw: "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
			status: "400", target: "/b", lines: 3, problem: `malformed: line 4: "Content-Length: 4": want one number of bytes`,
		},
		{
			name: "not chunked at the end", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
			status: "400", target: "/b", lines: 2, problem: `malformed: Transfer-Encoding "chunked, gzip": want chunked as the last coding`,
		},
		{
			name: "no chunk size", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nxyz\r\n",
			status: "400", target: "/b", lines: 2, body: "ab", problem: `malformed: chunk size "xyz": want a hexadecimal number`,
		},
		{
			name: "an endless chunk", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
			status: "400", target: "/b", lines: 2, problem: `malformed: chunk size "fffffffffffffffff": want a hexadecimal number`,
		},
		{
			name: "more than the chunk", raw: "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
			status: "400", target: "/b", lines: 2, body: "ab", problem: `malformed: 1 bytes after a chunk of 2: want the end of the line`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, _ := start(t, func(o *capture.Options) { o.MaxBody, o.MaxHead = 16, 512 })
			configure(t, s, "b", capture.Settings{Responses: script("turn")})
			response := send(t, s, tt.raw)
			if status(response) != tt.status || !strings.Contains(response, "\r\nConnection: close\r\n") {
				t.Errorf("response %q, want %s and the end of the connection", response, tt.status)
			}
			if tt.problem == "" {
				if got := s.Counts(); got.Strays != 1 || got.Captured != 0 {
					t.Errorf("counts %+v", got)
				}
				return
			}
			got := only(t, s, "b")
			if diff := cmp.Diff([]string{tt.problem}, got.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if !strings.HasPrefix(tt.raw, string(got.Bytes())) || got.Bytes() == nil {
				t.Errorf("its bytes are %q, sent was %q", got.Bytes(), tt.raw)
			}
			if got.Target != tt.target || len(got.Headers) != tt.lines || string(got.Body) != tt.body {
				t.Errorf("got %s, lines %v, body %q; want %s, %d lines, %q", got.Target, got.Headers, got.Body, tt.target, tt.lines, tt.body)
			}
			if want := tt.problem + "\n"; got.Response.Body != want || !strings.HasSuffix(response, want) {
				t.Errorf("the response says %q and is recorded as %q, want %q", response, got.Response.Body, want)
			}
			if got := s.Counts(); got.Problems != 1 || got.Captured != 1 {
				t.Errorf("counts %+v", got)
			}
			if response := send(t, s, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasSuffix(response, "turn") {
				t.Errorf("the next request got %q: a turn was taken", response)
			}
		})
	}
}

// A sender that is still writing can read why the server stopped reading.
func TestResponseReachesTheSenderOfTooMuch(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.MaxBody = 1000 })
	c := dial(t, s)
	body := strings.Repeat("x", 8<<20)
	go io.WriteString(c, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n"+body)
	if got := responses(t, c, "POST", 1)[0]; got.StatusCode != 413 {
		t.Errorf("status %d", got.StatusCode)
	}
	if got := only(t, s, "b"); len(got.Body) != 1000 {
		t.Errorf("%d bytes kept", len(got.Body))
	}
}

// The sender has left when the capture is made: after an RST, no response can be sent.
func TestResetBySender(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	c := dial(t, s)
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n")
	if _, err := c.Read(make([]byte, 100)); err != nil { // 100 Continue: it has the head
		t.Fatal(err)
	}
	if err := c.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	c.Close()
	waited, err := s.Wait(t.Context(), "b", query.Wait{Count: 1})
	if err != nil || !waited.OK {
		t.Fatalf("%+v, %v", waited, err)
	}
	if p := waited.Matched[0].Problems; len(p) != 1 || !strings.HasPrefix(p[0], "aborted: 0 of 50 bytes of the body arrived") {
		t.Errorf("problems %q", p)
	}
}

func TestConnectionsThatSendNothing(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	for _, raw := range []string{"", "\r\n", "\r\n\r\n\n"} {
		if back := send(t, s, raw); back != "" {
			t.Errorf("%q: response %q", raw, back)
		}
	}
	if all, err := store.Captures(t.Context(), journal.CaptureQuery{}); err != nil || len(all) > 0 {
		t.Errorf("%d captures, %v", len(all), err)
	}
	if got := s.Counts(); got != (capture.Counts{}) {
		t.Errorf("counts %+v", got)
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.MaxConns = 2 })
	first, second := dial(t, s), dial(t, s)
	for _, c := range []io.ReadWriter{first, second} { // both are being served
		write(t, c, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
		responses(t, c, "GET", 1)
	}
	third := dial(t, s)
	if got := responses(t, third, "GET", 1)[0]; got.StatusCode != 503 {
		t.Errorf("status %d", got.StatusCode)
	}
	if got := s.Counts(); got.Refused != 1 || got.Captured != 2 {
		t.Errorf("counts %+v", got)
	}
}
