package http1_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Even when a head is wrong, its readable parts are returned with the first mistake.
func TestParse(t *testing.T) {
	t.Parallel()
	host := signature.Header{Name: "Host", Value: "x"}
	for text, c := range map[string]struct {
		want http1.Head
		err  string
	}{
		"POST /a HTTP/1.1\r\nHost: x\r\n\r\n":  {want: http1.Head{Lines: signature.Headers{host}, Frame: http1.Frame{Hosts: 1}, Whole: true, Plain: true}},
		"POST /a HTTP/1.1\nHost: x\n\n":        {want: http1.Head{Lines: signature.Headers{host}, Frame: http1.Frame{Hosts: 1}, Whole: true, Bare: true}},
		"POST /a HTTP/1.1\r\nHost:x\t\r\n\r\n": {want: http1.Head{Lines: signature.Headers{host}, Frame: http1.Frame{Hosts: 1}, Whole: true}},
		"POST /a HTTP/1.1\r\nHost: x\r\n":      {want: http1.Head{Lines: signature.Headers{host}, Frame: http1.Frame{Hosts: 1}}},
		"POST /a HTTP/1.1":                     {want: http1.Head{Cut: true}},
		"POST /a HTTP/1.1\r\nno colon\r\nHost: x\r\nX y: 1\r\n\r\n": {
			want: http1.Head{Lines: signature.Headers{host}, Frame: http1.Frame{Hosts: 1}, Whole: true},
			err:  `malformed: line 2: "no colon": want a header line such as "Name: value"`,
		},
		"POST /a HTTP/1.1\r\nH\xc3\xb6st: x\r\n\r\n": {
			want: http1.Head{Whole: true}, err: `malformed: line 2: "Höst: x": want a header line such as "Name: value"`,
		},
		"POST /a HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n": {
			want: http1.Head{
				Lines: signature.Headers{{Name: "Content-Length", Value: "3"}, {Name: "Content-Length", Value: "4"}},
				Frame: http1.Frame{Length: 3, Stated: true}, Whole: true,
			},
			err: `malformed: line 3: "Content-Length: 4": want one number of bytes`,
		},
		"POST /a HTTP/1.1\r\nCookie: hush\rhush\r\n\r\n": {
			want: http1.Head{Lines: signature.Headers{{Name: "Cookie", Value: "hush\rhush"}}, Whole: true},
			err:  `malformed: line 2: "Cookie: REDACTED": the value holds a CR or a NUL`,
		},
	} {
		c.want.Start = "POST /a HTTP/1.1"
		var got http1.Head
		err := got.Parse(text)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if message(err) != c.err || err != nil && !errors.As(err, new(http1.Malformed)) {
			t.Errorf("%q: %v, want %s", text, err, c.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRequestLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][4]string{
		"POST /a HTTP/1.1":   {"POST", "/a", "HTTP/1.1", ""},
		"GET /a b HTTP/2.0":  {"GET", "/a b", "HTTP/2.0", ""},
		"POST /a":            {"POST", "/a", "", `malformed: line 1: "POST /a": want a request line such as "POST /bin HTTP/1.1"`},
		"GET  HTTP/1.1":      {"GET", " HTTP/1.1", "", `malformed: line 1: "GET  HTTP/1.1": want a request line such as "POST /bin HTTP/1.1"`},
		"G\xffT /a HTTP/1.1": {"G\xffT", "/a", "HTTP/1.1", `malformed: line 1: "G\xffT /a HTTP/1.1": "G\xffT" is not a method`},
		"this is no request": {"this", "is no", "request", `malformed: line 1: "this is no request": want a request line such as "POST /bin HTTP/1.1"`},
		"GET /a HTTP/1":      {"GET", "/a", "HTTP/1", `malformed: line 1: "GET /a HTTP/1": "HTTP/1" is not HTTP/1.0 or HTTP/1.1`},
	} {
		method, target, version, err := http1.RequestLine(line)
		if got := [4]string{method, target, version, message(err)}; got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestStatusLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"HTTP/1.1 200 OK": 200, "HTTP/1.0 404": 404, "HTTP/1.1 999 ": 999,
		"HTTP/1.1 99 x": 0, "HTTP/1.1 099": 0, "HTTP/1.1 2000": 0, "HTTP/1.1  200": 0, "HTTP/1,1 200": 0, "": 0,
	} {
		version, status, err := http1.StatusLine(line)
		if status != want || (err == nil) != (want > 0) || err == nil && version != line[:8] {
			t.Errorf("%q: %s, %d, %v; want %d", line, version, status, err, want)
		}
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{"0": 0, "007": 7, " 5\t": 5, "4611686018427387903": 1<<62 - 1, "": -1, "+5": -1, "-5": -1, "5,5": -1, "5 5": -1, "1_0": -1, "4611686018427387904": -1} {
		if n, ok := http1.Length(value); ok != (want >= 0) || ok && n != want {
			t.Errorf("Content-Length %q: %d, %t; want %d", value, n, ok, want)
		}
	}
	for codings, want := range map[string]bool{"chunked": true, "gzip, Chunked ": true, "chunked, gzip": false, "": false, "xchunked": false} {
		if got := http1.EndsChunked(codings); got != want {
			t.Errorf("Transfer-Encoding %q: %t, want %t", codings, got, want)
		}
	}
	for list, want := range map[string]bool{"close": true, "a,\tCLOSE ,b": true, "closed": false, ",": false, "": false} {
		if got := http1.Lists(list, "close"); got != want {
			t.Errorf("%q lists close: %t, want %t", list, got, want)
		}
	}
}
