package delivery

import (
	"context"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sharedStore is a store in memory that another server uses too.
type sharedStore struct {
	journal.Store
	mu      sync.Mutex
	orphans []string // deliveries of a server that has ended
	changed func(kind, key string) error
}

func (s *sharedStore) OnDocument(changed func(kind, key string) error) func() {
	s.changed = changed
	return func() {}
}

func (s *sharedStore) Adopt(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	adopted := s.orphans
	s.orphans = nil
	return adopted, nil
}

// TestSharedStore checks that a dispatcher leaves the pending deliveries of other servers alone,
// makes those that it adopts, and follows the endpoints of other servers.
func TestSharedStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &sharedStore{Store: journal.NewMemory(journal.MemoryOptions{})}
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
	store.orphans = []string{made[0].ID}
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
