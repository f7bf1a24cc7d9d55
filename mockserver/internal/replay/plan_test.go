package replay_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// captures returns requests with those recorded times. A negative time means none.
func captures(t *testing.T, at ...time.Duration) iter.Seq2[journal.Capture, error] {
	t.Helper()
	list := make([]journal.Capture, len(at))
	for i, after := range at {
		list[i] = journal.Capture{ID: fmt.Sprintf("c%d", i), Message: parse(t, "POST /in HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")}
		if after >= 0 {
			list[i].At = when.Add(after)
		}
	}
	return func(yield func(journal.Capture, error) bool) {
		for _, c := range list {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// slow is a consumer that responds after a delay, in a synctest bubble. It counts concurrent
// requests.
type slow struct {
	delay     time.Duration
	mu        sync.Mutex
	now, most int
}

func (s *slow) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		if _, err := server.Read(make([]byte, 4096)); err != nil {
			return
		}
		s.mu.Lock()
		s.now++
		s.most = max(s.most, s.now)
		s.mu.Unlock()
		time.Sleep(s.delay)
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
		// fails if the sender has left
		_, _ = server.Write([]byte("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
	}()
	return client, nil
}

const every = 100 * time.Millisecond

// TestPaceIsKept checks that a slow consumer does not delay the schedule while a connection is
// free, and that lag is measured.
func TestPaceIsKept(t *testing.T) {
	t.Parallel()
	eight := []time.Duration{0, every, 2 * every, 3 * every, 4 * every, 5 * every, 6 * every, 7 * every}
	for name, c := range map[string]struct {
		plan     replay.Plan
		at       []time.Duration
		delay    time.Duration
		total    time.Duration
		most     int           // concurrent requests
		p50, max time.Duration // lag
	}{
		"at its pace":                   {plan: replay.Plan{Speed: 1}, at: eight, delay: 2 * time.Second, total: 2700 * time.Millisecond, most: 8},
		"twice as fast":                 {plan: replay.Plan{Speed: 2}, at: eight, delay: 2 * time.Second, total: 2350 * time.Millisecond, most: 8},
		"one connection is late":        {plan: replay.Plan{Speed: 1, Connections: 1}, at: eight, delay: 2 * time.Second, total: 16 * time.Second, most: 1, p50: 5700 * time.Millisecond, max: 13300 * time.Millisecond},
		"no speed: one after the other": {at: eight, delay: 2 * time.Second, total: 16 * time.Second, most: 1},
		"no speed: four at once":        {plan: replay.Plan{Connections: 4}, at: eight, delay: 2 * time.Second, total: 4 * time.Second, most: 4},
		"times out of order":            {plan: replay.Plan{Speed: 1}, at: []time.Duration{0, 30 * time.Second, 20 * time.Second, 90 * time.Second}, total: 91 * time.Second, most: 2, delay: time.Second},
		"no time is at once":            {plan: replay.Plan{Speed: 1}, at: []time.Duration{-1, 0, -1, time.Second, -1}, total: 1500 * time.Millisecond, most: 3, delay: every * 5},
		"no times at all":               {plan: replay.Plan{Speed: 0.001}, at: []time.Duration{-1, -1}, delay: time.Second, total: time.Second, most: 2},
		"gaps are shortened":            {plan: replay.Plan{Speed: 1, MaxGap: time.Second}, at: []time.Duration{0, time.Hour, time.Hour + every, 1000 * time.Hour}, total: 2*time.Second + every, most: 1, delay: 0},
		"gaps as they are sent":         {plan: replay.Plan{Speed: 3600, MaxGap: 2 * time.Second}, at: []time.Duration{0, time.Hour, 24 * time.Hour}, total: 3 * time.Second, most: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				consumer := &slow{delay: c.delay}
				c.plan.To, c.plan.Client = "http://consumer/", &wire.Client{Dial: consumer.dial}
				began := time.Now()
				sum, err := c.plan.Run(t.Context(), captures(t, c.at...))
				if err != nil {
					t.Fatal(err)
				}
				if got := time.Since(began); got != c.total {
					t.Errorf("took %v, want %v", got, c.total)
				}
				if consumer.most != c.most {
					t.Errorf("%d requests at once, want %d", consumer.most, c.most)
				}
				if want := (replay.Summary{Sent: len(c.at), Acknowledged: len(c.at), LagP50: c.p50, LagMax: c.max}); sum != want {
					t.Errorf("%+v, want %+v", sum, want)
				}
			})
		})
	}
}

