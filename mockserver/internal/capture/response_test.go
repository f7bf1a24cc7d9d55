package capture_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// script is a sequence with these bodies.
func script(bodies ...string) (s capture.Script) {
	for _, b := range bodies {
		s.Sequence = append(s.Sequence, journal.Response{Body: b})
	}
	return s
}

// statuses is a sequence with these statuses.
func statuses(codes ...int) (s capture.Script) {
	for _, code := range codes {
		s.Sequence = append(s.Sequence, journal.Response{Status: code})
	}
	return s
}

func TestResponseAsScripted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	s, _ := start(t, func(o *capture.Options) { o.Now = func() time.Time { return now } })
	const date = "Date: Mon, 04 May 2026 03:02:01 GMT\r\n"
	for i, tt := range []struct {
		name     string
		response journal.Response
		want     string // of the whole response, ID for the line that names the capture
	}{
		{"zero", journal.Response{}, "HTTP/1.1 200 OK\r\n" + date + "IDContent-Length: 0\r\n\r\n"},
		{
			"lines and text",
			journal.Response{Status: 503, Headers: map[string]string{"x-z": "1", "Retry-After": "7"}, Body: "down"},
			"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nx-z: 1\r\nContent-Type: text/plain; charset=utf-8\r\n" + date + "IDContent-Length: 4\r\n\r\ndown",
		},
		{"JSON", journal.Response{Body: `{"a":1}`}, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + date + "IDContent-Length: 7\r\n\r\n{\"a\":1}"},
		{
			"a custom content type",
			journal.Response{Status: 299, Headers: map[string]string{"content-type": "x/y", "date": "now"}, Body: "z"},
			"HTTP/1.1 299 Status 299\r\ncontent-type: x/y\r\ndate: now\r\nIDContent-Length: 1\r\n\r\nz",
		},
		{"no content", journal.Response{Status: 204, Body: "never sent"}, "HTTP/1.1 204 No Content\r\nContent-Type: text/plain; charset=utf-8\r\n" + date + "ID\r\n"},
		{
			"lines in order and case",
			journal.Response{
				Headers: map[string]string{"X-First": "1"}, Body: "{}",
				Lines: signature.Headers{{Name: "set-COOKIE", Value: "a=1"}, {Name: "Content-type", Value: "x/y"}, {Name: "Set-Cookie", Value: "b=2"}},
			},
			"HTTP/1.1 200 OK\r\nX-First: 1\r\nset-COOKIE: a=1\r\nContent-type: x/y\r\nSet-Cookie: b=2\r\n" + date + "IDContent-Length: 2\r\n\r\n{}",
		},
		{
			"a length that lies",
			journal.Response{Headers: map[string]string{"Content-Length": "9"}, Body: "short"},
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain; charset=utf-8\r\n" + date + "IDConnection: close\r\n\r\nshort",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fmt.Sprintf("as-%d", i)
			configure(t, s, bin, capture.Settings{Responses: capture.Script{Sequence: []journal.Response{tt.response}}})
			got := send(t, s, "POST /"+bin+" HTTP/1.1\r\nHost: x\r\n\r\n")
			c := only(t, s, bin)
			if want := strings.Replace(tt.want, "ID", "Hookrig-Capture: "+c.ID+"\r\n", 1); got != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
			if tt.response.Status == 0 {
				tt.response.Status = 200
			}
			if diff := cmp.Diff(&tt.response, c.Response); diff != "" {
				t.Errorf("recorded response (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSequence(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	looped := statuses(500, 200)
	looped.Loop = true
	byDelivery := statuses(503, 500, 200)
	byDelivery.By = "delivery"
	ruled := statuses(500)
	ruled.Rules = []capture.Rule{
		{Where: `.body.kind == "a"`, Response: journal.Response{Status: 201}},
		{Where: `.body.kind == "b" or .method == "PUT"`, Response: journal.Response{Status: 202}},
	}
	plans := capture.Script{Sequence: []journal.Response{{Status: 500}, {Status: 200}}, By: "delivery", Rules: []capture.Rule{
		{Where: `.body.kind == "a"`, Sequence: []journal.Response{{Status: 503}, {Status: 504}, {Status: 201}}, By: "delivery"},
		{Where: `.body.kind == "b"`, Sequence: []journal.Response{{Status: 429}, {Status: 202}}, Loop: true},
	}}
	for i, tt := range []struct {
		name   string
		script capture.Script
		bodies []string
		want   []int
	}{
		{"the last one stays", statuses(500, 503, 200), []string{"", "", "", "", ""}, []int{500, 503, 200, 200, 200}},
		{"in a loop", looped, []string{"", "", "", "", ""}, []int{500, 200, 500, 200, 500}},
		{"none", capture.Script{}, []string{"", ""}, []int{200, 200}},
		{
			"by delivery id", byDelivery,
			[]string{`{"__id":"1"}`, `{"__id":"2"}`, `{"__id":"1","n":2}`, `{"__id":"1"}`, `{"__id":"2"}`, `{"__id":"1"}`},
			[]int{503, 503, 500, 200, 500, 200},
		},
		{"by body without id", byDelivery, []string{"x", "y", "x", "x", "z", ""}, []int{503, 503, 500, 200, 503, 503}},
		{
			"rules with their plans", plans,
			[]string{
				`{"id":"1","object":"event","kind":"a"}`, `{"id":"2","object":"event","kind":"a"}`, `{"id":"1","object":"event","kind":"a","n":2}`,
				`{"id":"1","object":"event","kind":"b"}`, `{"id":"2","object":"event","kind":"b"}`, `{"id":"3","object":"event","kind":"b"}`,
				`{"id":"1","object":"event"}`, `{"id":"1","object":"event","n":2}`,
				`{"id":"1","object":"event","kind":"a"}`, `{"id":"2","object":"event","kind":"a"}`,
			},
			[]int{503, 503, 504, 429, 202, 429, 500, 200, 201, 504},
		},
		{"the same id of other objects", byDelivery, []string{`{"id":"1","object":"charge"}`, `{"id":"1","object":"charge","n":2}`}, []int{503, 503}},
		{"rules come first", ruled, []string{`{"kind":"a"}`, `{"kind":"c"}`, `{"kind":"b"}`, "text", `{"kind":"a"}`}, []int{201, 500, 202, 500, 201}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fmt.Sprintf("turns-%d", i)
			configure(t, s, bin, capture.Settings{Responses: tt.script})
			for again := range 2 { // Configure restarts the script
				var got []int
				for _, body := range tt.bodies {
					got = append(got, post(t, s.URL()+"/"+bin, body))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("time %d (-want +got):\n%s", again+1, diff)
				}
				configure(t, s, bin, capture.Settings{Responses: tt.script})
			}
		})
	}
}

func TestDeliveriesByHeaderAndPath(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	set := statuses(503, 200)
	set.By = "delivery"
	configure(t, s, "d", capture.Settings{Responses: set})
	for _, tt := range []struct{ path, line, body, want string }{
		{"/d/1", "Webhook-Id: m1", "first", "503"},
		{"/d/1", "webhook-id: m1", "another body", "200"},
		{"/d/2", "webhook-id: m1", "first", "503"}, // another endpoint
		{"/d/1?try=2", "webhook-id: m2", "first", "503"},
		{"/d/1?try=3", "webhook-id: m2", "first", "200"},
		{"/d/1", "X-GitHub-Delivery: m2", "first", "200"},
		{"/d/1", "X-Other: m3", "first", "503"},
		{"/d/1", "Idempotency-Key: k", "a", "503"},
		{"/d/1", "idempotency-key: k", "b", "200"},
		{"/d/1", "ce-source: /s\r\nce-id: 1", "a", "503"},
		{"/d/1", "ce-source: /other\r\nce-id: 1", "a", "503"},
		{"/d/1", "ce-id: 1\r\nce-source: /s", "b", "200"},
		{"/d/1", "X-Request-Id: r1", "another body", "503"},
		{"/d/1", "X-Request-Id: r2", "another body", "200"},
	} {
		raw := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %d\r\n\r\n%s", tt.path, tt.line, len(tt.body), tt.body)
		if got := status(send(t, s, raw)); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.path, tt.line, got, tt.want)
		}
	}
}

