package sender_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
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

// bin is a bin in memory: it answers by a plan, and records. The test's clock is that of its
// bubble.
type bin struct {
	mu       sync.Mutex
	script   mockserver.Script
	lists    map[string]int // by id, the list that the event takes
	taken    map[string]int
	captures []*mockserver.Capture
}

var errNoResponse = errors.New("no response")

// send is the HTTP client of a sender.
func (b *bin) send(ctx context.Context, m signature.Message, id string) (mockserver.Response, error) {
	r := b.record(m, id)
	if r.Reset {
		return *r, errNoResponse
	}
	if r.Hang {
		began := time.Now()
		<-ctx.Done()
		b.mu.Lock()
		defer b.mu.Unlock()
		r.Delay = mockserver.Duration(time.Since(began))
		return *r, errNoResponse
	}
	return *r, nil
}

func (b *bin) record(m signature.Message, id string) *mockserver.Response {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := mockserver.Response{Status: 200}
	if !strings.HasSuffix(m.Target, "/hookrig-redirected") {
		if _, known := b.lists[id]; !known && len(b.lists) < len(b.script.Deliveries) {
			b.lists[id] = len(b.lists)
		}
		if list, known := b.lists[id]; known {
			of := b.script.Deliveries[list]
			r = of[min(b.taken[id], len(of)-1)]
			b.taken[id]++
		}
	}
	seq := uint64(len(b.captures) + 1)
	b.captures = append(b.captures, &mockserver.Capture{
		Message: m, Bin: "inbox", Seq: seq, ID: fmt.Sprintf("c%d", seq), At: time.Now(), Peer: "127.0.0.1:9", Response: &r,
	})
	return &r
}

func (b *bin) all() []mockserver.Capture {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []mockserver.Capture
	for _, c := range b.captures {
		one := *c
		response := *c.Response
		one.Response = &response
		list = append(list, one)
	}
	return list
}

// habits are what a sender does wrong.
type habits struct {
	newID, sharedID          bool
	oldStamp, staleStamp     bool
	badRetrySignature        bool
	badSignature             bool
	newBody                  bool
	noRetry, only5xx         bool
	noRetryAfterReset        bool
	noRetryAfterTimeout      bool
	keepsGoing               bool // after 410
	ignoresGone              bool // of other events
	ignoresRetryAfter        bool
	hurries, dawdles         bool
	follows                  bool
	repeatsSuccess           bool
	impatient, patient       time.Duration
	noTimestamp, noUserAgent bool
	get, brokenJSON, form    bool
	chunked                  bool
	large                    bool
	secretInURL              bool
}

// simulated is a sender in a bubble.
type simulated struct {
	habits
	provider *fixtures.Provider
	retry    fixtures.Retry
	secret   string
	bin      *bin
	mu       sync.Mutex
	over     bool
}

// event delivers one event.
func (s *simulated) event(t *testing.T, n int) {
	id := fmt.Sprintf("msg_%d", n)
	if s.sharedID && n == 2 {
		id = "msg_1"
	}
	body := fmt.Sprintf(`{"type":"contact.created","timestamp":"2026-01-15T09:00:00Z","data":{"n":%d}}`, n)
	if s.brokenJSON {
		body += "}"
	}
	if s.large {
		body = strings.Replace(body, `"n"`, `"text":"`+strings.Repeat("x", 21<<10)+`","n"`, 1)
	}
	begin, ended := time.Now(), false
	for attempt := 1; ; attempt++ {
		s.mu.Lock()
		over := s.over && !s.ignoresGone
		s.mu.Unlock()
		if over && !ended {
			return
		}
		if attempt > 1 && s.newID {
			id = fmt.Sprintf("msg_%d_%d", n, attempt)
		}
		if attempt > 1 && s.newBody {
			body = strings.Replace(body, "09:00:00Z", "10:00:00Z", 1)
		}
		stamp := time.Now()
		if s.oldStamp {
			stamp = begin
		}
		if s.staleStamp {
			stamp = stamp.Add(-time.Hour)
		}
		m := s.message(t, id, body, stamp)
		if s.badSignature || s.badRetrySignature && attempt > 1 {
			m.Headers.Set("webhook-signature", "v1,"+strings.Repeat("A", 43)+"=")
		}
		r, failed := s.attempt(m, id)
		if failed.Kind == "" && !(s.repeatsSuccess && attempt == 1) {
			return
		}
		if failed.Status == http.StatusGone {
			s.mu.Lock()
			s.over, ended = true, true
			s.mu.Unlock()
			if !s.keepsGoing {
				return
			}
		}
		if s.noRetry || s.only5xx && failed.Kind != "" && failed.Status < 500 && failed.Kind == fixtures.FailedStatus ||
			s.noRetryAfterReset && failed.Kind == fixtures.FailedCut || s.noRetryAfterTimeout && failed.Kind == fixtures.FailedTimeout {
			return
		}
		wait := s.wait(attempt, failed, r)
		if wait < 0 {
			return
		}
		time.Sleep(wait)
	}
}

