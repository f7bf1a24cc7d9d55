package delivery

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Parallel copies are all in flight before the first is answered, whatever the provider's order is.
func TestParallel(t *testing.T) {
	t.Parallel()
	const n = 4
	var arrived sync.WaitGroup
	arrived.Add(n)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived.Done()
		arrived.Wait() // for ever, if they came one after the other
	}))
	t.Cleanup(server.Close)
	d := virtual(t)
	register(t, d, journal.Endpoint{Provider: "subscribfy", URL: server.URL})
	list := emit(t, d, "subscribfy", Emission{Event: "wallet_pass/created", Faults: []Fault{parseFault(t, "parallel:4")}})
	waitIdle(t, d)
	if len(list) != n {
		t.Fatalf("%d deliveries", len(list))
	}
	for _, delivery := range list {
		if got := look(t, d, delivery.ID); got.State != journal.Delivered || got.Event.ID != list[0].Event.ID {
			t.Errorf("%+v", got)
		}
	}
}

// A copy that fails before it is sent does not keep the others waiting; nor does a removal.
func TestParallelDoesNotWaitForWhatDoesNotCome(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there
	register(t, d, journal.Endpoint{URL: "http://" + l.Addr().String()})
	list := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "parallel:3")}})
	waitIdle(t, d)
	for _, delivery := range list {
		if a := look(t, d, delivery.ID).Attempts; len(a) != 1 || a[0].Outcome != wire.NotSent {
			t.Errorf("%+v", a)
		}
	}
	few := start(t, Options{Virtual: true, Workers: 4})
	register(t, few, journal.Endpoint{URL: "http://127.0.0.1:1"})
	_, err = few.Emit(testContext(t), "neostore", Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "parallel:3")}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "at most 2 attempts to one endpoint") {
		t.Errorf("%v", err)
	}
}

// A held delivery is pending until another one releases it, after the event that overtook it.
func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	e := register(t, d, journal.Endpoint{URL: c.URL})
	other := register(t, d, journal.Endpoint{URL: c.URL, Tenant: "other"})
	one := func(event string, faults ...string) journal.Delivery {
		t.Helper()
		emission := Emission{Event: event}
		for _, text := range faults {
			emission.Faults = append(emission.Faults, parseFault(t, text))
		}
		list := emit(t, d, "neostore", emission)
		waitIdle(t, d)
		return list[0]
	}
	refused := func(to string) {
		t.Helper()
		_, err := d.Emit(testContext(t), "neostore", Emission{Event: "Pass:Updated", Endpoint: to, Faults: []Fault{parseFault(t, "release")}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "nothing is held") {
			t.Errorf("%v", err)
		}
	}
	refused(e.ID)
	held := one("Pass:Created", "hold")
	if got := look(t, d, held.ID); got.State != journal.Pending || len(got.Attempts) != 0 || !got.Next.IsZero() {
		t.Errorf("%+v", got)
	}
	advance(t, d, 48*time.Hour)
	refused(other.ID)
	one("Pass:Installed")
	one("Pass:Updated", "release")
	advance(t, d, time.Second)
	var names []string
	for _, r := range c.received() {
		names = append(names, r.header.Get("X-Neostore-EventName"))
	}
	if want := []string{"Pass:Installed", "Pass:Updated", "Pass:Created"}; !slices.Equal(names, want) {
		t.Errorf("received %v, want %v", names, want)
	}
	if got := look(t, d, held.ID); got.State != journal.Delivered || got.Attempts[0].Fault != "hold" {
		t.Errorf("%+v", got)
	}
	refused(e.ID)

	// What is still held when its endpoint goes is stopped.
	last := one("Pass:Created", "hold")
	if err := d.Remove(testContext(t), e.ID); err != nil {
		t.Fatal(err)
	}
	if got := look(t, d, last.ID); got.State != journal.Stopped {
		t.Errorf("%+v", got)
	}
	_, err := d.Deliver(testContext(t), journal.Endpoint{Provider: "neostore", URL: c.URL}, Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "hold")}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "nothing can release it") {
		t.Errorf("%v", err)
	}
}

// A restart keeps what was held.
func TestHeldDeliveriesOutliveARestart(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Virtual: true, Store: store})
	register(t, d, journal.Endpoint{URL: c.URL})
	held := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "hold")}})[0]
	d.Close()
	d = start(t, Options{Virtual: true, Store: store})
	advance(t, d, time.Hour)
	if n := len(c.received()); n != 0 {
		t.Fatalf("%d received", n)
	}
	emit(t, d, "neostore", Emission{Event: "Pass:Updated", Faults: []Fault{parseFault(t, "release")}})
	advance(t, d, time.Second)
	if got := look(t, d, held.ID); got.State != journal.Delivered {
		t.Errorf("%+v", got)
	}
}

// The journal has what was sent: a part of the body, the request in its HTTP version, a compressed
// body. Limited to an attempt, the fault leaves the next one alone.
func TestTransportFaultsAreRecorded(t *testing.T) {
	t.Parallel()
	d, c, _, list := faulty(t, always(200), "at-least-once", "transport:reset:10@1", "transport:http10@2")
	advance(t, d, 2*time.Hour)
	got := look(t, d, list[0].ID)
	if got.State != journal.Delivered || len(got.Attempts) != 2 || len(c.received()) != 1 {
		t.Fatalf("%+v", got)
	}
	first, second := got.Attempts[0], got.Attempts[1]
	body := got.Event.Body
	if first.Outcome != wire.PartlyWritten || string(first.Sent.Body) != string(body[:10]) || first.Sent.Headers.Get("Content-Length") != second.Sent.Headers.Get("Content-Length") || !strings.Contains(first.Error, "on purpose") {
		t.Errorf("%+v", first)
	}
	if second.Fault != "transport:http10" || second.Sent.Version != "HTTP/1.0" || c.received()[0].body != string(body) {
		t.Errorf("%+v", second)
	}
}

// With end, the consumer gets the whole request, and the response is lost.
func TestResetAtTheEnd(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- string(body)
	}))
	t.Cleanup(server.Close)
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: server.URL, Retry: NoRetry})
	list := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "transport:reset:end")}})
	waitIdle(t, d)
	got := look(t, d, list[0].ID)
	if a := got.Attempts[0]; a.Outcome != wire.NoResponse || !strings.Contains(a.Error, "on purpose") || string(a.Sent.Body) != string(got.Event.Body) {
		t.Errorf("%+v", a)
	}
	if body := <-arrived; body != string(got.Event.Body) {
		t.Errorf("%s arrived", body)
	}
}

// A stall lasts as long as the attempt may.
func TestStallIsBoundedByTheTimeLimit(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	t.Cleanup(server.Close)
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: server.URL, Timeout: journal.Duration(50 * time.Millisecond), Retry: NoRetry})
	list := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{parseFault(t, "transport:stall:7")}})
	waitIdle(t, d)
	got := look(t, d, list[0].ID)
	if got.State != journal.Exhausted || got.Attempts[0].Outcome != wire.PartlyWritten || len(got.Attempts[0].Sent.Body) != 7 {
		t.Errorf("%+v", got)
	}
}