// Every response is taken once, however many requests arrive at the same time.
func TestSequenceUnderConcurrency(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	const senders, each = 8, 25
	var codes []int
	for i := range senders * each {
		codes = append(codes, 200+i)
	}
	configure(t, s, "many", capture.Settings{Responses: statuses(codes...)})
	var mu sync.Mutex
	var got []int
	var work sync.WaitGroup
	for range senders {
		work.Go(func() {
			c := dial(t, s)
			for range each {
				write(t, c, "POST /many HTTP/1.1\r\nHost: x\r\n\r\n")
				code := responses(t, c, "POST", 1)[0].StatusCode
				mu.Lock()
				got = append(got, code)
				mu.Unlock()
			}
		})
	}
	work.Wait()
	sort.Ints(got)
	if diff := cmp.Diff(codes, got); diff != "" {
		t.Errorf("turns given (-want +got):\n%s", diff)
	}
	all := captures(t, s, "many")
	var recorded []int
	for _, c := range all {
		recorded = append(recorded, c.Response.Status)
	}
	sort.Ints(recorded)
	if diff := cmp.Diff(codes, recorded); diff != "" {
		t.Errorf("turns recorded (-want +got):\n%s", diff)
	}
}

func TestDelayHangReset(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	const delay = 30 * time.Millisecond
	configure(t, s, "slow", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Status: 201, Delay: journal.Duration(delay)}}}})
	configure(t, s, "hang", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Hang: true}, {}}}})
	configure(t, s, "reset", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Reset: true}, {}}}})

	begin := time.Now()
	if code := post(t, s.URL()+"/slow", ""); code != 201 || time.Since(begin) < delay {
		t.Errorf("slow: %d after %s", code, time.Since(begin))
	}

	c := dial(t, s)
	write(t, c, "POST /hang HTTP/1.1\r\nHost: x\r\n\r\nPOST /hang HTTP/1.1\r\nHost: x\r\n\r\n")
	if waited, err := s.Wait(t.Context(), "hang", query.Wait{Count: 1}); err != nil || !waited.OK || !waited.Matched[0].Response.Hang {
		t.Errorf("hang: %+v, %v", waited, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(delay)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("hang: read %d bytes, %v; want nothing", n, err)
	}
	c.Close() // the server's goroutine notices
	for limit := time.Now().Add(time.Minute); only(t, s, "hang").Response.Delay == 0; {
		if time.Now().After(limit) {
			t.Fatal("hang: how long the sender waited is not recorded")
		}
		runtime.Gosched()
	}
	if got := only(t, s, "hang"); !got.Response.Hang || time.Duration(got.Response.Delay) < delay {
		t.Errorf("hang: recorded as %+v, want it to last %s", got.Response, delay)
	}

	c = dial(t, s)
	write(t, c, "POST /reset HTTP/1.1\r\nHost: x\r\n\r\n")
	if back, err := io.ReadAll(c); len(back) > 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %q, %v; want ECONNRESET", back, err)
	}
	if got := only(t, s, "reset"); !got.Response.Reset || got.Response.Status != 0 {
		t.Errorf("reset: recorded as %+v", got.Response)
	}
	if code := post(t, s.URL()+"/reset", ""); code != http.StatusOK {
		t.Errorf("after the reset: %d", code)
	}
}