// TestRunEndsWithItsContext checks that Waiting is called before a wait, and that the end of the
// context ends the wait and the requests in progress.
func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		consumer := &slow{delay: time.Hour}
		time.AfterFunc(2*time.Minute, cancel)
		var waits []time.Duration
		var sent []wire.Outcome
		plan := replay.Plan{
			To: "http://consumer/", Client: &wire.Client{Dial: consumer.dial}, Speed: 1,
			Waiting: func(d time.Duration) { waits = append(waits, d) },
			Sent:    func(e replay.Exchange) error { sent = append(sent, e.Attempt.Outcome); return nil },
		}
		sum, err := plan.Run(ctx, captures(t, 0, time.Minute, time.Hour))
		if !errors.Is(err, context.Canceled) || sum.Sent != 2 || sum.Acknowledged != 0 {
			t.Errorf("%+v, %v", sum, err)
		}
		if diff := cmp.Diff([]time.Duration{time.Minute, 59 * time.Minute}, waits); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]wire.Outcome{wire.NoResponse, wire.NoResponse}, sent); diff != "" {
			t.Error(diff)
		}
		time.Sleep(2 * time.Hour) // the consumer responds late
	})
}

// TestRunEndsWithAnError checks that an error of the captures, of Sent or of the guard ends the
// run.
func TestRunEndsWithAnError(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer consumer.Close()
	bad := errors.New("bad")
	plan := replay.Plan{To: consumer.URL, Client: &wire.Client{}, Sent: func(replay.Exchange) error { return bad }}
	if sum, err := plan.Run(t.Context(), captures(t, 0, 0, 0)); !errors.Is(err, bad) || sum.Sent != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
	plan = replay.Plan{To: "http://192.0.2.1/", Client: &wire.Client{Dial: new(wire.Guard).Dial}}
	if _, err := plan.Run(t.Context(), captures(t, 0)); !errors.Is(err, wire.ErrForbidden) {
		t.Error(err)
	}
	plan = replay.Plan{To: consumer.URL, Client: &wire.Client{}}
	sum, err := plan.Run(t.Context(), func(yield func(journal.Capture, error) bool) { yield(journal.Capture{}, bad) })
	if !errors.Is(err, bad) || sum.Sent != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	plan.Client.CloseIdle()
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ to, bin, recorded, want string }{
		{"http://h/base", "", "/shop/orders?shop=a", "/base/shop/orders?shop=a"},
		{"http://h/base/?k=1", "", "/shop?x=1&x=2", "/base/shop?k=1&x=1&x=2"},
		{"http://h/base?k=1", "shop", "/shop/orders/created?shop=a", "/base/orders/created?k=1&shop=a"},
		{"http://h", "shop", "/shop", "/"},
		{"http://h", "shop", "/shop?a", "/?a"},
		{"http://h/", "shop", "/shopping/a", "/shopping/a"},
		{"http://h/b", "a b", "/a%20b/c", "/b/c"},
		{"http://h/b", "", "http://other:1/x%2Fy//z?q#f", "/b/x%2Fy//z?q"},
		{"http://h/b", "", "http://other", "/b"},
		{"http://h/b", "", "*", "/b"},
		{"http://h/b", "", "/a b\t?c d", "/b/a%20b%09?c%20d"},
		{"http://h/b", "", "/r?u=http://x/y", "/b/r?u=http://x/y"},
	} {
		m := parse(t, "POST / HTTP/1.1\r\nHost: h\r\n\r\n")
		m.Target = c.recorded
		got, _, err := (&replay.Change{KeepPath: true, Bin: c.bin}).Apply(m, c.to, when, when)
		if err != nil || got.Target != c.want {
			t.Errorf("%s, bin %q, at %s: %q, %v, want %q", c.recorded, c.bin, c.to, got.Target, err, c.want)
		}
	}
}

