package export_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// receiver stores the exact bytes of one connection and sends 200 after each complete request.
func receiver(t *testing.T) (address string, received <-chan []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan []byte, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			out <- receive(conn)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String(), out
}

func receive(conn net.Conn) []byte {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	var raw []byte
	buffer := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buffer)
		raw = append(raw, buffer[:n]...)
		_, parsed := wire.ParseRequest(raw)
		if parsed == nil && bytes.Contains(raw, []byte("\r\n\r\n")) || errors.Is(err, io.EOF) {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
			return raw
		}
		if err != nil {
			return raw
		}
	}
}

// TestCurlSendsExactBytes runs the commands with real shells and a real curl, and compares the
// bytes that arrive.
func TestCurlSendsExactBytes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if strings.Contains(os.Getenv("HOOKRIG_REQUIRE"), "curl") {
			t.Fatalf("HOOKRIG_REQUIRE asks for %s: %v", "curl", err)
		}
		t.Skip("curl is not there")
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	long := strings.Repeat("ä$(touch x)`'\"\\%s\n", 8<<10) // too large for an argument
	for name, raw := range map[string]string{
		"json":                  request(delicate),
		"every byte":            request(string(every)),
		"quotes":                request(`it's $HOME "x" \n %d ` + "`id` !"),
		"begins with an @":      request("@/etc/passwd"),
		"a line end at the end": request("a\r\nb\n"),
		"more than an argument": request(long),
		"no body":               "DELETE /x?[1-3]{a,b}#f HTTP/1.1\r\nHost: h.test\r\n\r\n",
		"explicitly no body":    "POST / HTTP/1.1\r\nContent-Length: 0\r\nhost: h.test\r\n\r\n",
		"HEAD":                  "HEAD /inbox HTTP/1.1\r\nHost: h.test\r\nAccept: */*\r\n\r\n",
		"GET with a body":       "GET /inbox HTTP/1.1\r\nHost: h.test\r\nContent-Length: 2\r\n\r\nhi",
		"curl's own names":      "POST /i HTTP/1.1\r\nUSER-AGENT: it's\r\nhost: h.test\r\naccept: a\r\nAccept: b\r\nExpect: nothing\r\ncontent-TYPE: x\r\nCookie: a=b\r\nConnection: close\r\ncontent-length: 1\r\nauthorization: Basic eA==\r\n\r\nx",
		"HTTP/1.0, no Host":     "PURGE /i HTTP/1.0\r\nX-Odd: \xff\xfeé\r\n\r\n",
		"absolute":              "POST http://elsewhere/x HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 1\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to, received := receiver(t)
			script := write(t, "curl", export.Options{KeepSecrets: true, Name: "in\nbox"}, capture(t, raw))
			for _, shell := range []string{"bash", "dash"} {
				if _, err := exec.LookPath(shell); err != nil {
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				cmd := exec.CommandContext(ctx, shell, "-eu")
				cmd.Stdin = strings.NewReader(script)
				cmd.Dir = t.TempDir()
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TO=http://" + to}
				out, err := cmd.CombinedOutput()
				cancel()
				if err != nil {
					t.Fatalf("%s: %v\n%s\n%s", shell, err, out, script)
				}
				// All that curl can do.
				want := strings.ReplaceAll(raw, "X-Empty: \r\n", "X-Empty:\r\n")
				if got := string(<-received); got != want {
					t.Errorf("%s sent\n%.600q\nwant\n%.600q\n%.600s", shell, got, want, script)
				}
			}
		})
	}
}

// TestCurlSkips checks that the script says why it skips what curl cannot send, and that names
// cannot end a comment.
func TestCurlSkips(t *testing.T) {
	t.Parallel()
	c := capture(t, request("x"))
	c.Method = "A\nB"
	c.ID = "c1\nrm -rf /"
	got := write(t, "curl", export.Options{Name: "x\r\ntouch y\u2028"}, c, journal.Capture{Problems: []string{"malformed"}})
	for line := range strings.Lines(got) {
		if line != "\n" && !strings.HasPrefix(line, "#") {
			t.Errorf("%q is not a comment in\n%s", line, got)
		}
	}
	if strings.Count(got, "skipped: ") != 2 {
		t.Error(got)
	}
}

// TestCurlOrigin checks that the Host line is used as the address only if it is a plain host.
func TestCurlOrigin(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"h.test:81":  `"${TO:-http://h.test:81}/"`,
		"[::1]:81":   `"${TO:-http://[::1]:81}/"`,
		"a$(id)":     `"${TO:-http://127.0.0.1:8081}/"`,
		"a}\"; id #": `"${TO:-http://127.0.0.1:8081}/"`,
		"":           `"${TO:-http://127.0.0.1:8081}/"`,
	} {
		if got := write(t, "curl", export.Options{}, capture(t, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n")); !strings.HasSuffix(strings.TrimSpace(got), want) {
			t.Errorf("%q: want %s at the end of\n%s", host, want, got)
		}
	}
}
