package dashboard_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// event is one event of the stream.
type event struct {
	id, name string
	data     map[string]any
}

// reader reads a stream by its specification (WHATWG HTML, server-sent events).
type reader struct {
	scan *bufio.Scanner
	stop context.CancelFunc
}

func (r *server) open(t *testing.T, query, last string) *reader {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.DashboardURL()+"/api/v1/stream"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	scan := bufio.NewScanner(resp.Body)
	scan.Buffer(nil, 1<<20)
	return &reader{scan, stop}
}

// next returns the next event.
func (r *reader) next(t *testing.T) event {
	t.Helper()
	var e event
	for r.scan.Scan() {
		field, value, _ := strings.Cut(r.scan.Text(), ": ")
		switch field {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				t.Fatal(err)
			}
		case "":
			if e.data != nil {
				return e
			}
		}
	}
	t.Fatalf("the stream ended: %v", r.scan.Err())
	return e
}

// until returns the next event with this name.
func (r *reader) until(t *testing.T, name string) event {
	t.Helper()
	for {
		if e := r.next(t); e.name == name {
			return e
		}
	}
}

func TestStreamSendsNewRecords(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	inbox := r.Bin("inbox")
	if err := inbox.Respond(t.Context(), journal.Response{Status: 500}, journal.Response{Status: 200}); err != nil {
		t.Fatal(err)
	}
	// The bin answered this one with 500; the stream starts after it.
	r.write(t, "POST /inbox/before HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	s := r.open(t, "", "")
	if ready := s.next(t); ready.name != "ready" || ready.id != "1-0" {
		t.Errorf("first %+v, want ready at 1-0", ready)
	}
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+inbox.URL()+`", "retry": "at-least-once"}`)
	if err := inbox.Respond(t.Context(), journal.Response{Status: 500}, journal.Response{Status: 200}); err != nil {
		t.Fatal(err)
	}
	r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
	c := s.until(t, "capture")
	if c.data["target"] != "/inbox" || c.data["seq"] != 2.0 {
		t.Errorf("capture %v", c.data)
	}
	// The stream sends the delivery again when it changes.
	r.call(t, 200, "POST", "/clock/settle", "")
	r.call(t, 200, "POST", "/clock/advance", `{"by": "72h"}`)
	for {
		d := s.until(t, "delivery")
		if d.data["state"] == "delivered" {
			if attempts := d.data["attempts"].([]any); len(attempts) != 2 {
				t.Errorf("delivered after %d attempts, want 2", len(attempts))
			}
			break
		}
	}
}

func TestStreamResumes(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	s := r.open(t, "", "")
	s.next(t) // ready
	post := func(bin string, i int) {
		r.write(t, fmt.Sprintf("POST /%s/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", bin, i))
	}
	post("inbox", 1)
	last := s.next(t)
	s.stop()
	for i := 2; i <= 100; i++ {
		post("inbox", i)
	}
	post("other", 101)
	for _, again := range []*reader{r.open(t, "", last.id), r.open(t, "?after="+last.id, "")} {
		again.next(t)
		if e := again.next(t); e.name != "missed" || e.data["why"] != "resumed" {
			t.Errorf("second %+v, want that changes may be missed", e)
		}
		for i := 2; i <= 100; i++ {
			if e := again.next(t); e.data["target"] != fmt.Sprintf("/inbox/%d", i) || e.id != fmt.Sprintf("%d-0", i) {
				t.Fatalf("event %s %v, want /inbox/%d", e.id, e.data["target"], i)
			}
		}
	}
	only := r.open(t, "?bin=other", "0-0")
	only.next(t)
	if e := only.next(t); e.data["target"] != "/other/101" {
		t.Errorf("of one bin: %v, want /other/101", e.data["target"])
	}
	p := r.call(t, 422, "GET", "/stream?after=yesterday", "")
	if p["detail"] != `stream position "yesterday": want the id of an event of the stream, as in 12-7` {
		t.Errorf("problem %v", p)
	}
}

