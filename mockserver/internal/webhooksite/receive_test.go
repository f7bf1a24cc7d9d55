package webhooksite_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func captureQuery(bin string) journal.CaptureQuery {
	return journal.CaptureQuery{Bin: bin, Limit: journal.MaxLimit, Oldest: true}
}

func TestWhatATokenAnswers(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"default_status":201,"default_content":"{\"ok\":true}","default_content_type":"application/json","alias":"my-hook"}`)
	for _, tt := range []struct {
		path string
		want int
	}{
		{"/" + id, 201},
		{"/my-hook", 201},
		{"/my-hook/503", 503},
		{"/" + id + "/404", 404},
		{"/" + id + "/404?x=1", 404},
		{"/" + id + "/599", 599},
		{"/" + id + "/404/", 201},
		{"/" + id + "/2024", 201},
		{"/" + id + "/order-500", 201},
		{"/" + id + "/orders/404", 201},
		{"/" + id + "/600", 201},
		{"/" + id + "/100", 201},
		{"/" + id + "/4x4", 201},
	} {
		got := r.send("PUT", tt.path, "x")
		if got.status != tt.want || got.body != `{"ok":true}` || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %q as %s, want %d", tt.path, got.status, got.body, got.header.Get("Content-Type"), tt.want)
		}
		if got.header.Get("X-Token-Id") != id || got.header.Get("X-Request-Id") == "" || got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: header %v", tt.path, got.header)
		}
	}
	if got := r.call("GET", "/token/"+id+"/requests", "", 200)["data"].([]any); len(got) != 13 {
		t.Errorf("%d requests, want 13", len(got))
	}
	// The alias is no name for the API, and another bin is not a token's.
	r.call("GET", "/token/my-hook", "", 410)
	if got := r.send("POST", "/inbox/404", ""); got.status != 200 || got.header.Get("X-Token-Id") != "" {
		t.Errorf("another bin: %d %v", got.status, got.header)
	}
	r.call("PUT", "/token/"+id, `{"cors":true}`, 200)
	got := r.send("OPTIONS", "/"+id, "", "Origin", "http://elsewhere", "Access-Control-Request-Method", "PUT")
	if got.status != 200 || got.body != "" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("with cors, and the rest back at its defaults: %d %q %v", got.status, got.body, got.header)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	a, b := r.token(`{"alias":"first"}`), r.token(`{}`)
	for _, tt := range []struct {
		body string
		want int
	}{
		{`{"alias":"first"}`, 422},
		{`{"alias":"ab"}`, 422},
		{`{"alias":"a b c"}`, 422},
		{`{"alias":"` + strings.Repeat("a", 33) + `"}`, 422},
		{`{"alias":"token"}`, 422},
		{`{"alias":7}`, 422},
		{`{"alias":"second"}`, 200},
		{`{"alias":"second"}`, 200},
	} {
		r.call("PUT", "/token/"+b, tt.body, tt.want)
	}
	r.deliver("/taken", "x", 200)
	r.call("PUT", "/token/"+b, `{"alias":"taken"}`, 422)
	if got := r.call("PUT", "/token/"+b, `{"default_status":204}`, 200)["alias"]; got != "second" {
		t.Errorf("alias %v after an update without it", got)
	}
	r.call("DELETE", "/token/"+a, "", 204)
	r.call("PUT", "/token/"+b, `{"alias":"first"}`, 200)
	r.deliver("/first", "to b", 200)
	r.deliver("/second", "to nobody", 200)
	if diff := cmp.Diff([]string{"to b"}, r.listed(b, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A request is stored before its answer, and its answer before the sender's patience ends.
func TestStoredBeforeTheDelay(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"timeout":30}`)
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nslow", id); err != nil {
		t.Fatal(err)
	}
	await(t, "the request is listed while its answer is delayed", func() bool { return len(r.listed(id, "")) == 1 })
	if got := r.call("GET", "/token/"+id+"/request/latest", "", 200)["time"].(interface{ String() string }).String(); got != "30" {
		t.Errorf("time %s, want 30", got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"expiry":60,"alias":"soon"}`)
	if got := r.call("GET", "/token/"+id, "", 200)["expires_at"]; got != "2026-05-04 03:03:02" {
		t.Errorf("expires_at %v", got)
	}
	r.deliver("/soon", "x", 200)
	r.clock.advance(60 * time.Second)
	r.deliver("/"+id, "y", 200)
	r.clock.advance(time.Second)
	got := r.send("POST", "/soon", "z")
	if got.status != 410 || r.object(got.body)["success"] != false {
		t.Errorf("after the end: %d %s", got.status, got.body)
	}
	r.call("GET", "/token/"+id+"/requests", "", 410)
	if all, err := r.store.Captures(t.Context(), captureQuery(id)); err != nil || len(all) > 0 {
		t.Errorf("%d captures are left, %v", len(all), err)
	}
	r.deliver("/"+id, "w", 410)
	r.token(`{"alias":"soon"}`)
	r.deliver("/soon", "another's", 200)
	if got := r.call("GET", "/token", "", 200)["data"].([]any); len(got) != 1 {
		t.Errorf("%d tokens are listed, want 1", len(got))
	}
}

func TestRequestLimit(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"request_limit":2}`)
	for _, body := range []string{"1", "2", "3", "4"} {
		r.deliver("/"+id, body, 200)
	}
	if diff := cmp.Diff([]string{"3", "4"}, r.listed(id, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if bins, err := r.store.Bins(t.Context()); err != nil || bins[0].Evicted != 2 {
		t.Errorf("%+v, %v", bins, err)
	}
	none := r.token(`{"request_limit":0}`)
	req := r.deliver("/"+none, "1", 200)
	r.call("GET", "/token/"+none+"/request/"+req, "", 404)
}

// Many requests wait at the same time and each gets its own response, or the default.
func TestWaitingRequests(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id, other := r.token(`{"listen":10,"default_content":"nobody came"}`), r.token(`{}`)
	const n = 20
	answers := make([]answer, n)
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() { answers[i] = r.send("POST", "/"+id, fmt.Sprint(i)) })
	}
	answered := 0
	await(t, "all are answered", func() bool {
		for _, item := range r.call("GET", "/token/"+id+"/requests?query=NOT+note:done", "", 200)["data"].([]any) {
			one := item.(map[string]any)
			path := "/requests/" + one["uuid"].(string)
			r.call("PUT", "/token/"+other+path+"/response", `{}`, 404)
			if got := r.call("PUT", "/token/"+id+path+"/response", fmt.Sprintf(`{"status":%d}`, 300+answered), 200); got["status"] != true {
				t.Errorf("%v", got)
			}
			r.call("PUT", "/token/"+id+path, `{"note":"done"}`, 200)
			answered++
		}
		return answered == n
	})
	work.Wait()
	seen := map[int]bool{}
	for _, a := range answers {
		if a.status < 300 || a.status >= 300+n || a.body != "" || seen[a.status] {
			t.Errorf("answer %d %q", a.status, a.body)
		}
		seen[a.status] = true
	}
	all, err := r.store.Captures(t.Context(), captureQuery(id))
	if err != nil || len(all) != n {
		t.Fatalf("%d captures, %v", len(all), err)
	}
	for _, c := range all {
		if c.Response == nil || !seen[c.Response.Status] {
			t.Errorf("recorded response %+v", c.Response)
		}
	}
	r.call("PUT", "/token/"+id, `{"listen":1,"default_content":"nobody came"}`, 200)
	if got := r.send("POST", "/"+id, "lonely"); got.status != 200 || got.body != "nobody came" {
		t.Errorf("without an answer: %d %q", got.status, got.body)
	}
}

