package delivery

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestRetryUntilTheConsumerIsUp(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 500, 200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL + "/hooks", Retry: "at-least-once"})
	delivery := emit(t, d, "neostore", Emission{Event: "Pass:Installed"})[0]
	waitIdle(t, d)
	if got := look(t, d, delivery.ID); got.State != journal.Pending || len(got.Attempts) != 1 {
		t.Fatalf("after the first attempt: %s with %d attempts", got.State, len(got.Attempts))
	}
	clock := advance(t, d, 70*time.Second)
	got := look(t, d, delivery.ID)
	if got.State != journal.Delivered || !got.Next.IsZero() || clock.Pending != 0 || !clock.Next.IsZero() {
		t.Fatalf("%s, next %v; clock %+v: want it delivered", got.State, got.Next, clock)
	}
	if n := len(got.Attempts); n != 3 || len(c.received()) != 3 {
		t.Fatalf("%d attempts, %d received; want 3", n, len(c.received()))
	}
	start := fixtures.DefaultStart
	for i, want := range []struct {
		due    time.Time
		status int
	}{{start, 500}, {start.Add(10 * time.Second), 500}, {start.Add(70 * time.Second), 200}} {
		a, r := got.Attempts[i], c.received()[i]
		if a.N != i+1 || !a.Due.Equal(want.due) || a.Status != want.status || a.Outcome != wire.GotStatus || a.Fault != "" || a.Error != "" {
			t.Errorf("attempt %+v; want due %v, status %d", a, want.due, want.status)
		}
		if time.Since(a.At) > time.Minute || a.TookMS <= 0 {
			t.Errorf("attempt %d at %v took %v ms; want the wall clock", i+1, a.At, a.TookMS)
		}
		if a.Response == nil || a.Response.Status != want.status {
			t.Errorf("attempt %d: response %+v", i+1, a.Response)
		}
		first := c.received()[0]
		signed := r.header.Get("x-neostore-signature")
		if r.body != first.body || r.body != string(got.Event.Body) || signed != first.header.Get("x-neostore-signature") ||
			!strings.Contains(r.body, `"__id":"`+got.Event.ID+`"`) || string(a.Sent.Body) != r.body {
			t.Errorf("attempt %d differs from the first:\n%s %s\n%s %s", i+1, r.body, signed, first.body, first.header.Get("x-neostore-signature"))
		}
		if v := verify(t, e, a); v != signature.Valid {
			t.Errorf("attempt %d: signature %s", i+1, v)
		}
	}
}

