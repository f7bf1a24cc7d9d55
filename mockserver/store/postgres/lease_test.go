package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// ordered returns a pending delivery of an endpoint that goes in order.
func ordered(id, endpoint string, n int) *journal.Delivery {
	d := journaltest.Delivery(id, n)
	d.Ordered, d.Endpoint = true, endpoint
	return d
}

func save(t *testing.T, s journal.Store, list ...*journal.Delivery) {
	t.Helper()
	if err := s.SaveDeliveries(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
}

// owns checks which deliveries a node owns.
func owns(t *testing.T, s journal.Shared, want ...string) {
	t.Helper()
	got, err := s.Owned(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("owned are %q, %v; want %q", got, err, want)
	}
	list, err := s.OwnedDeliveries(t.Context(), append([]string{"unknown"}, want...))
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	if err != nil || !slices.Equal(ids, want) {
		t.Errorf("owned deliveries are %q, %v; want %q", ids, err, want)
	}
}

// gives waits until a node was given deliveries, by another node if that is told.
func gives(t *testing.T, s journal.Shared, told bool, want ...string) {
	t.Helper()
	var got []string
	for len(got) < len(want) {
		if told {
			select {
			case <-s.GivenC():
			case <-time.After(20 * time.Second):
				t.Fatalf("given are %q, want %q", got, want)
			}
		}
		ids, all := s.Given()
		if got = append(got, ids...); all || !told && len(got) < len(want) {
			t.Fatalf("given are %q, all %v; want %q", got, all, want)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("given are %q, want %q", got, want)
	}
}

// TestOnlyTheOwnerRecords checks that a node cannot record attempts of another node's deliveries,
// and that no attempt is recorded twice.
func TestOnlyTheOwnerRecords(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer two.Close()
	save(t, one, journaltest.Delivery("a", 1))
	record := func(s journal.Store, n int, want error) {
		t.Helper()
		if err := s.AppendAttempt(t.Context(), "a", &journal.Attempt{N: n}, journal.Progress{State: journal.Pending, Next: int64(n)}); !errors.Is(err, want) {
			t.Errorf("attempt %d: %v, want %v", n, err, want)
		}
	}
	record(two, 1, journal.ErrNotOwner)
	record(one, 1, nil)
	record(one, 1, journal.ErrExists)
	record(one, 2, nil)
	record(one, 1, journal.ErrExists)
	if err := two.AppendAttempt(t.Context(), "a", nil, journal.Progress{State: journal.Stopped}); !errors.Is(err, journal.ErrNotOwner) {
		t.Errorf("the end of another node's delivery: %v, want ErrNotOwner", err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if ids, err := two.Adopt(t.Context()); err != nil || len(ids) != 1 {
		t.Fatalf("%q, %v", ids, err)
	}
	record(two, 2, journal.ErrExists)
	record(two, 3, nil)
	d, err := two.Delivery(t.Context(), "a")
	if err != nil || len(d.Attempts) != 3 || d.Attempts[2].N != 3 || d.Next.UnixNano() != 3 || d.State != journal.Pending {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestOrderedDeliveriesHaveOneOwner checks that the ordered deliveries of an endpoint go to the
// node that has pending ones of it, that it is told, and that a node that takes over gets all of
// them.
func TestOrderedDeliveriesHaveOneOwner(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two, three := shared(t, address), shared(t, address), shared(t, address)
	defer two.Close()
	defer three.Close()
	save(t, one, ordered("a1", "A", 1), ordered("b1", "B", 2), journaltest.Delivery("free1", 3))
	gives(t, one, false, "a1", "b1")
	save(t, two, ordered("a2", "A", 4), ordered("c1", "C", 5), journaltest.Delivery("free2", 6))
	gives(t, two, false, "c1")
	gives(t, one, true, "a2")
	save(t, three, ordered("a3", "A", 7), ordered("c2", "C", 8))
	gives(t, one, true, "a3")
	gives(t, two, true, "c2")
	gives(t, three, false)
	owns(t, one, "a1", "b1", "free1", "a2", "a3")
	owns(t, two, "c1", "free2", "c2")
	owns(t, three)
	// An endpoint that has none pending goes to whoever saves the next one.
	if err := one.AppendAttempt(t.Context(), "b1", nil, journal.Progress{State: journal.Stopped}); err != nil {
		t.Fatal(err)
	}
	save(t, three, ordered("b2", "B", 9))
	gives(t, three, false, "b2")
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	// The next one belongs to the node that has ended, until another one adopts all of them.
	save(t, two, ordered("a4", "A", 10))
	gives(t, two, false)
	ids, err := three.Adopt(t.Context())
	slices.Sort(ids)
	if err != nil || !slices.Equal(ids, []string{"a1", "a2", "a3", "a4", "free1"}) {
		t.Errorf("adopted %q, %v", ids, err)
	}
	if ids, err := two.Adopt(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("adopted twice: %q, %v", ids, err)
	}
	save(t, two, ordered("a5", "A", 11))
	gives(t, three, true, "a5")
	owns(t, three, "a1", "free1", "a2", "a3", "b2", "a4", "a5")
}

// TestAdoptInPortions checks that many deliveries are adopted in several transactions.
func TestAdoptInPortions(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer two.Close()
	var list []*journal.Delivery
	for i := range 2300 {
		list = append(list, journaltest.Delivery(fmt.Sprint("d", i), i))
	}
	save(t, one, list...)
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for {
		ids, err := two.Adopt(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) == 0 {
			break
		}
		sizes = append(sizes, len(ids))
	}
	if !slices.Equal(sizes, []int{1000, 1000, 300}) {
		t.Errorf("%v", sizes)
	}
}

// TestLeaseEndsBeforeOthersAdopt takes the database away: the lease of the node ends. When it is
// back there is another one, and the node owns what no other node has adopted.
func TestLeaseEndsBeforeOthersAdopt(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t)
	address := empty(server.DSN)
	s := shared(t, address+"&hookrig.lease=1500ms")
	defer s.Close()
	lease, err := s.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := shared(t, address)
	defer other.Close()
	save(t, s, journaltest.Delivery("a", 1))
	select {
	case <-lease.Context().Done():
		t.Log("the machine is slow: a heartbeat came too late")
	case <-time.After(3 * time.Second): // two leases
	}
	server.Stop()
	select {
	case <-lease.Context().Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the lease does not end")
	}
	server.Start()
	if again, err := s.Lease(t.Context()); err != nil || again == lease || !again.Valid() {
		t.Fatalf("%v, %v: want another lease", again, err)
	}
	if ids, err := other.Owned(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("the other node owns %q, %v", ids, err)
	}
}

// TestLeaseOfAnAddress checks the option of the address.
func TestLeaseOfAnAddress(t *testing.T) {
	t.Parallel()
	if _, err := postgres.Open(t.Context(), "postgres://u@127.0.0.1:1/db?hookrig.lease=soon", postgres.Options{}); !errors.Is(err, postgres.ErrAddress) {
		t.Errorf("%v, want ErrAddress", err)
	}
}
