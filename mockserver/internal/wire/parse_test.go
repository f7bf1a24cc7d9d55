package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw  string
		want wire.Message
	}{
		"order, case and duplicates stay": {
			"POST /a?b=%20c HTTP/1.1\r\nx-Odd: 1\r\nHOST: h\r\nX-odd: 2\r\nContent-Length: 3\r\n\r\nabc",
			wire.Message{
				Method: "POST", Target: "/a?b=%20c", Version: "HTTP/1.1",
				Headers: signature.Headers{{Name: "x-Odd", Value: "1"}, {Name: "HOST", Value: "h"}, {Name: "X-odd", Value: "2"}, {Name: "Content-Length", Value: "3"}},
				Body:    []byte("abc"),
			},
		},
		"bare LF, and a line end after the body": {
			"POST / HTTP/1.1\nContent-Length: 2\n\nhi\n",
			wire.Message{
				Method: "POST", Target: "/", Version: "HTTP/1.1",
				Headers: signature.Headers{{Name: "Content-Length", Value: "2"}}, Body: []byte("hi"),
			},
		},
		"no length: the rest is the body": {
			"POST / HTTP/1.0\r\nA: \t b \r\n\r\n\x00\xff\r\n",
			wire.Message{
				Method: "POST", Target: "/", Version: "HTTP/1.0",
				Headers: signature.Headers{{Name: "A", Value: "b"}}, Body: []byte("\x00\xff\r\n"),
			},
		},
		"chunks are decoded, extensions and trailer dropped": {
			"POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
			wire.Message{
				Method: "POST", Target: "/", Version: "HTTP/1.1",
				Headers: signature.Headers{{Name: "transfer-encoding", Value: "Chunked"}}, Body: []byte("abc0123456789"),
			},
		},
		"no headers, no body, a target with a space": {
			"GET /a b HTTP/1.1\r\n\r\n",
			wire.Message{Method: "GET", Target: "/a b", Version: "HTTP/1.1", Headers: signature.Headers{}, Body: []byte{}},
		},
		"head only, without an empty line": {
			"GET / HTTP/1.1\r\nA: 1",
			wire.Message{Method: "GET", Target: "/", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "A", Value: "1"}}, Body: []byte{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := wire.ParseRequest([]byte(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                      `line 1: "": want a request line`,
		"POST /\r\n\r\n":        `line 1: "POST /": want a request line`,
		"PO ST\r\n\r\n":         `line 1`,
		"GET / HTTP/1\r\n\r\n":  `line 1`,
		"GET  HTTP/1.1\r\n\r\n": `line 1`,
		"GET / HTTP/1.1\r\nA: 1\r\nno colon\r\n\r\n":                                    `line 3: "no colon": want a header line`,
		"GET / HTTP/1.1\r\nCookie: a\r\n hush\r\n\r\n":                                  `line 3: " REDACTED"`,
		"GET / HTTP/1.1\r\nX-Auth : hush\r\n\r\n":                                       `line 2: "X-Auth : REDACTED"`,
		"GET / HTTP/1.1\r\nA : 1\r\n\r\n":                                               `line 2: "A : 1"`,
		"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n":                                     `line 3: " folded"`,
		"GET / HTTP/1.1\r\n: 1\r\n\r\n":                                                 `line 2`,
		"GET / HTTP/1.1\r\nA: a\rb\r\n\r\n":                                             `line 2`,
		"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc":                               `the body has 3 bytes, Content-Length says 5`,
		"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc":                               `1 bytes follow the end of the body`,
		"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc":                              `line 2: "Content-Length: +3": want one number of bytes`,
		"POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc":                            `line 2: "Content-Length: 3, 3"`,
		"POST / HTTP/1.1\r\nContent-Length: 3\r\ncontent-length: 4\r\n\r\nabc":          `line 3: "content-length: 4"`,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n":                   `chunk size "zz"`,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n":            `1 bytes after a chunk of 3: want the end of the line`,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n":             `the chunked body ends early`,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET":             `follow the end of the body`,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n": `chunk size`,
	} {
		_, err := wire.ParseRequest([]byte(raw))
		if !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRequest(%q) = %v, want ErrMalformed with %s", raw, err, want)
		}
	}
	long := "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", wire.MaxHead) + "\r\n\r\n"
	for _, raw := range []string{long, strings.TrimSuffix(long, "\r\n\r\n")} {
		if _, err := wire.ParseRequest([]byte(raw)); !errors.Is(err, wire.ErrTooLarge) {
			t.Errorf("a head of %d bytes: %v, want ErrTooLarge", len(raw), err)
		}
	}
}

func TestParseRequestLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	raw := []byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef")
	before := bytes.Clone(raw)
	_, err := wire.ParseRequest(raw)
	if err == nil || !bytes.Equal(raw, before) {
		t.Errorf("error %v; input is now %q", err, raw)
	}
}

// A written message parses to the same message.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	token := rapid.StringMatching("[A-Za-z0-9!#$%&'*+.^_|~-]{1,20}")
	value := rapid.StringMatching(`([!-~\x80-\x{ff}]([ -~\t]{0,30}[!-~])?)?`)
	rapid.Check(t, func(t *rapid.T) {
		m := wire.Message{
			Method:  token.Draw(t, "method"),
			Target:  rapid.StringMatching(`/[!-~]{0,30}`).Draw(t, "target"),
			Version: "HTTP/1.1",
			Headers: signature.Headers{},
			Body:    append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "body")...),
		}
		for range rapid.IntRange(0, 6).Draw(t, "headers") {
			m.Headers.Add("X-"+token.Draw(t, "name"), value.Draw(t, "value"))
		}
		if rapid.Bool().Draw(t, "chunked") {
			m.Headers.Add("Transfer-Encoding", "chunked")
		}
		got, err := wire.ParseRequest(wire.Append(nil, m))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

func TestAppend(t *testing.T) { // not parallel: it counts allocations
	m := wire.Message{
		Method: "PUT", Target: "/x?y", Version: "HTTP/1.1",
		Headers: signature.Headers{{Name: "HoSt", Value: "h:1"}, {Name: "x-a", Value: ""}, {Name: "x-a", Value: "2"}},
		Body:    []byte("{\x00}"),
	}
	const want = "before PUT /x?y HTTP/1.1\r\nHoSt: h:1\r\nx-a: \r\nx-a: 2\r\n\r\n{\x00}"
	if got := wire.Append([]byte("before "), m); string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	buffer := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buffer = wire.Append(buffer[:0], m) }); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// A parsed message, written, parses to the same message again.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("POST /a HTTP/1.1\nTransfer-Encoding: gzip, chunked\n\n1;a=b\n\xff\n0\nT: x\n\n"))
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		m, err := wire.ParseRequest(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, wire.ErrTooLarge) {
				t.Fatalf("error without a sentinel: %v", err)
			}
			return
		}
		written := wire.Append(nil, m)
		again, err := wire.ParseRequest(written)
		if errors.Is(err, wire.ErrTooLarge) && len(raw) > wire.MaxHead/2 {
			return // bare line ends grew
		}
		if err != nil {
			t.Fatalf("%q, written as %q: %v", raw, written, err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Fatalf("%q (-first +second):\n%s", raw, diff)
		}
	})
}
