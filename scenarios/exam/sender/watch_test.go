package sender_test

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// Provoke prepares a bin, waits for a sender that sends event after event, grades it and restores
// the bin.
func TestProvoke(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p, err := fixtures.Builtin().Provider("github")
	if err != nil {
		t.Fatal(err)
	}
	server := mockserver.StartT(t)
	inbox, client := server.Bin("inbox"), server.Client()
	if err := inbox.Respond(ctx, mockserver.Response{Status: 299}); err != nil {
		t.Fatal(err)
	}
	before, err := client.Settings(ctx, "inbox")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	defer work.Wait()
	sending, stop := context.WithCancel(ctx)
	defer stop()
	ready, lines := make(chan struct{}), 0
	work.Go(func() {
		<-ready
		for n := uint64(0); sending.Err() == nil; n++ {
			push(t, p, inbox.URL(), n)
		}
	})
	o := sender.Options{Provider: p, Secrets: []string{"a-secret"}, Late: 20 * time.Millisecond}
	r, err := sender.Provoke(ctx, client, "inbox", o, sender.Watch{
		Limit:    time.Minute,
		Prepared: func(sender.Plan) { close(ready) },
		Progress: func(int, int, time.Time) { lines++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	// It has no retries, as documented, and gives up too early.
	if got := strings.Join(ids(r, exam.Fail), " "); got != "timeout" {
		t.Errorf("fails %q, want timeout: %+v", got, r)
	}
	if got := ids(r, exam.Inconclusive); len(got) > 0 {
		t.Errorf("inconclusive: %v", got)
	}
	if lines == 0 {
		t.Error("no progress was reported")
	}
	after, err := client.Settings(ctx, "inbox")
	if err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("settings %+v, %v; want %+v as before", after, err, before)
	}
}

// When the time limit is over, what came is graded.
func TestProvokeWithoutASender(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("github")
	if err != nil {
		t.Fatal(err)
	}
	server := mockserver.StartT(t)
	r, err := sender.Provoke(t.Context(), server.Client(), "inbox", sender.Options{Provider: p}, sender.Watch{Limit: time.Millisecond})
	if err != nil || r.Problem == "" || r.Score.Graded() > 0 {
		t.Errorf("%+v, %v; want a report with a problem", r, err)
	}
}

// A bin that evicted captures says so, and no first attempts are taken for what they are not.
func TestGradeBinAfterEvictions(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	server := mockserver.StartT(t, mockserver.Options{Store: mockserver.NewMemory(mockserver.MemoryOptions{PerBin: 2})})
	inbox := server.Bin("inbox")
	if err := inbox.Respond(t.Context(), mockserver.Response{Status: 500}); err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{0, 0, 1} { // the third request evicts the first
		req, err := http.NewRequest(http.MethodPost, inbox.URL(), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("webhook-id", "a")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		r, err := sender.GradeBin(t.Context(), server.Client(), "inbox", sender.Options{Provider: p, Only: []string{"retry-schedule"}})
		if err != nil || len(r.Notes) != want {
			t.Fatalf("after request %d: %q, %v; want %d notes", n+1, r.Notes, err, want)
		}
		if c := r.Checks[0]; n == 2 && (c.Result != exam.Inconclusive || !strings.Contains(c.Why, "--keep-captures")) {
			t.Errorf("%s: %s, want it inconclusive", c.Result, c.Why)
		}
	}
}

// push sends one event, without retries.
func push(t *testing.T, p *fixtures.Provider, url string, n uint64) {
	e, err := p.Render(fixtures.Draw{Seed: 7, Index: n}, "push", fixtures.RenderOptions{})
	if err != nil {
		t.Error(err)
		return
	}
	m, err := p.Message(url, e, time.Now())
	if err == nil {
		err = p.Signing.Sign(&m, signature.Context{ID: e.ID, Time: time.Now()}, "a-secret")
	}
	if err != nil {
		t.Error(err)
		return
	}
	client := http.Client{
		Timeout:       time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequest(m.Method, url, strings.NewReader(string(m.Body)))
	if err != nil {
		t.Error(err)
		return
	}
	for _, line := range m.Headers {
		if line.Name != "Host" && line.Name != "Content-Length" {
			req.Header.Set(line.Name, line.Value)
		}
	}
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
	}
}
