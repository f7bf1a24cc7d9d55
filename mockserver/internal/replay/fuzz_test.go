package replay_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzApply checks that any recorded request is sent as one request with one body, as net/http's
// parser and ours read it, or not at all.
func FuzzApply(f *testing.F) {
	for _, head := range []string{
		"", "Content-Length: 5", "Content-Length: 5\nContent-Length: 6", "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: -1",
		"Content-Length: 99999999999999999999", "content-length:\t5", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked\nContent-Length: 3",
		"Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding:  Chunked ", "Transfer-Encoding: x\nTransfer-Encoding: chunked",
		"Trailer: X\nTE: trailers\nExpect: 100-continue\nConnection: close, x\nX: 1", "Host: a\nHost: b", "A b: 1", "Connection: Transfer-Encoding\nTransfer-Encoding: chunked",
		"Transfer-Encoding: chunked;q=1", "Transfer-Encoding : chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked,",
	} {
		f.Add("POST", "/in?a=1", head, []byte("hello"))
		f.Add("GET", "/in", head, []byte{})
		f.Add("HEAD", "*", head, []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
	}
	f.Fuzz(func(t *testing.T, method, target, head string, body []byte) {
		m := wire.Message{Method: method, Target: target, Version: "HTTP/1.1", Body: body}
		for line := range strings.SplitSeq(head, "\n") {
			name, value, _ := strings.Cut(line, ":")
			m.Headers = append(m.Headers, signature.Header{Name: name, Value: value})
		}
		before := string(wire.Append(nil, m))
		for _, keepPath := range []bool{false, true} {
			sent, notes, err := (&replay.Change{KeepPath: keepPath, Bin: "in"}).Apply(m, "http://127.0.0.1:1/hooks?k=v", when, when)
			if string(wire.Append(nil, m)) != before {
				t.Fatal("the recorded message was changed")
			}
			if err != nil {
				continue
			}
			if !bytes.Equal(sent.Body, body) && !strings.Contains(strings.Join(notes, "\n"), "was decoded") {
				t.Errorf("the body changed to %q without a note: %q", sent.Body, notes)
			}
			raw := wire.Append(nil, sent)
			again, err := wire.ParseRequest(raw)
			if err != nil || again.Method != sent.Method || again.Target != sent.Target || !bytes.Equal(again.Body, sent.Body) {
				t.Fatalf("%q\nread by us as %q, %v", raw, wire.Append(nil, again), err)
			}
			if !readable(sent) {
				continue // net/http refuses the whole request
			}
			in := bufio.NewReader(io.MultiReader(bytes.NewReader(raw), strings.NewReader("PUT /next HTTP/1.1\r\nHost: n\r\n\r\n")))
			request, err := http.ReadRequest(in)
			if err != nil {
				t.Fatalf("%q\nnet/http: %v", raw, err)
			}
			got, err := io.ReadAll(request.Body)
			if err != nil || !bytes.Equal(got, sent.Body) || request.Method != sent.Method || request.Host != "127.0.0.1:1" {
				t.Fatalf("%q\nread by net/http as %s %q, %v", raw, request.Method, got, err)
			}
			if next, err := http.ReadRequest(in); err != nil || next.Method != "PUT" || next.Host != "n" {
				t.Fatalf("%q\nwhat follows is %v, %v", raw, next, err)
			}
		}
	})
}

// readable reports whether net/http accepts the rest of the head: it requires well-formed escapes
// in the target and is strict about values.
func readable(m wire.Message) bool {
	if _, err := http.NewRequest(m.Method, "http://h"+m.Target, nil); err != nil { //nolint:noctx // not sent
		return false
	}
	for _, line := range m.Headers {
		if strings.ContainsFunc(line.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return false
		}
	}
	return true
}
