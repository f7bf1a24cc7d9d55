package entities

import (
	"errors"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// When the events cannot be emitted, the entity does not change: on a full journal a new entity is
// not stored, and another one stays as it was, in memory and in the store.
func TestFullJournalKeepsNothing(t *testing.T) {
	t.Parallel()
	url := hanging(t) // it ends after the dispatcher
	store := journal.NewMemory(journal.MemoryOptions{Deliveries: 1})
	r := start(t, store, Options{Seed: 7})
	name := func() Name {
		e, err := r.Create(testContext(t), "neostore", "pass", "", nil, func(tx *Tx) error {
			_, err := tx.Trigger(fixtures.Step{Event: "Pass:Created"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return e.Name()
	}()
	before, err := store.Get(testContext(t), entityKind, name.document())
	if err != nil {
		t.Fatal(err)
	}
	register(t, r, journal.Endpoint{URL: url, Events: []string{"Pass:*"}})
	if _, err := r.dispatcher.Emit(testContext(t), "neostore", delivery.Emission{Event: "Pass:Created"}); err != nil {
		t.Fatal(err) // it is pending, and fills the journal
	}

	e, err := r.Create(testContext(t), "neostore", "pass", "", nil, func(tx *Tx) error {
		_, err := tx.Trigger(fixtures.Step{Event: "Pass:Created"})
		return err
	})
	if !errors.Is(err, journal.ErrFull) || e.ID != "" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := r.Update(testContext(t), name, func(tx *Tx) error {
		_, err := tx.Trigger(fixtures.Step{Event: "Pass:Installed"})
		return err
	}); !errors.Is(err, journal.ErrFull) {
		t.Fatal(err)
	}
	if list := r.List("neostore", "", ""); len(list) != 1 || list[0].State != "created" {
		t.Errorf("in memory: %+v", list)
	}
	documents, err := store.List(testContext(t), entityKind)
	if err != nil || len(documents) != 1 || string(documents[0].Doc) != string(before) {
		t.Errorf("in the store: %s, %v", documents, err)
	}
}

// A panic in a transaction leaves the entity neither listed nor locked.
func TestPanicLeavesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, nil, Options{Seed: 7})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = r.Create(testContext(t), "neostore", "pass", "", nil, func(*Tx) error { panic("a mistake of an API") })
	}()
	if list := r.List("neostore", "", ""); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
	e, err := r.Create(testContext(t), "neostore", "pass", "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Delete(testContext(t), e.Name()); err != nil {
		t.Error(err)
	}
}
