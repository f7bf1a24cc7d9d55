package http1_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

func none([]byte) (int, error) { return 0, nil }

// A chunked body is decoded; its raw bytes are stored too, as far as they arrived.
func TestChunks(t *testing.T) {
	t.Parallel()
	const head = "POST / HTTP/1.1\r\n\r\n"
	for raw, c := range map[string]struct {
		body, err string
		trailer   []string
	}{
		"3\r\nabc\r\n0\r\n\r\n":                         {body: "abc"},
		"3;x=\"y\"\nabc\n1 \r\nd\r\n00\r\nT: 1\r\n\r\n": {body: "abcd", trailer: []string{"T: 1"}},
		"zz\r\n":               {err: `malformed: chunk size "zz": want a hexadecimal number`},
		"\r\n":                 {err: `malformed: chunk size "": want a hexadecimal number`},
		"1000000000000000\r\n": {err: `malformed: chunk size "1000000000000000": want a hexadecimal number`},
		"1\r\nab\r\n":          {body: "a", err: "malformed: 1 bytes after a chunk of 1: want the end of the line"},
		"2\r\na":               {body: "a", err: "EOF"},
		"9\r\n123456789":       {body: "12345678", err: "too large"},
		"1;" + strings.Repeat("x", 100) + "\r\na\r\n0\r\n\r\n": {body: "a", err: "too large: the framing of the chunks has more than 90 bytes"},
		"0\r\n" + strings.Repeat("T: 1\r\n", 9) + "\r\n":       {err: "too large: the trailer has more than 20 bytes", trailer: strings.Split("T: 1,T: 1,T: 1,T: 1,T: 1,T: 1", ",")},
	} {
		for _, src := range []io.Reader{strings.NewReader(head + raw), iotest.OneByteReader(strings.NewReader(head + raw))} {
			r := http1.Reader{Src: src}
			if got, err := r.Head(http1.MaxHead, none); string(got) != head || err != nil {
				t.Fatalf("head %q, %v", got, err)
			}
			b := http1.Body{Max: 8, Frames: true, MaxFraming: 90, MaxTrailer: 20}
			err := r.Chunks(&b)
			if string(b.Bytes) != c.body || message(err) != c.err {
				t.Errorf("%q: %q, %v; want %q, %s", raw, b.Bytes, err, c.body, c.err)
			}
			if diff := cmp.Diff(c.trailer, b.Trailer); diff != "" {
				t.Errorf("%q: trailer (-want +got):\n%s", raw, diff)
			}
			if !strings.HasPrefix(raw, string(b.Framed)) || err == nil && string(b.Framed) != raw {
				t.Errorf("%q: framed %q", raw, b.Framed)
			}
		}
	}
}

// The reader calls Room before it takes more memory than its first buffer, and stops when Room
// refuses.
func TestRoom(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	asked := 0
	raw := "POST / HTTP/1.1\r\nX: " + strings.Repeat("x", 3*http1.FirstSpace) + "\r\n\r\n"
	r := http1.Reader{Src: strings.NewReader(raw), Room: func(n int) error {
		if asked += n; asked > http1.FirstSpace {
			return full
		}
		return nil
	}}
	if got, err := r.Head(1<<20, none); !errors.Is(err, full) || len(got) != 2*http1.FirstSpace || asked != 3*http1.FirstSpace {
		t.Errorf("%d bytes, %v, after it asked for %d", len(got), err, asked)
	}
}

// The pieces in which bytes arrive do not change what is read; a skipped message has the same
// length as a kept one.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET"), 10)
	f.Add([]byte("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x\nabc\n0\nT: 1\n\nrest"), 2)
	f.Add([]byte("GET / HTTP/1.0\r\n\r\nuntil the end"), 0)
	f.Fuzz(func(t *testing.T, raw []byte, limit int) {
		if limit < 0 || limit > 1<<20 {
			return
		}
		type result struct {
			head, body, framed, left string
			err                      string
		}
		read := func(src io.Reader, limit int) (result, error) {
			r := http1.Reader{Src: src}
			text, err := r.Head(1<<10, none)
			got := result{head: string(text)}
			var h http1.Head
			if err == nil {
				err = h.Parse(got.head)
			}
			b := http1.Body{Max: limit, Frames: limit != http1.Skip}
			switch {
			case err != nil:
			case h.Frame.Chunked:
				err = r.Chunks(&b)
			case h.Frame.Stated:
				err = r.Sized(&b, h.Frame.Length)
			default:
				err = r.Rest(&b)
			}
			got.body, got.framed, got.err = string(b.Bytes), string(b.Framed), message(err)
			if err == nil {
				left, _ := io.ReadAll(src)
				got.left = string(r.Buffered()) + string(left)
			}
			return got, err
		}
		once, err := read(bytes.NewReader(raw), limit)
		slow, _ := read(iotest.OneByteReader(bytes.NewReader(raw)), limit)
		if diff := cmp.Diff(once, slow, cmp.AllowUnexported(result{})); diff != "" {
			t.Fatalf("(-at once +byte by byte):\n%s", diff)
		}
		if len(once.body) > limit || !bytes.Contains(raw, []byte(once.head)) || !bytes.Contains(raw, []byte(once.framed)) {
			t.Fatalf("%q: %+v", raw, once)
		}
		if err == nil {
			skipped, err := read(bytes.NewReader(raw), http1.Skip)
			if err != nil || skipped.left != once.left {
				t.Fatalf("%q: skipped %+v, %v; read %+v", raw, skipped, err, once)
			}
		}
	})
}

// early may end a head at its beginning; the bytes after it stay buffered.
func TestHeadEndsEarly(t *testing.T) {
	t.Parallel()
	strange := errors.New("strange")
	r := http1.Reader{Src: strings.NewReader("\r\nSSH-2.0\r\nmore")}
	got, err := r.Head(http1.MaxHead, func(start []byte) (int, error) { return bytes.IndexByte(start, '\n') + 1, strange })
	if string(got) != "SSH-2.0\r\n" || !errors.Is(err, strange) || string(r.Buffered()) != "more" {
		t.Errorf("%q, %v, and %q is left", got, err, r.Buffered())
	}
}
