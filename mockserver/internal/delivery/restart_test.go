package delivery

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestRestartTakesUpWhatIsPending(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 500, 500, 500, 200))
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store, Virtual: true, Seed: 1})
	kept := register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once", Timeout: journal.Duration(5 * time.Second)})
	removed := register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once", Tenant: "gone"})
	id := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "signature", Arg: "tampered", Attempts: []int{3}}}})[0].ID
	lost := emit(t, d, "neostore", Emission{Event: "Pass:Created", Tenant: "gone"})[0].ID
	single, err := d.Deliver(testContext(t), journal.Endpoint{Provider: "neostore", URL: c.URL, Retry: "at-least-once"}, Emission{Event: "Pass:Created"})
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, d)
	now := advance(t, d, 5*time.Second).Now
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{id, lost, single[0].ID} {
		if got, _ := store.Delivery(testContext(t), id); got.State != journal.Pending || len(got.Attempts) != 1 {
			t.Fatalf("after Close: %s with %d attempts", got.State, len(got.Attempts))
		}
	}
	if err := store.Delete(testContext(t), endpointKind, removed.ID); err != nil {
		t.Fatal(err)
	}

	d = start(t, Options{Store: store, Virtual: true, Seed: 1})
	if e, err := d.Endpoint(testContext(t), kept.ID); err != nil || !slices.Equal(e.Secrets, kept.Secrets) || e.Timeout != kept.Timeout || !e.Created.Equal(kept.Created) {
		t.Errorf("the endpoint came back as %+v, %v", e, err)
	}
	for _, id := range []string{lost, single[0].ID} {
		if got := look(t, d, id); got.State != journal.Stopped {
			t.Errorf("a delivery whose endpoint was removed is %s", got.State)
		}
	}
	if clock := d.Clock(); clock.Now.After(now) || clock.Pending != 1 {
		t.Errorf("%+v", clock)
	}
	advance(t, d, 70*time.Second)
	got := look(t, d, id)
	start0 := fixtures.DefaultStart
	if got.State != journal.Delivered || len(got.Attempts) != 3 || !got.Attempts[1].Due.Equal(start0.Add(10*time.Second)) || got.Attempts[2].N != 3 || got.Attempts[2].Fault != "signature:tampered" {
		t.Errorf("%s after %d attempts", got.State, len(got.Attempts))
	}
	before := look(t, d, lost).Event
	if fresh := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].Event; fresh.ID == before.ID || fresh.ID == got.Event.ID {
		t.Error("the new run draws the events of the old one again")
	}
	if e := register(t, d, journal.Endpoint{URL: c.URL}); e.ID == removed.ID {
		t.Error("the new run gives an id of the old one again")
	}
}

func TestAVirtualClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store, Virtual: true})
	register(t, d, journal.Endpoint{URL: refusing, Retry: "at-least-once"})
	emit(t, d, "neostore", Emission{Event: "Pass:Created"})
	waitIdle(t, d)
	advance(t, d, 2*time.Hour) // the last attempt was due after 1 h 11 min 10 s
	d.Close()
	d = start(t, Options{Store: store, Virtual: true})
	want := fixtures.DefaultStart.Add(time.Hour + 11*time.Minute + 10*time.Second)
	if now := d.Clock().Now; !now.Equal(want) {
		t.Errorf("the clock starts at %v, want %v", now, want)
	}
}

func TestCloseCutsShortAndTheNextRunTriesAgain(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	release := make(chan struct{})
	c := consume(t, func(n int, _ received) int {
		arrived <- struct{}{}
		if n == 1 {
			<-release
		}
		return 200
	})
	t.Cleanup(func() { close(release) })
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store}) // the wall clock
	register(t, d, journal.Endpoint{URL: c.URL})
	id := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	<-arrived
	d.Close()
	got, err := store.Delivery(testContext(t), id)
	if err != nil || got.State != journal.Pending || len(got.Attempts) != 1 || got.Attempts[0].Outcome != wire.NoResponse {
		t.Fatalf("%+v, %v: want the attempt recorded and the delivery pending", got, err)
	}
	d = start(t, Options{Store: store})
	got, err = d.Await(testContext(t), id)
	if err != nil || got.State != journal.Delivered || len(got.Attempts) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := c.received(); r[0].body != r[1].body || r[0].header.Get("x-neostore-signature") != r[1].header.Get("x-neostore-signature") {
		t.Error("the second attempt differs from the first")
	}
}

func TestRestartStopsWhatADisabledEndpointHad(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store, Virtual: true})
	e := register(t, d, journal.Endpoint{URL: "http://127.0.0.1:1/", Disabled: true})
	d.Close()
	p := journal.Delivery{Provider: "neostore", Endpoint: e.ID, URL: e.URL, State: journal.Pending, Next: fixtures.DefaultStart}
	if err := store.SaveDeliveries(testContext(t), &p); err != nil {
		t.Fatal(err)
	}
	d = start(t, Options{Store: store, Virtual: true})
	if got := look(t, d, p.ID); got.State != journal.Stopped {
		t.Errorf("%s", got.State)
	}
}

func TestNewNeedsAStoreThatWorks(t *testing.T) {
	t.Parallel()
	if _, err := New(testContext(t), Options{}); err == nil {
		t.Error("without a store")
	}
	store := journal.NewMemory(journal.MemoryOptions{})
	store.Close()
	if _, err := New(testContext(t), Options{Store: store}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("with a closed store: %v", err)
	}
}

func TestAnAttemptThatWroteNothingBeforeCloseDoesNotCount(t *testing.T) {
	t.Parallel()
	dialled := make(chan struct{}, 1)
	client := &wire.Client{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialled <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store, Virtual: true, Wire: client})
	register(t, d, journal.Endpoint{URL: "http://127.0.0.1:9/"})
	id := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	<-dialled
	d.Close()
	got, err := store.Delivery(testContext(t), id)
	if err != nil || got.State != journal.Pending || len(got.Attempts) != 0 || !got.Next.Equal(fixtures.DefaultStart) {
		t.Errorf("%+v, %v: want it pending as it was", got, err)
	}
}
