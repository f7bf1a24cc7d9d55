package delivery

import (
	"errors"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// What cannot be told has not happened: on a full journal nothing is kept of an entity that was to be made, and one that was to change stays as
// it was, in memory and in the store.
func TestFullJournalKeepsNothing(t *testing.T) {
	t.Parallel()
	url := hanging(t) // it ends after the dispatcher
	store := journal.NewMemory(journal.MemoryOptions{Deliveries: 1})
	d := start(t, Options{Store: store, Virtual: true, Seed: 7})
	name := func() EntityName {
		e, err := d.Create(testContext(t), "neostore", "pass", "", nil, func(l *Life) error {
			_, err := l.Happen(fixtures.Step{Event: "Pass:Created"})
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
	register(t, d, journal.Endpoint{URL: url, Events: []string{"Pass:*"}})
	emit(t, d, "neostore", Emission{Event: "Pass:Created"}) // it is pending, and fills the journal

	e, err := d.Create(testContext(t), "neostore", "pass", "", nil, func(l *Life) error {
		_, err := l.Happen(fixtures.Step{Event: "Pass:Created"})
		return err
	})
	if !errors.Is(err, journal.ErrFull) || e.ID != "" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := d.Live(testContext(t), name, func(l *Life) error {
		_, err := l.Happen(fixtures.Step{Event: "Pass:Installed"})
		return err
	}); !errors.Is(err, journal.ErrFull) {
		t.Fatal(err)
	}
	if list := d.Entities("neostore", "", ""); len(list) != 1 || list[0].State != "created" {
		t.Errorf("in memory: %+v", list)
	}
	documents, err := store.List(testContext(t), entityKind)
	if err != nil || len(documents) != 1 || string(documents[0].Doc) != string(before) {
		t.Errorf("in the store: %s, %v", documents, err)
	}
}

// A panic of who has an entity live leaves it neither listed nor locked.
func TestPanicLeavesNothing(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = d.Create(testContext(t), "neostore", "pass", "", nil, func(*Life) error { panic("a mistake of an API") })
	}()
	if list := d.Entities("neostore", "", ""); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
	e, err := d.Create(testContext(t), "neostore", "pass", "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Forget(testContext(t), e.Name()); err != nil {
		t.Error(err)
	}
}