// The end of the server does not wait for somebody's answer.
func TestCloseWhileRequestsWait(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"listen":10,"default_status":202}`)
	done := make(chan answer, 1)
	go func() { done <- r.send("POST", "/"+id, "held") }()
	await(t, "it is listed", func() bool { return len(r.listed(id, "")) == 1 })
	if err := r.bins.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if got := <-done; got.status != 202 {
		t.Errorf("answer %d %q", got.status, got.body)
	}
}

// What the server itself was told about the bin comes before the token's answer.
func TestSettingsOfTheBin(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"default_status":202,"alias":"front"}`)
	if err := r.bins.Configure(t.Context(), id, capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{Status: 503}, {Status: 299}}}}); err != nil {
		t.Fatal(err)
	}
	first, second := r.send("POST", "/"+id, ""), r.send("POST", "/front", "")
	if first.status != 503 || second.status != 299 || second.header.Get("X-Token-Id") != id {
		t.Errorf("%d, %d %v", first.status, second.status, second.header)
	}
	if err := r.bins.Configure(t.Context(), "token", capture.Settings{URL: "x"}); err == nil || !strings.Contains(err.Error(), `"token"`) {
		t.Errorf("a bin called token: %v", err)
	}
}

// Another server on the same records knows the tokens, their aliases and their notes.
func TestTokensSurviveARestart(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{"default_status":207,"alias":"kept","expiry":3600,"request_limit":9}`)
	before := r.call("GET", "/token/"+id, "", 200)
	req := r.deliver("/kept", "x", 207)
	r.call("PUT", "/token/"+id+"/requests/"+req, `{"note":"n"}`, 200)
	r.url = r.serve()
	if diff := cmp.Diff(before, r.call("GET", "/token/"+id, "", 200)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	r.deliver("/kept", "y", 207)
	if diff := cmp.Diff([]string{"x"}, r.listed(id, "?query=note:n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.call("DELETE", "/token/"+id, "", 204)
	for _, kind := range []string{"token", "note:" + id} {
		if left, err := r.store.List(t.Context(), kind); err != nil || len(left) > 0 {
			t.Errorf("%s: %d documents are left, %v", kind, len(left), err)
		}
	}
}
