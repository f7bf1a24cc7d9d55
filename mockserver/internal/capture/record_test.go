package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestRecordsWhatWasSent(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	type lines = signature.Headers
	big := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB
	long := strings.Repeat("v", 60<<10)
	for i, tt := range []struct {
		name, raw string
		want      wire.Message
		problems  []string
		bin       string // "b<i>" when empty
	}{
		{
			name: "lines keep order, case and duplicates",
			raw:  "POST /BIN HTTP/1.1\r\nhost: x\r\nX-B: 2\r\nx-a: 1\r\nX-A: 3\r\nX-B:2\r\nCONTENT-LENGTH: 2\r\nx-empty:\r\n\r\nhi",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("hi"), Headers: lines{
				{Name: "host", Value: "x"},
				{Name: "X-B", Value: "2"},
				{Name: "x-a", Value: "1"},
				{Name: "X-A", Value: "3"},
				{Name: "X-B", Value: "2"},
				{Name: "CONTENT-LENGTH", Value: "2"},
				{Name: "x-empty", Value: ""},
			}},
		},
		{
			name: "the target is not cleaned",
			raw:  "GET /BIN//a/../b/%2F%zz;p=1?u=http://a.b//c&u=&&#frag HTTP/1.1\r\nHost: x\r\n\r\n",
			want: wire.Message{Method: "GET", Target: "/BIN//a/../b/%2F%zz;p=1?u=http://a.b//c&u=&&#frag", Version: "HTTP/1.1", Headers: lines{{Name: "Host", Value: "x"}}},
		},
		{
			name: "absolute form",
			raw:  "POST http://user@h:1/BIN/x?y HTTP/1.1\r\nHost: h:1\r\n\r\n",
			want: wire.Message{Method: "POST", Target: "http://user@h:1/BIN/x?y", Version: "HTTP/1.1", Headers: lines{{Name: "Host", Value: "h:1"}}},
		},
		{
			name: "any method, any bytes in a value",
			raw:  "M-SEARCH /BIN HTTP/1.1\r\nHost: x\r\nX: \t a\t b\xff\x01 \t\r\nX_under.dot~!#$%&'*+^`|: 1\r\n\r\n",
			want: wire.Message{Method: "M-SEARCH", Target: "/BIN", Version: "HTTP/1.1", Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "X", Value: "a\t b\xff\x01"}, {Name: "X_under.dot~!#$%&'*+^`|", Value: "1"},
			}},
		},
		{
			name: "a body is bytes",
			raw:  "POST /BIN HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x00\r\n",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("\x1f\x8b\x00\r\n"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Content-Encoding", Value: "gzip"}, {Name: "Content-Length", Value: "5"},
			}},
		},
		{
			name: "a GET with a body",
			raw:  "GET /BIN HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
			want: wire.Message{Method: "GET", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("abc"), Headers: lines{{Name: "Host", Value: "x"}, {Name: "Content-Length", Value: "3"}}},
		},
		{
			name: "chunks are joined, extensions dropped, the trailer noted",
			raw:  "POST /BIN HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=\"a\"\r\nWiki\r\n0005\r\npedia\r\nA\r\n in\r\n\r\nchu\r\n0\r\nX-Sum: 1\r\n\r\n",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("Wikipedia in\r\n\r\nchu"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Transfer-Encoding", Value: "chunked"},
			}},
			problems: []string{`trailer line: "X-Sum: 1"`},
		},
		{
			name: "HTTP/1.0 without Host",
			raw:  "POST /BIN HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.0", Body: []byte("x"), Headers: lines{{Name: "Content-Length", Value: "1"}}},
		},
		{
			name: "a large body",
			raw:  fmt.Sprintf("POST /BIN HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(big), big),
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte(big), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Content-Length", Value: fmt.Sprint(len(big))},
			}},
		},
		{
			name: "a large body in chunks",
			raw:  fmt.Sprintf("POST /BIN HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n%X\r\n%s\r\n1\r\n!\r\n0\r\n\r\n", len(big), big),
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte(big + "!"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Transfer-Encoding", Value: "gzip, Chunked"},
			}},
		},
		{
			name: "a long head",
			raw:  "POST /BIN HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\nContent-Length: 2\r\n\r\nok",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("ok"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "X-Long", Value: long}, {Name: "Content-Length", Value: "2"},
			}},
		},
		{
			name: "empty lines before the request, LF alone at the ends of lines",
			raw:  "\r\n\nPOST /BIN HTTP/1.1\nHost: x\nContent-Length: 1\n\n\n",
			want: wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1", Body: []byte("\n"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Content-Length", Value: "1"},
			}},
			problems: []string{"lines of the head end in LF, not in CRLF"},
		},
		{
			name: "unusual requests are noted, and answered like others",
			raw:  "POST /BIN/a b HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n",
			want: wire.Message{Method: "POST", Target: "/BIN/a b", Version: "HTTP/1.1", Body: []byte("z"), Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Host", Value: "y"}, {Name: "Content-Length", Value: "9"}, {Name: "Transfer-Encoding", Value: "chunked"},
			}},
			problems: []string{`the target holds a space: "/BIN/a b"`, "2 Host lines", "both Transfer-Encoding and Content-Length"},
		},
		{
			name: "control characters in the target",
			raw:  "POST /BIN/a\r\x00\x7f HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
			want: wire.Message{Method: "POST", Target: "/BIN/a\r\x00\x7f", Version: "HTTP/1.1", Headers: lines{
				{Name: "Host", Value: "x"}, {Name: "Content-Length", Value: "0"},
			}},
			problems: []string{`the target holds a control character: "/BIN/a\r\x00\x7f"`},
		},
		{
			name:     "HTTP/1.1 without Host",
			raw:      "POST /BIN HTTP/1.1\r\n\r\n",
			want:     wire.Message{Method: "POST", Target: "/BIN", Version: "HTTP/1.1"},
			problems: []string{"no Host line"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fmt.Sprintf("b%d", i)
			response := send(t, s, strings.ReplaceAll(tt.raw, "BIN", bin))
			if status(response) != "200" {
				t.Fatalf("response %q", response)
			}
			tt.want.Target = strings.ReplaceAll(tt.want.Target, "BIN", bin)
			for i := range tt.problems {
				tt.problems[i] = strings.ReplaceAll(tt.problems[i], "BIN", bin)
			}
			got := only(t, s, bin)
			if want := strings.TrimLeft(strings.ReplaceAll(tt.raw, "BIN", bin), "\r\n"); string(got.Bytes()) != want {
				t.Errorf("its bytes are\n%.300q\nwant\n%.300q", got.Bytes(), want)
			}
			if len(got.Body) == 0 {
				got.Body = nil
			}
			if len(got.Headers) == 0 {
				got.Headers = nil
			}
			if diff := cmp.Diff(tt.want, got.Message, cmp.Comparer(bytes.Equal)); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, tt.problems...), got.Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if !strings.Contains(response, "\r\nHookrig-Capture: "+got.ID+"\r\n") {
				t.Errorf("the response does not name the capture %s: %q", got.ID, response)
			}
			if got.Peer == "" || got.At.IsZero() || got.Response == nil || got.Response.Status != 200 {
				t.Errorf("peer %q, at %s, response %+v", got.Peer, got.At, got.Response)
			}
		})
	}
}

