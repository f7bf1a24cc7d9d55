package capture_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// attempt is a capture of a delivery, received after that many seconds.
func attempt(id string, second float64, peer int, response *journal.Response, lines ...string) journal.Capture {
	headers := signature.Headers{{Name: "webhook-id", Value: id}, {Name: "User-Agent", Value: "sender/1"}}
	for i := 0; i < len(lines); i += 2 {
		headers = append(headers, signature.Header{Name: lines[i], Value: lines[i+1]})
	}
	return journal.Capture{
		Bin: "b", At: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC).Add(time.Duration(second * float64(time.Second))), Peer: fmt.Sprint("127.0.0.1:", peer),
		Message: wire.Message{Method: "POST", Target: "/b", Version: "HTTP/1.1", Headers: headers, Body: []byte(id)}, Response: response,
	}
}

func otherBody(c journal.Capture) journal.Capture {
	c.Body = []byte("another")
	return c
}

// A sender that retries a 503 after 1 s and 5 s, ignores Retry-After once, gives up at a 400, and
// repeats itself after a 200.
func TestSender(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	unavailable := &journal.Response{Status: 503}
	later := &journal.Response{Status: 429, Headers: map[string]string{"retry-after": "3"}}
	for _, c := range []journal.Capture{
		attempt("one", 0, 1, unavailable, "webhook-timestamp", "0"),
		attempt("two", 0.5, 1, later),
		attempt("one", 1, 1, unavailable, "Webhook-Timestamp", "1"),
		attempt("three", 2, 2, &journal.Response{Status: 400}),
		otherBody(attempt("two", 3.5, 2, later)),
		attempt("two", 4.5, 2, &journal.Response{Hang: true}),
		attempt("one", 6, 3, nil, "webhook-timestamp", "6"),
		attempt("four", 7, 3, nil),
		attempt("four", 8, 3, nil),
	} {
		if err := store.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Sender(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	second := journal.Duration(time.Second)
	want := analysis.Sender{
		Bin: "b", Captures: 9, Complete: true, Deliveries: 4, Retried: 3,
		After:      []analysis.Followed{{Response: "200", Times: 3, Retried: 1}, {Response: "400", Times: 1}, {Response: "429", Times: 2, Retried: 2}, {Response: "503", Times: 2, Retried: 2}, {Response: "hang", Times: 1}},
		BackOff:    []analysis.Gap{{Attempt: 2, N: 3, Min: second, Median: second, Max: 3 * second}, {Attempt: 3, N: 2, Min: second, Median: 5 * second, Max: 5 * second}},
		RetryAfter: analysis.Kept{Of: 2, Times: 1}, Vary: []string{"webhook-timestamp"}, SameBody: analysis.Kept{Of: 5, Times: 3}, Connections: 3,
		UserAgents: map[string]int{"sender/1": 9}, Versions: map[string]int{"HTTP/1.1": 9}, Verdicts: map[string]int{},
		Findings: []string{
			"sends again after 200, which should end a delivery: 1 of 3 times", "does not retry after 400: none of 1 times",
			"retries after 429: every one of 2 times", "retries after 503: every one of 2 times", "does not retry after hang: none of 1 times",
			"waits 1s, 5s between attempts (medians)", "waits as long as Retry-After asks: 1 of 2 times", "changes the body between attempts: 2 of 5 times",
			"changes these header lines between attempts: webhook-timestamp", "keeps connections open: 9 requests over 3",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := store.TrimBin(t.Context(), "b", 5); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Sender(t.Context(), "b"); err != nil || got.Complete || got.Captures != 5 {
		t.Errorf("after an eviction: %+v, %v", got, err)
	}
	if got, err = s.Sender(t.Context(), "nobody"); err != nil || fmt.Sprint(got.Findings) != "[nothing was received yet]" {
		t.Errorf("of an empty bin: %+v, %v", got, err)
	}
}