// The stream tells a reader that is too far behind which records it skips.
func TestStreamSkips(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	t.Cleanup(func() { store.Close() })
	for range 10_050 {
		if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: "inbox"}); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, mockserver.Options{Store: store})
	s := r.open(t, "", "10-0")
	s.next(t) // ready
	s.next(t) // missed
	skipped := s.next(t)
	if skipped.name != "skipped" || skipped.data["kind"] != "capture" || skipped.data["from"] != 11.0 || skipped.data["to"] != 50.0 || skipped.data["why"] != "behind" {
		t.Errorf("second %+v, want skipped 11 to 50", skipped)
	}
	stats := r.call(t, 200, "GET", "/bins/inbox/stats", "")
	if got := fmt.Sprintf("%v %v %v", stats["dropped"], stats["stored"], stats["received"]); got != "40 10050 10050" {
		t.Errorf("stats %v, want 40 dropped of 10050", stats)
	}
	listed := r.call(t, 200, "GET", "/bins", "")["items"].([]any)[0].(map[string]any)
	if fmt.Sprint(listed["stats"]) != fmt.Sprint(stats) {
		t.Errorf("listed %v, want the stats %v", listed, stats)
	}
	if got := samples(t, r)["hookrig_stream_dropped_total"]; got != 40 {
		t.Errorf("metrics say %v were dropped, want 40", got)
	}
	if e := s.next(t); e.data["seq"] != 51.0 {
		t.Errorf("then capture %v, want 51", e.data["seq"])
	}
}

// The stream sends deletions to live readers and to readers that reconnect.
func TestStreamSendsDeletions(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{PerBin: 3, Deliveries: 2})
	t.Cleanup(func() { store.Close() })
	r := start(t, mockserver.Options{Store: store})
	post := func(bin string) { r.write(t, "POST /"+bin+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") }
	told := func(s *reader, want string) {
		t.Helper()
		e := s.next(t)
		got := fmt.Sprintf("%s %s", e.name, e.id)
		switch e.name {
		case "skipped":
			got += fmt.Sprintf(" %v %v-%v %v", e.data["kind"], e.data["from"], e.data["to"], e.data["why"])
		case "removed":
			got += fmt.Sprintf(" %v %v up to %v %v", e.data["bin"], e.data["seqs"], e.data["up_to"], e.data["why"])
		}
		if got != want {
			t.Fatalf("told %s, want %s", got, want)
		}
	}
	live := r.open(t, "", "")
	told(live, "ready 0-0")
	post("a") // 1
	told(live, "capture 1-0")
	for range 5 {
		post("a") // 2 to 6; 4 to 6 stay
	}
	post("b") // 7
	post("a") // 8; evicts 4
	post("c") // 9
	r.call(t, 200, "DELETE", "/bins/c", "")
	post("b") // 10

	again := r.open(t, "", "1-0")
	for _, want := range []string{
		"ready 1-0", "missed 1-0", "skipped 4-0 capture 2-4 removed", "capture 5-0", "capture 6-0", "capture 7-0", "capture 8-0",
		"skipped 9-0 capture 9-9 removed", "capture 10-0",
	} {
		told(again, want)
	}
	// Nothing was deleted from a bin that still has its older captures.
	for last, want := range map[string][]string{
		"1-0": {"ready 1-0", "missed 1-0", "skipped 4-0 capture 2-4 removed", "capture 5-0", "capture 6-0", "capture 8-0"},
		"5-0": {"ready 5-0", "missed 5-0", "capture 6-0", "capture 8-0"},
	} {
		s := r.open(t, "?bin=a", last)
		for _, want := range want {
			told(s, want)
		}
	}
	quiet := r.open(t, "?bin=b", "1-0")
	for _, want := range []string{"ready 1-0", "missed 1-0", "capture 7-0", "capture 10-0"} {
		told(quiet, want)
	}

	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/d", "secret": "s"}`)
	for range 5 {
		r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
		r.call(t, 200, "POST", "/clock/settle", "")
	}
	deliveries := r.open(t, "?bin=none", "15-0")
	for _, want := range []string{"ready 15-0", "missed 15-0", "skipped 15-3 delivery 1-3 removed", "delivery 15-4", "delivery 15-5"} {
		told(deliveries, want)
	}
}

// The stream sends later changes of a capture: the response of a consumer behind forward, and its
// deletion.
func TestStreamSendsChanges(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		w.WriteHeader(202)
	}))
	t.Cleanup(consumer.Close)
	r := start(t, mockserver.Options{})
	r.call(t, 200, "PUT", "/bins/a", `{"forward": "`+consumer.URL+`"}`)
	s := r.open(t, "?bin=a", "")
	s.next(t) // ready
	responded := make(chan struct{})
	go func() {
		defer close(responded)
		if resp, err := r.http.Post(r.CaptureURL()+"/a", "text/plain", strings.NewReader("x")); err == nil {
			resp.Body.Close()
		}
	}()
	if e := s.next(t); e.name != "capture" || e.data["response"] != nil {
		t.Errorf("told %+v, want the capture without a response", e)
	}
	close(answer)
	<-responded
	e := s.next(t)
	if response, ok := e.data["response"].(map[string]any); e.name != "capture" || !ok || response["status"] != 202.0 {
		t.Errorf("then %+v, want the capture with the consumer's response", e)
	}
	r.call(t, 200, "DELETE", "/bins/a/captures", "")
	if e := s.next(t); e.name != "removed" || e.data["bin"] != "a" || e.data["up_to"] != 1.0 || e.data["why"] != "cleared" {
		t.Errorf("then %+v, want that the bin was cleared", e)
	}
	r.write(t, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	s.until(t, "capture")
	r.call(t, 200, "DELETE", "/captures/c00000002", "")
	if e := s.until(t, "removed"); fmt.Sprint(e.data["seqs"]) != "[2]" || e.data["why"] != "deleted" {
		t.Errorf("then %+v, want that the capture was deleted", e)
	}
}

