package matchers_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

var noon = time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)

// rendered is an event of a provider, signed with "s3cret".
func rendered(t *testing.T, provider, event, id string) mockserver.Capture {
	t.Helper()
	return renderedAt(t, provider, event, id, noon)
}

func renderedAt(t *testing.T, provider, event, id string, at time.Time) mockserver.Capture {
	t.Helper()
	p, err := fixtures.Builtin().Provider(provider)
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Render(fixtures.Draw{Seed: 7, Stream: "test"}, event, fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Message("http://127.0.0.1/hooks", e, at)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signing.Sign(&m, signature.Context{ID: e.ID, Time: at, EventTime: e.At}, "s3cret"); err != nil {
		t.Fatal(err)
	}
	return mockserver.Capture{ID: id, Message: m, At: at}
}

func signed(t *testing.T, id string) mockserver.Capture {
	t.Helper()
	return rendered(t, "neostore", "Pass:Installed", id)
}

// signedAs is a signed event with the member name, which the conditions of the tests look at.
func signedAs(t *testing.T, event string) mockserver.Capture {
	t.Helper()
	c := rendered(t, "neostore", event, "c1")
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	if c.Body, err = fixtures.SetMembers(c.Body, fixtures.Setting{Pointer: "/name", Value: fmt.Appendf(nil, "%q", event)}); err != nil {
		t.Fatal(err)
	}
	c.Headers.Del("x-neostore-signature")
	if err := p.Signing.Sign(&c.Message, signature.Context{Time: noon}, "s3cret"); err != nil {
		t.Fatal(err)
	}
	return c
}

func ethpass(t *testing.T) mockserver.Capture {
	t.Helper()
	return rendered(t, "ethpass", "pass:scan", "c1")
}

// changed is a neostore event that its schema does not allow.
func changed(t *testing.T, c mockserver.Capture) mockserver.Capture {
	t.Helper()
	c = c.Clone()
	var err error
	c.Body, err = fixtures.SetMembers(c.Body, fixtures.Setting{Pointer: "/passId", Value: []byte("5")}, fixtures.Setting{Pointer: "/__tenantId", Value: []byte("null")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func signedWith(c mockserver.Capture, prefix string) mockserver.Capture {
	c = c.Clone()
	old := c.Headers.Get("x-neostore-signature")
	c.Headers.Set("x-neostore-signature", prefix+old[len(prefix):])
	return c
}

func capture(id, body string) mockserver.Capture {
	return mockserver.Capture{ID: id, Message: signature.Message{Method: "POST", Target: "/inbox", Body: []byte(body)}}
}

func withHeader(c mockserver.Capture, name, value string) mockserver.Capture {
	c = c.Clone()
	c.Headers.Add(name, value)
	return c
}

// zipped is a capture whose body is compressed.
func zipped(body string) mockserver.Capture {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return withHeader(capture("c1", b.String()), "Content-Encoding", "gzip")
}

// shop is a capture with the header X-Shop.
func shop(id, body string) mockserver.Capture { return withHeader(capture(id, body), "X-Shop", "a") }

func formCapture() mockserver.Capture {
	return mockserver.Capture{ID: "c9", Message: signature.Message{
		Method: "POST", Target: "/inbox?shop=a%20b", Headers: signature.Headers{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}, Body: []byte("CallSid=CA1&x=1&x=2"),
	}}
}

// arrivals are captures that came so many seconds after each other.
func arrivals(seconds ...int) []mockserver.Capture {
	list := []mockserver.Capture{{ID: "c1", Message: signature.Message{Method: "POST", Target: "/inbox"}, At: noon}}
	for i, s := range seconds {
		next := list[i]
		next.ID, next.At = fmt.Sprint("c", i+2), next.At.Add(time.Duration(s)*time.Second)
		list = append(list, next)
	}
	return list
}

func event(name string) fixtures.Event { return fixtures.Event{Name: name} }

// delivery is a delivery with attempts of these outcomes: statuses, or words.
func delivery(state mockserver.State, outcomes ...any) mockserver.Delivery {
	d := mockserver.Delivery{ID: "d1", Provider: "neostore", URL: "http://127.0.0.1:3000/hooks", Event: event("Pass:Created"), State: state}
	for i, o := range outcomes {
		a := mockserver.Attempt{N: i + 1, Due: noon.Add(time.Duration(i) * 10 * time.Second), At: noon}
		switch o := o.(type) {
		case int:
			a.Outcome, a.Status = mockserver.GotStatus, o
			if o >= 400 {
				a.Response = &mockserver.AttemptResponse{Status: o, Body: []byte(`pq: relation "passes" does not exist`)}
			}
		case string:
			a.Outcome, a.Error = mockserver.Outcome(o), "no response within 30s"
		}
		d.Attempts = append(d.Attempts, a)
	}
	if n := len(d.Attempts); n > 0 && state == mockserver.Pending {
		d.Next = d.Attempts[n-1].Due.Add(30 * time.Second)
	}
	return d
}

// spaced is a delivery whose attempts were due so many seconds after each other.
func spaced(state mockserver.State, seconds ...int) mockserver.Delivery {
	outcomes := []any{500}
	for range seconds {
		outcomes = append(outcomes, 500)
	}
	d := delivery(state, outcomes...)
	for i, s := range seconds {
		d.Attempts[i+1].Due = d.Attempts[i].Due.Add(time.Duration(s) * time.Second)
	}
	d.Next = time.Time{}
	return d
}

type emptyBin struct{}

func (emptyBin) Name() string                                           { return "inbox" }
func (emptyBin) Captures(context.Context) ([]mockserver.Capture, error) { return nil, nil }

// bin is a bin that fills as it is looked into.
type bin struct {
	captures []mockserver.Capture
	looks    int
	err      error
}

func (b *bin) Captures(context.Context) ([]mockserver.Capture, error) {
	b.looks++
	return b.captures[:min(b.looks-1, len(b.captures))], b.err
}

type fakeReport struct {
	passed bool
	text   string
}

func (r fakeReport) Passed() bool         { return r.passed }
func (r fakeReport) GomegaString() string { return r.text }
