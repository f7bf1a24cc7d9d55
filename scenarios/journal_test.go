package scenarios

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver"
)

const journaled = `
steps:
  - id: neostore
    subscribe: {provider: neostore, events: ["*"], retry: at-least-once}
  - id: subscribfy
    subscribe: {provider: subscribfy, to: "${bins.inbox.url}/subscribfy"}
  - id: stripe
    subscribe: {provider: stripe, to: "${bins.inbox.url}/stripe"}
  - id: pass
    journey: {provider: neostore, name: pass}
  - id: again
    deliver: {from: pass, times: 3, parallel: true, faults: ["body:tamper", "signature:wrong_secret"]}
  - id: wallet
    journey: {provider: subscribfy, name: wallet_pass}
  - id: paid
    deliver: {provider: stripe, event: invoice.paid}
  - id: later
    advance: 3d
  - id: call
    call: {method: POST, url: "${bins.inbox.url}/call?a=1", body: "x"}
`

// journalOf plays a scenario on a new server, as hookrig run does, and returns its journal.
func journalOf(t *testing.T, s *Scenario, o Options) []byte {
	t.Helper()
	var journal bytes.Buffer
	o.Journal = &journal
	server, err := mockserver.Start(t.Context(), mockserver.Options{Seed: *s.Seed})
	if err != nil {
		t.Error(err)
		return nil
	}
	defer server.Close()
	if report, err := Run(t.Context(), server.Client(), s, o); err != nil || report.Status != Passed {
		t.Errorf("%s, %v", report.Status, err)
	}
	return journal.Bytes()
}

// withoutWall returns the lines of a journal without their members wall.
func withoutWall(t *testing.T, journal []byte) []string {
	t.Helper()
	var lines []string
	for scanner := bufio.NewScanner(bytes.NewReader(journal)); scanner.Scan(); {
		var e map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		delete(e, "wall")
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

// TestJournalsAreEqual checks that runs with the same seed write the same journal except for the
// members wall, one after the other and eight at a time, to a bin and to a consumer.
func TestJournalsAreEqual(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Neostore-EventName") == "Pass:Updated" {
			w.WriteHeader(503)
		}
	}))
	t.Cleanup(consumer.Close)
	for name, o := range map[string]Options{"bin": {}, "consumer": {Target: consumer.URL + "/hooks", Secret: "s3cret"}} {
		s := read(t, journaled)
		want := withoutWall(t, journalOf(t, s, o))
		if len(want) < 40 {
			t.Errorf("%s: only %d lines", name, len(want))
		}
		runs := 10
		if name == "consumer" && !testing.Short() {
			runs = 100
		}
		var playing sync.WaitGroup
		slots := make(chan struct{}, 8)
		for range runs {
			slots <- struct{}{}
			playing.Go(func() {
				defer func() { <-slots }()
				if diff := cmp.Diff(want, withoutWall(t, journalOf(t, s, o))); diff != "" {
					t.Errorf("%s: (-first +later):\n%s", name, diff)
				}
			})
		}
		playing.Wait()
	}
}

// TestJournalIsRead checks that every request that a run sent is read back from its journal, byte
// for byte.
func TestJournalIsRead(t *testing.T) {
	t.Parallel()
	s := read(t, journaled)
	server, err := mockserver.Start(t.Context(), mockserver.Options{Seed: *s.Seed})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var journal bytes.Buffer
	if report, err := Run(t.Context(), server.Client(), s, Options{Journal: &journal}); err != nil || report.Status != Passed {
		t.Fatalf("%s, %v", report.Status, err)
	}
	sent := map[string]int{}
	deliveries, err := server.Client().Deliveries(t.Context(), mockserver.DeliveryQuery{Limit: mockserver.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	for i := range deliveries {
		for _, a := range deliveries[i].Attempts {
			sent[requestText(&a.Sent)]++
		}
	}
	format, err := mockserver.FindFormat("jsonl")
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for record := range format.Read(&journal) {
		if record.Err != nil {
			t.Fatalf("line %d: %v", record.Line, record.Err)
		}
		if record.Capture.At.IsZero() {
			t.Errorf("line %d has no time", record.Line)
		}
		if text := requestText(&record.Capture.Message); sent[text] > 0 {
			sent[text]--
		} else if calls++; record.Capture.Method != "POST" || string(record.Capture.Body) != "x" {
			t.Errorf("line %d was not sent:\n%s", record.Line, text)
		}
	}
	for text, n := range sent {
		if n > 0 {
			t.Errorf("%d times not in the journal:\n%s", n, text)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}
