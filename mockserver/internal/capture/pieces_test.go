package capture_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A cut response arrives up to its cut, however large it is, and then the connection is reset.
func TestCut(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	s, _ := start(t, func(o *capture.Options) { o.Now = func() time.Time { return now } })
	long := strings.Repeat("0123456789", 1<<18)
	for i, tt := range []struct {
		name     string
		response journal.Response
		method   string
		inHead   bool
		ofBody   string
		dripped  bool
	}{
		{name: "head", response: journal.Response{Cut: "head", Body: "abcd"}, inHead: true},
		{name: "head without a body", response: journal.Response{Status: 503, Cut: "head"}, inHead: true},
		{name: "body", response: journal.Response{Cut: "body", Body: "abcdef"}, ofBody: "abc"},
		{name: "long body", response: journal.Response{Cut: "body", Body: long}, ofBody: long[:len(long)/2]},
		{name: "one byte", response: journal.Response{Cut: "body", Body: "a"}},
		{name: "body of HEAD", response: journal.Response{Cut: "body", Body: "abcd"}, method: "HEAD"},
		{name: "dripped", response: journal.Response{Cut: "body", Body: "abcdef", Drip: journal.Duration(60 * time.Millisecond)}, ofBody: "abc", dripped: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fmt.Sprintf("cut-%d", i)
			configure(t, s, bin, capture.Settings{Responses: capture.Script{Sequence: []journal.Response{tt.response}}})
			if tt.method == "" {
				tt.method = "POST"
			}
			begin := time.Now()
			c := dial(t, s)
			write(t, c, tt.method+" /"+bin+" HTTP/1.1\r\nHost: x\r\n\r\n")
			back, err := io.ReadAll(c)
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v, want ECONNRESET", err)
			}
			head, body, whole := strings.Cut(string(back), "\r\n\r\n")
			if whole == tt.inHead || body != tt.ofBody || !strings.HasPrefix(head, "HTTP/1.1 ") {
				t.Errorf("got %.300q and %d bytes of the body, want %d", head, len(body), len(tt.ofBody))
			}
			if took := time.Since(begin); tt.dripped && took < 30*time.Millisecond {
				t.Errorf("took %s, want half of the drip", took)
			}
			if got := only(t, s, bin); got.Response.Cut != tt.response.Cut || got.Response.Body != tt.response.Body {
				t.Errorf("recorded as %+v", got.Response)
			}
		})
	}
}

// The body arrives in pieces, none before its time, and the connection stays in use.
func TestDrip(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	const over = 100 * time.Millisecond
	configure(t, s, "b", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Body: "abcd", Drip: journal.Duration(over)}, {Body: "next"}}}})
	c := dial(t, s)
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
	begin := time.Now()
	got := ""
	buf := make([]byte, 1024)
	for !strings.HasSuffix(got, "abcd") {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		got += string(buf[:n])
		_, body, _ := strings.Cut(got, "\r\n\r\n")
		if early := over * time.Duration(len(body)) / 4; time.Since(begin) < early-over/4-10*time.Millisecond {
			t.Errorf("%q after %s", body, time.Since(begin))
		}
	}
	if took := time.Since(begin); took < over {
		t.Errorf("took %s, want %s", took, over)
	}
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
	resp := responses(t, c, http.MethodPost, 1)[0]
	if body, err := io.ReadAll(resp.Body); string(body) != "next" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

// The first pieces of a dripping body arrive long before the rest.
func TestDripComesInPieces(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	response := journal.Response{Body: strings.Repeat("x", 10_000), Drip: journal.Duration(10 * time.Minute)}
	configure(t, s, "b", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{response}}})
	c := dial(t, s)
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.ReadFull(resp.Body, make([]byte, 3)); n != 3 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A long body that drips quickly has as many pieces as the time allows, and every byte arrives.
func TestDripOfALongBody(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	long := strings.Repeat("0123456789", 12_345)
	for i, over := range []time.Duration{time.Nanosecond, 15 * time.Millisecond, 70 * time.Millisecond} {
		bin := fmt.Sprintf("long-%d", i)
		configure(t, s, bin, capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Body: long, Drip: journal.Duration(over)}}}})
		response := send(t, s, "POST /"+bin+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, body, _ := strings.Cut(response, "\r\n\r\n"); body != long {
			t.Errorf("%s: %d bytes, want %d", over, len(body), len(long))
		}
	}
}