func TestBinNames(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	long := strings.Repeat("n", 128)
	for target, bin := range map[string]string{
		"/a":              "a",
		"/_-0.Z/":         "_-0.Z",
		"/q?x=/other":     "q",
		"/f#x":            "f",
		"/" + long:        long,
		"/" + long + "n":  "",
		"//slashes":       "slashes",
		"///more/than?x":  "more",
		"/.hidden":        "",
		"/..":             "",
		"/a%2Fb":          "",
		"/%66oo/x":        "foo",
		"/%2e%2e":         "",
		"/%zz":            "",
		"/ä":              "",
		"*":               "",
		"?x":              "",
		"http://h":        "",
		"http://h/in/abs": "in",
		"example.org:443": "",
	} {
		response := send(t, s, "POST "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if want := map[bool]string{true: "404", false: "200"}[bin == ""]; status(response) != want {
			t.Errorf("%s: response %.60q, want %s", target, response, want)
		}
		if bin == "" {
			continue
		}
		if got := only(t, s, bin); got.Target != target || got.Bin != bin {
			t.Errorf("%s: captured as %s in bin %s, want bin %s", target, got.Target, got.Bin, bin)
		}
	}
	if got := s.Counts(); got != (capture.Counts{Captured: 9, Strays: 11}) {
		t.Errorf("counts %+v", got)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, tt := range []struct {
		name, version, connection string
		kept                      bool
	}{
		{"1.1", "HTTP/1.1", "", true},
		{"1.1 close", "HTTP/1.1", "Connection: foo, Close\r\n", false},
		{"1.0", "HTTP/1.0", "", false},
		{"1.0 keep-alive", "HTTP/1.0", "Connection: Keep-Alive\r\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, s)
			request := "POST /kept HTTP/1.1\r\nHost: x\r\n" + tt.connection + "Content-Length: 1\r\n\r\nx"
			request = strings.Replace(request, "HTTP/1.1", tt.version, 1)
			write(t, c, request)
			first := responses(t, c, "POST", 1)[0]
			if first.Close == tt.kept {
				t.Errorf("Close %t", first.Close)
			}
			if !tt.kept {
				if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
					t.Errorf("after the response: %q, %v", rest, err)
				}
				return
			}
			write(t, c, request)
			responses(t, c, "POST", 1)
		})
	}
}