// wait returns the time before the next attempt, or -1.
func (s *simulated) wait(attempt int, failed fixtures.Failure, r mockserver.Response) time.Duration {
	var lines signature.Headers
	for name, value := range r.Headers {
		lines = append(lines, signature.Header{Name: name, Value: value})
	}
	if s.ignoresRetryAfter {
		lines = nil
	}
	if failed.Kind == "" {
		failed = fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}
	}
	next := s.retry.Next(fixtures.Failed{N: attempt, Failure: failed, Headers: lines, Now: time.Now()}, func() float64 { return 0.5 })
	switch {
	case !next.Again:
		return -1
	case s.hurries && len(lines) == 0:
		return 100 * time.Millisecond
	case s.dawdles && len(lines) == 0:
		return 2 * next.Wait
	}
	return next.Wait
}

// attempt sends one request.
func (s *simulated) attempt(m signature.Message, id string) (mockserver.Response, fixtures.Failure) {
	limit := 20 * time.Second
	if own := s.impatient + s.patient; own > 0 {
		limit = own
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r, err := s.bin.send(ctx, m, id)
	if err == nil && r.Status == http.StatusFound && s.follows {
		m.Method, m.Target, m.Body = "GET", "/inbox/hookrig-redirected", nil
		r, err = s.bin.send(ctx, m, id)
	}
	switch {
	case err != nil && r.Hang:
		return r, fixtures.Failure{Kind: fixtures.FailedTimeout}
	case err != nil:
		return r, fixtures.Failure{Kind: fixtures.FailedCut}
	case r.Status/100 == 2:
		return r, fixtures.Failure{}
	}
	return r, fixtures.Failure{Kind: fixtures.FailedStatus, Status: r.Status}
}

// message is a signed request.
func (s *simulated) message(t *testing.T, id, body string, stamp time.Time) signature.Message {
	m := signature.Message{Method: "POST", Target: "/inbox", Version: "HTTP/1.1", Body: []byte(body)}
	add := func(name, value string) { m.Headers = append(m.Headers, signature.Header{Name: name, Value: value}) }
	add("Host", "127.0.0.1:8081")
	if !s.noUserAgent {
		add("User-Agent", "sim/1")
	}
	kind := "application/json"
	if s.form {
		kind = "application/x-www-form-urlencoded"
	}
	add("Content-Type", kind)
	if s.get {
		m.Method = "PUT"
	}
	if s.chunked {
		add("Transfer-Encoding", "chunked")
	} else {
		add("Content-Length", strconv.Itoa(len(body)))
	}
	if s.secretInURL {
		m.Target += "?token=" + s.secret
	}
	if err := s.provider.Signing.Sign(&m, signature.Context{ID: id, Time: stamp}, s.secret); err != nil {
		t.Error(err)
	}
	if s.noTimestamp {
		m.Headers.Del("webhook-timestamp")
	}
	m.Body = bytes.Clone(m.Body)
	return m
}

// simulate lets a sender with habits send the events of a plan, each a second after the one before,
// and grades it. It runs in a bubble.
func simulate(t *testing.T, p *fixtures.Provider, h habits) exam.Report {
	o := sender.Options{Bin: "inbox", Provider: p, Secrets: []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}
	plan, err := sender.NewPlan(o, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, retry, err := p.RulesFor("")
	if err != nil {
		t.Fatal(err)
	}
	b := &bin{script: plan.Script("http://127.0.0.1:8081/inbox"), lists: map[string]int{}, taken: map[string]int{}}
	s := &simulated{habits: h, provider: p, retry: retry, secret: o.Secrets[0], bin: b}
	var work sync.WaitGroup
	for n := range len(b.script.Deliveries) {
		work.Go(func() { s.event(t, n+1) })
		time.Sleep(3 * time.Minute)
	}
	work.Wait()
	time.Sleep(time.Hour)
	o.Now = time.Now()
	r, err := sender.Grade(b.all(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
