package capture_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
)

// logged is a text that several goroutines write.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A sender of another protocol than HTTP/1.1 gets an answer at once, and the log says once what to
// do about it.
func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	const noTLS = "the sender speaks TLS, and this address does not: use "
	for _, tt := range []struct {
		name      string
		pieces    []string
		secured   bool
		status    string
		want, log string
		counts    capture.Counts
	}{
		{
			name: "a TLS hello", pieces: []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc"},
			status: "400", want: "malformed: " + noTLS + "URL, or open a TLS address with --capture-tls (in Go: Options.CaptureTLS)",
			log: noTLS + "URL, or open a TLS address with --capture-tls", counts: capture.Counts{TLSFailed: 1},
		},
		{
			name: "where there is a TLS address", pieces: []string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc"}, secured: true,
			status: "400", want: "malformed: " + noTLS + "URL, or TLSURL", log: noTLS + "URL, or TLSURL", counts: capture.Counts{TLSFailed: 1},
		},
		{
			name: "a TLS hello in pieces", pieces: []string{"\x16", "\x03", "\x01\x02\x00"},
			status: "400", want: "malformed: " + noTLS + "URL", log: noTLS, counts: capture.Counts{TLSFailed: 1},
		},
		{
			name: "a TLS hello that holds the end of a head", pieces: []string{"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03\n\n"},
			status: "400", want: "malformed: " + noTLS + "URL", log: noTLS, counts: capture.Counts{TLSFailed: 1},
		},
		{
			name: "a TLS hello that holds a bin's name", pieces: []string{"\x16\x03\x01 /b x\n\n"},
			status: "400", want: "malformed: " + noTLS + "URL", log: noTLS, counts: capture.Counts{TLSFailed: 1},
		},
		{
			name: "SSH", pieces: []string{"SSH-2.0-OpenSSH_9.2\r\n"},
			status: "400", want: `malformed: line 1: "SSH-2.0-OpenSSH_9.2": the sender speaks SSH, and this address HTTP/1.1: is the port right?`,
			log: "the sender speaks SSH, and this address HTTP/1.1", counts: capture.Counts{Strays: 1},
		},
		{
			name: "HTTP/2", pieces: []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
			status: "505", want: `malformed: line 1: "PRI * HTTP/2.0": the sender speaks HTTP/2, and this address HTTP/1.1: configure it to use HTTP/1.1`,
			log: "the sender speaks HTTP/2, and this address HTTP/1.1", counts: capture.Counts{Strays: 1},
		},
		{
			name: "Redis", pieces: []string{"*1\r\n$4\r\nPING\r\n"},
			status: "400", want: `malformed: line 1: "*1": want a request line such as "POST /bin HTTP/1.1"`, counts: capture.Counts{Strays: 1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log logged
			s, _ := start(t, func(o *capture.Options) {
				o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
				if tt.secured {
					o.TLS.Addr = "127.0.0.1:0"
				}
			})
			urls := strings.NewReplacer("TLSURL", s.TLSURL(), "URL", s.URL())
			for range 2 {
				c := dial(t, s)
				for _, piece := range tt.pieces {
					write(t, c, piece)
				}
				// The writing side stays open: only the answer shows that the server did not
				// understand.
				resp := responses(t, c, http.MethodPost, 1)[0]
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.Status[:3] != tt.status || !resp.Close || !strings.HasPrefix(string(body), urls.Replace(tt.want)) {
					t.Errorf("%s, close %t: %q, %v; want %s %q", resp.Status, resp.Close, body, err, tt.status, urls.Replace(tt.want))
				}
				c.Close()
			}
			if got := s.Counts(); got != (capture.Counts{TLSFailed: 2 * tt.counts.TLSFailed, Strays: 2 * tt.counts.Strays}) {
				t.Errorf("counts %+v", got)
			}
			want := urls.Replace(tt.log)
			if got := log.String(); tt.log == "" && got != "" || tt.log != "" && (strings.Count(got, "\n") != 1 || !strings.Contains(got, want)) {
				t.Errorf("log %q, want one line with %q", got, want)
			}
		})
	}
}

// A TLS client at the plain address gets an answer in HTTP.
func TestTLSClientAtThePlainAddress(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	address := strings.TrimPrefix(s.URL(), "http://")
	var record tls.RecordHeaderError
	if _, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}); !errors.As(err, &record) {
		t.Errorf("tls.Dial: %v", err)
	}
	if _, err := client.Get("https://" + address + "/b"); err == nil || !strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		t.Errorf("Get: %v", err)
	}
}

// A malformed request line that names a bin is recorded, with the bytes after it.
func TestMalformedLinesOfABinAreWaitedFor(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	c := dial(t, s)
	for _, piece := range []string{"POST /b\r\n", "Host: x\r\n", "X-A: 1\r\n\r\n"} {
		write(t, c, piece)
	}
	responses(t, c, http.MethodPost, 1)
	if got := only(t, s, "b"); len(got.Headers) != 2 || len(got.Problems) != 1 {
		t.Errorf("%+v", got)
	}
}
