package delivery

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// slow is a consumer whose first request gets no response until its sender gives up.
type slow struct {
	*httptest.Server
	arrived, gaveUp chan struct{} // have a token for each request, and for each that was given up
}

func newSlow(t *testing.T) *slow {
	s := &slow{arrived: make(chan struct{}, 100), gaveUp: make(chan struct{}, 100)}
	first := make(chan struct{}, 1)
	first <- struct{}{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the sender leaves
		s.arrived <- struct{}{}
		select {
		case <-first:
			<-r.Context().Done()
			s.gaveUp <- struct{}{}
		default:
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// await waits until a delivery of the store has ended.
func await(t *testing.T, d *Dispatcher, id string) journal.Delivery {
	t.Helper()
	got, err := d.Await(testContext(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// numbers returns the numbers of a delivery's attempts.
func numbers(d journal.Delivery) (list []int) {
	for _, a := range d.Attempts {
		list = append(list, a.N)
	}
	return list
}

// until waits until a condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); {
		if time.Since(begin) > time.Minute {
			t.Fatalf("waited for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// When the lease ends, the attempt in flight ends at once and none begins. When there is another
// lease, the deliveries that this server still owns go on, with the next number.
func TestTheEndOfALease(t *testing.T) {
	t.Parallel()
	c := newSlow(t)
	d, store := startShared(t, Options{})
	register(t, d, journal.Endpoint{URL: c.URL})
	first := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	<-c.arrived
	store.lapse()
	<-c.gaveUp
	second := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	until(t, "the attempt that was cut short", func() bool { return len(look(t, d, first).Attempts) == 1 })
	if len(c.arrived) > 0 || d.Clock().Pending != 2 {
		t.Errorf("%d requests without a lease, %d pending", len(c.arrived), d.Clock().Pending)
	}
	store.renew()
	if got := await(t, d, first); got.State != journal.Delivered || !slices.Equal(numbers(got), []int{1, 2}) || got.Attempts[0].Outcome != wire.NoResponse {
		t.Errorf("%s, attempts %v", got.State, numbers(got))
	}
	if got := await(t, d, second); got.State != journal.Delivered || !slices.Equal(numbers(got), []int{1}) {
		t.Errorf("%s, attempts %v", got.State, numbers(got))
	}
}

// A delivery that another server has taken over gets no attempt of this one, is not recorded, and
// is dropped when there is a lease again: one that is in flight, one that waits, and one that is
// held.
func TestDeliveriesThatAnotherServerTookOver(t *testing.T) {
	t.Parallel()
	c := newSlow(t)
	d, store := startShared(t, Options{})
	register(t, d, journal.Endpoint{URL: c.URL})
	flying := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	<-c.arrived
	waiting := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "delay", Arg: "1h"}}})[0].ID
	held := emit(t, d, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "hold"}}})[0].ID
	for _, id := range []string{flying, waiting, held} {
		store.give(id, "other")
	}
	store.lapse()
	<-c.gaveUp
	store.renew()
	until(t, "the deliveries to be dropped", func() bool {
		return d.Clock().Pending == 0 && slices.IndexFunc(d.registry.all(), func(to *target) bool { return !to.held.empty() }) < 0
	})
	if got := look(t, d, flying); got.State != journal.Pending || len(got.Attempts) != 0 {
		t.Errorf("%s, attempts %v", got.State, numbers(got))
	}
	if len(c.arrived) > 0 {
		t.Errorf("%d more requests", len(c.arrived))
	}
}

// An attempt that is made while the database is away is recorded when it is back, once, and the
// next one has the next number.
func TestAttemptsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	c := consume(t, inTurn(500, 200))
	d, store := startShared(t, Options{Virtual: true})
	register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	store.setAway(true)
	id := emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].ID
	until(t, "the request", func() bool { return len(c.received()) == 1 })
	if got := look(t, d, id); len(got.Attempts) != 0 {
		t.Errorf("attempts %v", numbers(got))
	}
	store.setAway(false)
	waitIdle(t, d)
	advance(t, d, time.Hour)
	if got := look(t, d, id); got.State != journal.Delivered || !slices.Equal(numbers(got), []int{1, 2}) || len(c.received()) != 2 {
		t.Errorf("%s, attempts %v, %d requests", got.State, numbers(got), len(c.received()))
	}
}

// Close does not wait for a database that is away.
func TestCloseWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d, store := startShared(t, Options{})
	register(t, d, journal.Endpoint{URL: c.URL})
	store.setAway(true)
	emit(t, d, "neostore", Emission{Event: "Pass:Created"})
	until(t, "the request", func() bool { return len(c.received()) == 1 })
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Deliveries without a job, because the answer of the store was lost or because another server gave
// them to this one, are made.
func TestDeliveriesWithoutAJob(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d, store := startShared(t, Options{})
	e := register(t, d, journal.Endpoint{URL: c.URL})
	save := func() string {
		t.Helper()
		p := journal.Delivery{Provider: "neostore", Endpoint: e.ID, URL: e.URL, State: journal.Pending, Next: time.Now()}
		p.Event = emit(t, d, "neostore", Emission{Event: "Pass:Created"})[0].Event
		if err := store.Store.SaveDeliveries(testContext(t), &p); err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	lost, given := save(), save()
	store.mu.Lock()
	store.assigned = []string{given}
	store.mu.Unlock()
	store.given <- struct{}{}
	if got := await(t, d, given); got.State != journal.Delivered || len(got.Attempts) != 1 {
		t.Errorf("%s, attempts %v", got.State, numbers(got))
	}
	d.beUnsure()
	if got := await(t, d, lost); got.State != journal.Delivered || len(got.Attempts) != 1 {
		t.Errorf("%s, attempts %v", got.State, numbers(got))
	}
	if n := len(c.received()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}
