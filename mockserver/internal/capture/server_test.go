package capture_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server on a memory store that is closed with the test.
func start(t testing.TB, change ...func(*capture.Options)) (*capture.Server, journal.Store) {
	t.Helper()
	store := journal.NewMemory(journal.MemoryOptions{})
	o := capture.Options{Store: store, Log: slog.New(noPanics{t})}
	for _, f := range change {
		f(&o)
	}
	s, err := capture.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, o.Store
}

// noPanics is a log handler that fails the test when the server panicked.
type noPanics struct{ t testing.TB }

func (noPanics) Enabled(context.Context, slog.Level) bool { return true }
func (h noPanics) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h noPanics) WithGroup(string) slog.Handler          { return h }
func (h noPanics) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panic") {
		r.Attrs(func(a slog.Attr) bool {
			h.t.Errorf("%s: %s", a.Key, a.Value)
			return true
		})
	}
	return nil
}

// dial connects to the server.
func dial(t testing.TB, s *capture.Server) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// send writes raw bytes on a new connection, ends the writing side, and returns the whole response.
func send(t testing.TB, s *capture.Server, raw string) string {
	t.Helper()
	c := dial(t, s)
	write(t, c, raw)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(back)
}

func write(t testing.TB, c io.Writer, raw string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
}

// responses reads n responses to requests of a method.
func responses(t testing.TB, c io.Reader, method string, n int) []*http.Response {
	t.Helper()
	r := bufio.NewReader(c)
	all := make([]*http.Response, 0, n)
	for range n {
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("response %d: %v", len(all)+1, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("response %d: %v", len(all)+1, err)
		}
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		all = append(all, resp)
	}
	return all
}

// post sends one POST and returns the status.
func post(t testing.TB, url, body string) int {
	t.Helper()
	resp, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}

// client keeps no connections, so that none outlives its test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// captures returns all captures of a bin, oldest first.
func captures(t testing.TB, s *capture.Server, bin string) []journal.Capture {
	t.Helper()
	all, err := s.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: bin, Limit: journal.MaxLimit, Oldest: true}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// only returns the single capture of a bin.
func only(t testing.TB, s *capture.Server, bin string) journal.Capture {
	t.Helper()
	all := captures(t, s, bin)
	if len(all) != 1 {
		t.Fatalf("bin %s holds %d captures, want 1", bin, len(all))
	}
	return all[0]
}

func configure(t testing.TB, s *capture.Server, bin string, set capture.Settings) {
	t.Helper()
	if err := s.Configure(t.Context(), bin, set); err != nil {
		t.Fatal(err)
	}
}

func status(response string) string {
	var code string
	if _, err := fmt.Sscanf(response, "HTTP/1.1 %s", &code); err != nil {
		return response
	}
	return code
}