// TestApplyFrames checks that header lines of the old connection, and wrong ones about the body,
// are corrected with a note.
func TestApplyFrames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head, body string // recorded; lines end in LF
		want, sent string // lines after Host, and the body
		note       string // part of the notes; "" means none
	}{
		"right":                       {"Content-Length: 2", "hi", "Content-Length: 2", "hi", ""},
		"too short":                   {"A: 1\ncontent-length: 5\nB: 2", "hello, world", "A: 1\ncontent-length: 12\nB: 2", "hello, world", "body is not the recorded one: head says 5 bytes, 12 sent; Content-Length set to 12"},
		"too long":                    {"Content-Length: 50", "hi", "Content-Length: 2", "hi", "head says 50 bytes, 2 sent"},
		"no length":                   {"A: 1", "hi", "A: 1\nContent-Length: 2", "hi", ""},
		"no body":                     {"A: 1", "", "A: 1", "", ""},
		"twice the same":              {"Content-Length: 2\nContent-Length: 2", "hi", "Content-Length: 2", "hi", "more than once"},
		"a list":                      {"Content-Length: 2, 2", "hi", "Content-Length: 2", "hi", "more than once"},
		"unequal":                     {"Content-Length: 2\ncontent-length: 3", "hi", "Content-Length: 2", "hi", "head says 2 and 3 bytes"},
		"a plus":                      {"Content-Length: +2", "hi", "Content-Length: 2", "hi", "head says +2 bytes"},
		"negative":                    {"Content-Length: -2", "hi", "Content-Length: 2", "hi", "head says -2 bytes"},
		"huge":                        {"Content-Length: 99999999999999999999", "hi", "Content-Length: 2", "hi", "head says 99999999999999999999 bytes"},
		"no number":                   {"Content-Length: ", "", "Content-Length: 0", "", "head says  bytes"},
		"chunks stay":                 {"Transfer-Encoding: chunked", "hi", "Transfer-Encoding: chunked", "2\nhi\n0\n\n", ""},
		"chunks and a length":         {"Content-Length: 2\nTransfer-Encoding: Chunked", "hi", "Transfer-Encoding: Chunked", "2\nhi\n0\n\n", "Content-Length removed"},
		"chunks twice":                {"Transfer-Encoding: chunked\nTransfer-Encoding: chunked", "hi", "Transfer-Encoding: chunked", "2\nhi\n0\n\n", ""},
		"identity":                    {"Transfer-Encoding: identity", "hi", "Content-Length: 2", "hi", `Transfer-Encoding "identity" removed`},
		"identity and a length":       {"Transfer-Encoding: identity\nContent-Length: 9", "hi", "Content-Length: 2", "hi", "head says 9 bytes"},
		"unknown":                     {"Transfer-Encoding: squeeze", "hi", "Content-Length: 2", "hi", "unknown coding"},
		"gzip in chunks":              {"Transfer-Encoding: gzip, chunked", gzipped("hi"), "Transfer-Encoding: chunked", "2\nhi\n0\n\n", "gzip was decoded"},
		"gzip that is none":           {"Transfer-Encoding: gzip, chunked", "hi", "Transfer-Encoding: chunked", "2\nhi\n0\n\n", "could not be decoded"},
		"trailer":                     {"Trailer: X-Sig\nTransfer-Encoding: chunked", "hi", "Transfer-Encoding: chunked", "2\nhi\n0\n\n", "Trailer removed"},
		"expect":                      {"Expect: 100-continue\nContent-Length: 2", "hi", "Content-Length: 2", "hi", "Expect removed"},
		"connection":                  {"Connection: close, X-Hop\nKeep-Alive: 5\nX-Hop: 1\nContent-Length: 2", "hi", "Content-Length: 2", "hi", "X-Hop removed"},
		"connection names the length": {"Connection: Content-Length, Host\nContent-Length: 2", "hi", "Content-Length: 2", "hi", ""},
		"upgrade":                     {"Upgrade: h2c\nHTTP2-Settings: x\nConnection: Upgrade, HTTP2-Settings\nTE: trailers\nProxy-Authorization: x", "", "", "", "Proxy-Authorization removed"},
		"two hosts":                   {"host: b\nContent-Length: 2", "hi", "Content-Length: 2", "hi", ""},
	} {
		m := wire.Message{Method: "POST", Target: "/", Version: "HTTP/1.0", Body: []byte(c.body)}
		m.Headers.Add("Host", "a")
		for line := range strings.SplitSeq(c.head, "\n") {
			key, value, _ := strings.Cut(line, ": ")
			m.Headers.Add(key, value)
		}
		got, notes, err := (&replay.Change{}).Apply(m, "http://h/x", when, when)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := "POST /x HTTP/1.1\nHost: h\n" + c.want + "\n\n" + c.sent
		want = strings.ReplaceAll(strings.Replace(want, "\n\n\n", "\n\n", 1), "\n", "\r\n")
		if raw := string(wire.Append(nil, got)); raw != want {
			t.Errorf("%s: sent\n%q\nwant\n%q", name, raw, want)
		}
		if all := strings.Join(notes, "\n"); (c.note == "") != (len(notes) == 0) || !strings.Contains(all, c.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
		if !wire.Whole(&got) {
			t.Errorf("%s: the head does not say where the body ends", name)
		}
	}
}
