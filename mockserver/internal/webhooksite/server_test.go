package webhooksite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/webhooksite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a capture server with a Site in front of it.
type server struct {
	t     testing.TB
	url   string
	store journal.Store
	clock *clock
	bins  *capture.Server
}

// clock is a clock that moves by its test only.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 5, 4, 3, 2, 1, 250e6, time.UTC)} }

// start starts a server on a store, or on a new one in memory; it ends with the test.
func start(t testing.TB, store journal.Store) *server {
	t.Helper()
	if store == nil {
		store = journal.NewMemory(journal.MemoryOptions{})
	}
	r := &server{t: t, store: store, clock: newClock()}
	r.url = r.serve()
	return r
}

// serve starts another server on the server's store.
func (r *server) serve() string {
	r.t.Helper()
	s, err := webhooksite.New(r.t.Context(), webhooksite.Options{Store: r.store, Now: r.clock.now, Log: slog.New(noErrors{r.t})})
	if err != nil {
		r.t.Fatal(err)
	}
	r.bins, err = capture.Start(r.t.Context(), capture.Options{Store: r.store, Front: s.Front(), Now: r.clock.now, Log: slog.New(noErrors{r.t})})
	if err != nil {
		r.t.Fatal(err)
	}
	bins := r.bins
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := bins.Close(ctx); err != nil {
			r.t.Errorf("Close: %v", err)
		}
	})
	return bins.URL()
}

// noErrors is a log handler that fails the test when the server logs an error or a panic.
type noErrors struct{ t testing.TB }

func (noErrors) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (h noErrors) WithAttrs([]slog.Attr) slog.Handler         { return h }
func (h noErrors) WithGroup(string) slog.Handler              { return h }
func (h noErrors) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		h.t.Errorf("%s: %s: %s", r.Message, a.Key, a.Value)
		return true
	})
	return nil
}

// client keeps no connection, so that none outlives its test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request with these header lines, name and value in turn.
func (r *server) send(method, path, body string, lines ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(lines); i += 2 {
		req.Header.Set(lines[i], lines[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Errorf("%s %s: %v", method, path, err)
		return answer{}
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Errorf("%s %s: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, string(read)}
}

// call calls the API, wants a status and returns the JSON object of the answer.
func (r *server) call(method, path, body string, want int) map[string]any {
	r.t.Helper()
	got := r.send(method, path, body, "Content-Type", "application/json", "Accept", "application/json")
	if got.status != want {
		r.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, got.status, got.body, want)
	}
	if got.body == "" {
		return nil
	}
	return r.object(got.body)
}

func (r *server) object(text string) map[string]any {
	r.t.Helper()
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	return object
}

// token makes a token and returns its UUID.
func (r *server) token(body string) string {
	r.t.Helper()
	return r.call("POST", "/token", body, 201)["uuid"].(string)
}

// deliver sends a request to a bin and wants a status; it returns the request's UUID.
func (r *server) deliver(path, body string, want int, lines ...string) string {
	r.t.Helper()
	got := r.send("POST", path, body, lines...)
	if got.status != want {
		r.t.Fatalf("POST %s: %d %s, want %d", path, got.status, got.body, want)
	}
	return got.header.Get("X-Request-Id")
}

// listed returns the contents of what a list has, in its order.
func (r *server) listed(token, query string) []string {
	r.t.Helper()
	contents := []string{}
	for _, item := range r.call("GET", "/token/"+token+"/requests"+query, "", 200)["data"].([]any) {
		contents = append(contents, item.(map[string]any)["content"].(string))
	}
	return contents
}

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