// Header lines are about the event, so every attempt has those of the first one, also after a
// restart: the first attempt of the delivery in the store was made long ago. Subscribfy says when
// the event occurred, and another provider when it first sent it.
func TestEveryAttemptSaysWhenTheEventWasTriggered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		provider, event, header, secret, retry string
		catalogue                              *fixtures.Catalogue
		want                                   string
	}{
		{"subscribfy", "wallet_pass/created", "x-subscribfy-triggered-at", "s", "spatie-default", fixtures.Builtin(), strconv.FormatInt(fixtures.DefaultStart.Unix(), 10)},
		{"asks", "made", "X-First", "whsec_aw==", "steady", asks(t), "1700000000"},
	} {
		t.Run(test.provider, func(t *testing.T) {
			t.Parallel()
			c := consume(t, always(200))
			store := journal.NewMemory(journal.MemoryOptions{})
			t.Cleanup(func() { store.Close() })
			p, err := test.catalogue.Provider(test.provider)
			if err != nil {
				t.Fatal(err)
			}
			event, err := p.Render(fixtures.Draw{Seed: 7}, test.event, fixtures.RenderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			event.At = fixtures.DefaultStart
			endpoint, err := json.Marshal(journal.Endpoint{
				ID: "abcde", Provider: test.provider, URL: c.URL, Secrets: []string{test.secret}, Retry: test.retry, Created: fixtures.DefaultStart,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Put(t.Context(), "endpoint", "abcde", endpoint); err != nil {
				t.Fatal(err)
			}
			first := time.Unix(1_700_000_000, 0).UTC()
			old := journal.Delivery{
				Provider: test.provider, Endpoint: "abcde", URL: c.URL, Event: event, State: journal.Pending,
				Created: fixtures.DefaultStart, Next: fixtures.DefaultStart.Add(10 * time.Second),
			}
			if err := store.SaveDeliveries(t.Context(), &old); err != nil {
				t.Fatal(err)
			}
			attempt := journal.Attempt{N: 1, Due: fixtures.DefaultStart, At: first, Outcome: wire.GotStatus, Status: 500}
			if err := store.AppendAttempt(t.Context(), old.ID, &attempt, journal.Progress{State: journal.Pending, Next: old.Next.UnixNano()}); err != nil {
				t.Fatal(err)
			}
			d, err := New(t.Context(), Options{Catalogue: test.catalogue, Store: store, Virtual: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			advance(t, d, time.Hour)
			got := look(t, d, old.ID)
			if got.State != journal.Delivered || len(got.Attempts) != 2 {
				t.Fatalf("%s with %d attempts", got.State, len(got.Attempts))
			}
			if stamp := got.Attempts[1].Sent.Headers.Get(test.header); stamp != test.want {
				t.Errorf("the second attempt says %s, want %s", stamp, test.want)
			}
		})
	}
}

func TestThreeDaysOfRetriesInExactSteps(t *testing.T) {
	t.Parallel()
	c := consume(t, always(503))
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	delivery := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0]
	waitIdle(t, d)
	if next := d.Clock().Next; !next.Equal(fixtures.DefaultStart.Add(10 * time.Second)) {
		t.Errorf("next %v", next)
	}
	clock := advance(t, d, 4*24*time.Hour)
	if !clock.Now.Equal(fixtures.DefaultStart.Add(4 * 24 * time.Hour)) {
		t.Errorf("the clock is at %v", clock.Now)
	}
	got := look(t, d, delivery.ID)
	waits := knownProvider(t, "neostore").Delivery.Profiles["at-least-once"].Schedule
	if got.State != journal.Exhausted || len(got.Attempts) != len(waits)+1 {
		t.Fatalf("%s after %d attempts; want %d", got.State, len(got.Attempts), len(waits)+1)
	}
	due := fixtures.DefaultStart
	for i, a := range got.Attempts {
		if !a.Due.Equal(due) {
			t.Errorf("attempt %d was due %v, want %v", a.N, a.Due, due)
		}
		if i < len(waits) {
			due = due.Add(waits[i])
		}
	}
}

func TestOutcomesHaveTheirClass(t *testing.T) {
	t.Parallel()
	silent := consume(t, func(int, received) int { return 200 })
	refused := refusing
	hanging := hanging(t)
	cutting := cutting(t)
	redirecting := consume(t, always(307))
	for name, c := range map[string]struct {
		url     string
		timeout time.Duration
		outcome wire.Outcome
		status  int
		state   journal.State
		text    string
	}{
		"answers":       {silent.URL, 0, wire.GotStatus, 200, journal.Delivered, ""},
		"redirects":     {redirecting.URL, 0, wire.GotStatus, 307, journal.Exhausted, ""},
		"never answers": {hanging, 3 * time.Second, wire.NoResponse, 0, journal.Exhausted, "no response within "},
		"refuses":       {refused, 0, wire.NotSent, 0, journal.Exhausted, "refused"},
		"is forbidden":  {"http://192.0.2.1:9/hooks", 0, wire.NotSent, 0, journal.Exhausted, "forbidden address"},
		"stops reading": {cutting, 0, wire.PartlyWritten, 0, journal.Exhausted, "writing the request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := virtual(t)
			register(t, d, journal.Endpoint{URL: c.url, Timeout: journal.Duration(c.timeout)})
			e := Emission{Event: "Pass:Created"}
			if c.outcome == wire.PartlyWritten {
				e.Body = bytes.Repeat([]byte("x"), maxBody) // more than what sockets buffer
			}
			delivery := emit(t, d, "neostore", e)[0]
			got, err := d.Await(testContext(t), delivery.ID)
			if err != nil {
				t.Fatal(err)
			}
			a := got.Attempts[0]
			if got.State != c.state || a.Outcome != c.outcome || a.Status != c.status || !strings.Contains(a.Error, c.text) || (c.text == "") != (a.Error == "") {
				t.Errorf("%s, outcome %s, status %d, error %q; want %s, %s, %d, %q", got.State, a.Outcome, a.Status, a.Error, c.state, c.outcome, c.status, c.text)
			}
			if len(a.Sent.Body) == 0 {
				t.Error("what was to be sent is not in the journal")
			}
		})
	}
	t.Cleanup(func() {
		if n := len(redirecting.received()); n != 1 {
			t.Errorf("the redirect was followed: %d requests", n)
		}
	})
}

// refusing is the URL of a port that nothing listens on. One that was free before may be another
// test's by now.
const refusing = "http://127.0.0.1:1"

// hanging returns the URL of a consumer that reads and never answers.
func hanging(t *testing.T) string {
	return listening(t, func(c net.Conn) { io.Copy(io.Discard, c) })
}

// cutting returns the URL of a consumer that reads the head and resets.
func cutting(t *testing.T) string {
	return listening(t, func(c net.Conn) {
		bufio.NewReaderSize(c, 16).ReadByte()
		c.(*net.TCPConn).SetLinger(0)
	})
}

func listening(t *testing.T, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestBytesOnTheWireAreThoseInTheJournal(t *testing.T) {
	t.Parallel()
	raw := make(chan []byte, 1)
	url := listening(t, func(c net.Conn) {
		var got []byte
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			got = append(got, buf[:n]...)
			if m, bad := wire.ParseRequest(got); err != nil || bad == nil && m.Headers.Get("Content-Length") == fmt.Sprint(len(m.Body)) {
				break
			}
		}
		raw <- got
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: url + "/in?shop=1"})
	got, err := d.Await(testContext(t), emit(t, d, "neostore", Emission{Event: "Pass:Installed"})[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	sent := got.Attempts[0].Sent
	if on := <-raw; !bytes.Equal(wire.Append(nil, sent), on) {
		t.Errorf("the journal has\n%s\nthe wire had\n%s", wire.Append(nil, sent), on)
	}
	if sent.Target != "/in?shop=1" || verify(t, e, got.Attempts[0]) != signature.Valid {
		t.Errorf("target %s, signature %s", sent.Target, verify(t, e, got.Attempts[0]))
	}
	names := []string{}
	for _, h := range sent.Headers {
		names = append(names, h.Name)
	}
	for _, name := range []string{"x-neostore-signature", "x-neostore-eventname", "x-neostore-tenantid"} {
		if !slices.Contains(names, name) {
			t.Errorf("no header line %s in %v", name, names)
		}
	}
}

func TestStoppedByTheResponse(t *testing.T) {
	t.Parallel()
	p := *knownProvider(t, "neostore")
	p.Delivery.Profiles = map[string]fixtures.Retry{"polite": {Schedule: []time.Duration{time.Second, time.Second}, StopOn: []string{"410"}}}
	c := consume(t, inTurn(500, 410, 200))
	d := virtual(t)
	to := targetOf(t, d, &p, journal.Endpoint{Provider: "neostore", URL: c.URL, Retry: "polite"})
	list, err := d.enqueue(testContext(t), []envelope{{event: fixtures.Event{Name: "Pass:Created", ID: "1", Body: []byte("{}")}, recipients: []recipient{{target: to}}}})
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, d)
	advance(t, d, time.Minute)
	if got := look(t, d, list[0].ID); got.State != journal.Stopped || len(got.Attempts) != 2 {
		t.Errorf("%s after %d attempts; want it stopped by the second", got.State, len(got.Attempts))
	}
}

// targetOf makes a target with a provider that no catalogue has.
func targetOf(t testing.TB, d *Dispatcher, p *fixtures.Provider, e journal.Endpoint) *target {
	t.Helper()
	e.Secrets = []string{"a-secret"}
	config, err := newEndpointConfig(p, e)
	if err != nil {
		t.Fatal(err)
	}
	to := newTarget(d.ctx, config)
	to.schedule = &d.schedule
	return to
}

func TestTheRealClockRetries(t *testing.T) {
	t.Parallel()
	p := *knownProvider(t, "neostore")
	p.Delivery.Profiles = map[string]fixtures.Retry{"quick": {Base: 5 * time.Millisecond, Attempts: 5}}
	c := consume(t, inTurn(500, 500, 500, 200))
	d := start(t, Options{})
	to := targetOf(t, d, &p, journal.Endpoint{Provider: "neostore", URL: c.URL, Retry: "quick"})
	list, err := d.enqueue(testContext(t), []envelope{{event: fixtures.Event{Name: "Pass:Created", ID: "1", Body: []byte("{}")}, recipients: []recipient{{target: to}}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Await(testContext(t), list[0].ID)
	if err != nil || got.State != journal.Delivered || len(got.Attempts) != 4 {
		t.Fatalf("%s after %d attempts, %v", got.State, len(got.Attempts), err)
	}
	for i, a := range got.Attempts {
		if a.At.Before(a.Due) {
			t.Errorf("attempt %d was made at %v, before it was due at %v", a.N, a.At, a.Due)
		}
		if i > 0 && a.Due.Sub(got.Attempts[i-1].At) < 5*time.Millisecond {
			t.Errorf("attempt %d was due %v after the one before", a.N, a.Due.Sub(got.Attempts[i-1].At))
		}
	}
	if _, err := d.Advance(testContext(t), time.Hour); !errors.Is(err, ErrRealClock) {
		t.Errorf("Advance: %v", err)
	}
	if d.Clock().Virtual {
		t.Error("the clock says that it is virtual")
	}
}

func TestAnInterruptedAwaitSaysWhy(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: refusing, Retry: "at-least-once"})
	id := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := d.Await(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Await: %v", err)
	}
	if _, err := d.Await(testContext(t), "nothing"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("Await of nothing: %v", err)
	}
	waitIdle(t, d)
	if _, err := d.Advance(testContext(t), -1); !errors.Is(err, ErrInvalid) {
		t.Errorf("Advance back: %v", err)
	}
	waiting := make(chan error)
	go func() {
		_, err := d.Await(testContext(t), id)
		waiting <- err
	}()
	d.Close()
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("Await when closed: %v", err)
	}
	for what, err := range map[string]error{
		"WaitIdle": d.WaitIdle(testContext(t)),
		"Emit":     second(d.Emit(testContext(t), "neostore", Emission{Event: "Pass:Created"})),
		"Advance":  second(d.Advance(testContext(t), time.Hour)),
		"Remove":   d.Remove(testContext(t), "x"),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s when closed: %v", what, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestRedeliver(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL})
	first := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "body", Arg: "tamper"}}})[0]
	waitIdle(t, d)
	again, err := d.Redeliver(testContext(t), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Await(testContext(t), again.ID)
	if err != nil || got.State != journal.Delivered || got.ID == first.ID || got.Faults != nil || got.Pattern != first.Pattern {
		t.Fatalf("redelivered: %+v, %v", got, err)
	}
	if c.received()[1].body != string(first.Event.Body) || verify(t, e, got.Attempts[0]) != signature.Valid {
		t.Error("the event is another one, or badly signed")
	}
	if _, err := d.Redeliver(testContext(t), "nothing"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("redeliver nothing: %v", err)
	}
	e.Disabled = true
	if _, err := d.Update(testContext(t), e); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Redeliver(testContext(t), first.ID); !errors.Is(err, ErrInvalid) {
		t.Errorf("redeliver to a disabled endpoint: %v", err)
	}
	if err := d.Remove(testContext(t), e.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Redeliver(testContext(t), first.ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("redeliver to a removed endpoint: %v", err)
	}
}

func TestDeliverKeepsNoEndpoint(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d := virtual(t)
	to := journal.Endpoint{Provider: "neostore", URL: c.URL, Secrets: []string{"s3cret"}, Tenant: "acme", Retry: "at-least-once"}
	list, err := d.Deliver(testContext(t), to, Emission{Event: "Pass:Created"})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d deliveries, %v", len(list), err)
	}
	waitIdle(t, d)
	advance(t, d, time.Hour)
	got := look(t, d, list[0].ID)
	if got.State != journal.Delivered || got.Event.Tenant != "acme" || verify(t, to, got.Attempts[1]) != signature.Valid {
		t.Errorf("%s, tenant %s", got.State, got.Event.Tenant)
	}
	if kept, _ := d.Endpoints(testContext(t), ""); len(kept) != 0 {
		t.Errorf("kept %+v", kept)
	}
	if list := emit(t, d, "neostore", Emission{Event: "Pass:Created", Tenant: "acme"}); len(list) != 0 {
		t.Errorf("a later event found it: %+v", list)
	}
	for what, c := range map[string]struct {
		to journal.Endpoint
		e  Emission
	}{
		"a wrong URL":      {journal.Endpoint{Provider: "neostore", URL: "ftp://x"}, Emission{Event: "Pass:Created"}},
		"another endpoint": {to, Emission{Event: "Pass:Created", Endpoint: "x"}},
	} {
		if _, err := d.Deliver(testContext(t), c.to, c.e); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestALargeResponseIsCutInTheJournal(t *testing.T) {
	t.Parallel()
	url := listening(t, func(c net.Conn) {
		io.CopyN(io.Discard, c, 1)
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", 2*maxResponseBody, strings.Repeat("x", 2*maxResponseBody))
		io.Copy(io.Discard, c)
	})
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: url})
	got, err := d.Await(testContext(t), emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID)
	if err != nil || got.State != journal.Delivered {
		t.Fatalf("%s, %v", got.State, err)
	}
	if r := got.Attempts[0].Response; len(r.Body) != maxResponseBody || !r.Truncated {
		t.Errorf("%d bytes are kept, truncated %v", len(r.Body), r.Truncated)
	}
	d.Close()
	d.wire.CloseIdle()
}