func TestPipelinedRequests(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	const n = 200
	var raw strings.Builder
	for i := range n {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&raw, "POST /pipe/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%04d", i, i)
		case 1:
			fmt.Fprintf(&raw, "POST /pipe/%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n%02d\r\n2\r\n%02d\r\n0\r\n\r\n", i, i/100, i%100)
		case 2:
			fmt.Fprintf(&raw, "PUT /pipe/%d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n%04d", i, i)
		}
	}
	c := dial(t, s)
	go io.WriteString(c, raw.String())
	for i, resp := range responses(t, c, "POST", n) {
		if resp.StatusCode != 200 {
			t.Fatalf("response %d: %s", i, resp.Status)
		}
	}
	for i, got := range captures(t, s, "pipe") {
		if got.Target != fmt.Sprintf("/pipe/%d", i) || string(got.Body) != fmt.Sprintf("%04d", i) {
			t.Fatalf("capture %d: %s %q", i, got.Target, got.Body)
		}
	}
}

func TestContinue(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	for _, frame := range []struct{ line, body string }{
		{"Content-Length: 5", "hello"},
		{"Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"},
	} {
		c := dial(t, s)
		write(t, c, "POST /asks HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n"+frame.line+"\r\n\r\n")
		const want = "HTTP/1.1 100 Continue\r\n\r\n"
		interim := make([]byte, len(want))
		if _, err := io.ReadFull(c, interim); err != nil || string(interim) != want {
			t.Fatalf("%s: %q, %v", frame.line, interim, err)
		}
		if n := len(captures(t, s, "asks")); n != 0 {
			t.Fatalf("%d captures before the body was sent", n)
		}
		write(t, c, frame.body)
		responses(t, c, "POST", 1)
		if got := only(t, s, "asks"); string(got.Body) != "hello" {
			t.Fatalf("body %q", got.Body)
		}
		s, _ = start(t)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	configure(t, s, "h", capture.Settings{Responses: script("hello")})
	c := dial(t, s)
	write(t, c, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /h HTTP/1.1\r\nHost: x\r\n\r\n")
	r := responses(t, c, "HEAD", 1)[0]
	if r.ContentLength != 5 {
		t.Errorf("Content-Length %d", r.ContentLength)
	}
}

func TestReservedAddresses(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.Dashboard = "http://127.0.0.1:1" })
	s.SetDashboard("http://127.0.0.1:8080")
	get := func(path string) (int, string, string) {
		resp, err := client.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Content-Type"), string(body)
	}
	if code, _, body := get("/"); code != 200 || !strings.Contains(body, s.URL()+"/<bin>") || !strings.Contains(body, "http://127.0.0.1:8080") {
		t.Errorf("/: %d %s", code, body)
	}
	code, kind, body := get("/.well-known/hookrig")
	if code != 200 || kind != "application/json" || !strings.Contains(body, `"name":"hookrig"`) || !strings.Contains(body, `"dashboard":"http://127.0.0.1:8080"`) {
		t.Errorf("/.well-known/hookrig: %d %s %s", code, kind, body)
	}
	if code, _, body := get("/.other"); code != http.StatusNotFound || !strings.Contains(body, `"/.other" names no bin`) {
		t.Errorf("/.other: %d %s", code, body)
	}
	for _, path := range []string{"/.well-known/hookrig/healthz", "/.well-known/hookrig/readyz"} {
		if code, _, body := get(path); code != 200 || body != "ok\n" {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	// requests there are not stored, so they are not accepted
	for _, path := range []string{"/", "/.well-known/hookrig", "/.well-known/hookrig/readyz"} {
		if code := post(t, s.URL()+path, "{}"); code != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, code)
		}
	}
}