// A position from an older, longer journal does not silence the stream.
func TestStreamOfANewJournal(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	s := r.open(t, "", "500-20")
	if e := s.next(t); e.name != "ready" || e.id != "0-0" {
		t.Errorf("first %+v, want ready 0-0", e)
	}
	if e := s.next(t); e.name != "capture" || e.id != "1-0" {
		t.Errorf("then %+v, want capture 1-0", e)
	}
	// A position of this journal stays valid after its record was deleted.
	r.call(t, 200, "DELETE", "/bins/a", "")
	if e := r.open(t, "", "1-0").next(t); e.id != "1-0" {
		t.Errorf("%+v, want ready 1-0", e)
	}
	if e := r.open(t, "", "").next(t); e.id != "1-0" {
		t.Errorf("%+v, want ready 1-0", e)
	}
}

// A reader that reads nothing delays no capture, and the server can stop.
func TestSlowReaderDelaysNobody(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.open(t, "", "").next(t)
	body := strings.Repeat("x", 1<<20)
	for range 20 {
		r.write(t, fmt.Sprintf("POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	}
	captures, err := r.Bin("inbox").Captures(t.Context())
	if err != nil || len(captures) != 20 {
		t.Errorf("%d captures (%v), want 20", len(captures), err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for range 256 {
		r.open(t, "", "").next(t)
	}
	p := r.call(t, 503, "GET", "/stream", "")
	if p["detail"] != "256 streams are open: close one" {
		t.Errorf("problem %v", p)
	}
}

// The server stops while a stream and a wait are open.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	s := r.open(t, "", "")
	s.next(t)
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	for s.scan.Scan() { // until the server stops
	}
}
