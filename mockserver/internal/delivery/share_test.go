package delivery

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sharedStore is a store in memory that other servers use too.
type sharedStore struct {
	journal.Store
	journal.Sequences
	given chan struct{}

	mu       sync.Mutex
	lease    *journal.Lease
	renewed  chan struct{}     // closed when there is another lease
	owners   map[string]string // of deliveries; "": this server
	orphans  []string          // deliveries of a server that has ended
	assigned []string          // what Given returns
	away     bool              // the database cannot be reached
	assign   string            // the owner of ordered deliveries
	changed  func(kind, key string) error
}

func newSharedStore() *sharedStore {
	return &sharedStore{
		Store: journal.NewMemory(journal.MemoryOptions{}), given: make(chan struct{}, 1), renewed: make(chan struct{}), owners: map[string]string{},
		lease: journal.NewLease(time.Now().Add(time.Hour)),
	}
}

func (s *sharedStore) OnDocument(changed func(kind, key string) error) func() {
	s.changed = changed
	return func() {}
}

func (s *sharedStore) Lease(ctx context.Context) (*journal.Lease, error) {
	for {
		s.mu.Lock()
		lease, renewed := s.lease, s.renewed
		s.mu.Unlock()
		if lease.Valid() {
			return lease, nil
		}
		select {
		case <-renewed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lapse ends the lease.
func (s *sharedStore) lapse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease.End()
}

// renew begins another lease.
func (s *sharedStore) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = journal.NewLease(time.Now().Add(time.Hour))
	close(s.renewed)
	s.renewed = make(chan struct{})
}

// give gives a delivery to another server.
func (s *sharedStore) give(id, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owners[id] = to
}

func (s *sharedStore) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *sharedStore) SaveDeliveries(ctx context.Context, list ...*journal.Delivery) error {
	err := s.Store.SaveDeliveries(ctx, list...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range list {
		if d.Ordered && d.Seq > 0 {
			if s.owners[d.ID] = s.assign; s.assign == "" {
				s.assigned = append(s.assigned, d.ID)
			}
		}
	}
	return err
}

func (s *sharedStore) AppendAttempt(ctx context.Context, id string, a *journal.Attempt, next journal.Progress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away:
		return journal.ErrUnavailable
	case s.owners[id] != "":
		return journal.ErrNotOwner
	}
	return s.Store.AppendAttempt(ctx, id, a, next)
}

func (s *sharedStore) Adopt(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	adopted := s.orphans
	s.orphans = nil
	return adopted, nil
}

func (s *sharedStore) Owned(ctx context.Context) (ids []string, err error) {
	list, err := s.Deliveries(ctx, journal.DeliveryQuery{State: journal.Pending, Oldest: true, Limit: journal.MaxLimit})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range list {
		if s.owners[d.ID] == "" {
			ids = append(ids, d.ID)
		}
	}
	return ids, err
}

func (s *sharedStore) OwnedDeliveries(ctx context.Context, ids []string) (owned []journal.Delivery, err error) {
	list, err := s.Deliveries(ctx, journal.DeliveryQuery{State: journal.Pending, Oldest: true, Limit: journal.MaxLimit})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range list {
		if s.owners[d.ID] == "" && slices.Contains(ids, d.ID) {
			owned = append(owned, d)
		}
	}
	return owned, err
}

func (s *sharedStore) Given() ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := s.assigned
	s.assigned = nil
	return ids, false
}

func (s *sharedStore) GivenC() <-chan struct{} { return s.given }

// startShared starts a dispatcher whose store another server uses too.
func startShared(t *testing.T, o Options) (*Dispatcher, *sharedStore) {
	t.Helper()
	store := newSharedStore()
	o.Store = store
	return start(t, o), store
}

// TestSharedStore checks that a dispatcher leaves the pending deliveries of other servers alone,
// makes those that it adopts, and follows the endpoints of other servers.
func TestSharedStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := newSharedStore()
	start := func() *Dispatcher {
		d, err := New(ctx, Options{Store: store, Virtual: true})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	other := start()
	e, err := other.Register(ctx, journal.Endpoint{Provider: "neostore", URL: "http://127.0.0.1:1/"})
	if err != nil {
		t.Fatal(err)
	}
	made, err := other.Emit(ctx, "neostore", Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "delay", Arg: "1h"}}})
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	d := start()
	defer d.Close()
	if clock, err := d.Advance(ctx, 2*adoptInterval+1e13); err != nil || clock.Pending != 0 {
		t.Errorf("%+v, %v: want none pending", clock, err)
	}
	if got, err := store.Delivery(ctx, made[0].ID); err != nil || got.State != journal.Pending || len(got.Attempts) > 0 {
		t.Errorf("%+v, %v: want it untouched", got, err)
	}
	store.mu.Lock()
	store.orphans = []string{made[0].ID}
	store.mu.Unlock()
	if err := d.adopt(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Advance(ctx, 1e13); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Delivery(ctx, made[0].ID); err != nil || len(got.Attempts) != 1 {
		t.Errorf("%+v, %v: want one attempt", got, err)
	}

	disabled := e
	disabled.Disabled = true
	to, err := d.registry.find(e.ID)
	if err != nil {
		t.Fatal(err)
	}
	config, err := d.newEndpointConfig(disabled, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.putEndpoint(ctx, config, to.order); err != nil {
		t.Fatal(err)
	}
	if err := store.changed(endpointKind, e.ID); err != nil {
		t.Error(err)
	}
	if got, err := d.Endpoint(ctx, e.ID); err != nil || !got.Disabled {
		t.Errorf("%+v, %v: want it disabled", got, err)
	}
	if err := store.Delete(ctx, endpointKind, e.ID); err != nil {
		t.Fatal(err)
	}
	if err := store.changed("", ""); err != nil {
		t.Error(err)
	}
	if _, err := d.Endpoint(ctx, e.ID); err == nil {
		t.Error("a removed endpoint is still there")
	}
}
