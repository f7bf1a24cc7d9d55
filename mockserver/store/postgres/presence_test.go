package postgres_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

// TestNodes checks what nodes learn of each other: all that one has announced, what it owns, and
// that it was lost or has ended.
func TestNodes(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer two.Close()
	silent := shared(t, address) // a program that is no server
	defer silent.Close()
	list := func() []journal.Node {
		t.Helper()
		nodes, err := two.Nodes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return nodes
	}
	about := journal.Node{
		State: journal.NodeRunning, Host: "a\xffb", PID: 7, Version: "v1", Capture: "http://c", Dashboard: "http://d", BurstWorkers: 3,
	}
	if err := one.Announce(t.Context(), about); err != nil {
		t.Fatal(err)
	}
	if err := two.Announce(t.Context(), journal.Node{State: journal.NodeRunning, Host: "two"}); err != nil {
		t.Fatal(err)
	}
	done := journaltest.Delivery("done", 2)
	done.State = journal.Delivered
	if err := one.SaveDeliveries(t.Context(), journaltest.Delivery("a", 1), done); err != nil {
		t.Fatal(err)
	}
	nodes := list()
	if len(nodes) != 2 {
		t.Fatalf("%+v", nodes)
	}
	got := nodes[0]
	if len(got.ID) != 32 || got.ID == nodes[1].ID || got.Started.IsZero() || got.Seen.Before(got.Started) || got.Pending != 1 || got.Self || !nodes[1].Self {
		t.Errorf("%+v", nodes)
	}
	got.ID, got.Started, got.Seen, got.Pending = "", time.Time{}, time.Time{}, 0
	about.Host = "a\ufffdb"
	if got != about {
		t.Errorf("%+v, want %+v", got, about)
	}

	about.State = journal.NodeDraining
	if err := one.Announce(t.Context(), about); err != nil {
		t.Fatal(err)
	}
	if nodes := list(); nodes[0].State != journal.NodeDraining {
		t.Errorf("%+v", nodes)
	}
	// It writes its row without being asked to.
	seen := list()[0].Seen
	for list()[0].Seen.Equal(seen) {
		if t.Context().Err() != nil {
			return
		}
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if nodes := list(); len(nodes) != 1 || !nodes[0].Self {
		t.Errorf("after it ended: %+v", nodes)
	}

	admin(t, address, `INSERT INTO nodes (node, seen, about) VALUES
		('killed', clock_timestamp() - interval '16 seconds', '{"state": "running", "host": "killed"}'),
		('forgotten', clock_timestamp() - interval '25 hours', '{"state": "running", "host": "forgotten"}')`)
	var states []journal.NodeState
	for begin := time.Now(); len(states) != 2; states = nil { // two deletes the row of the other one
		for _, n := range list() {
			states = append(states, n.State)
		}
		if len(states) == 2 {
			break
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("nodes are %v", states)
		}
	}
	slices.Sort(states)
	if !slices.Equal(states, []journal.NodeState{journal.NodeLost, journal.NodeRunning}) {
		t.Errorf("nodes are %v", states)
	}
}

// TestReady checks that a node is ready while its database takes writes: not when it is away, and
// again afterwards.
func TestReady(t *testing.T) {
	t.Parallel()
	server := pgtest.StartServer(t)
	s := shared(t, empty(server.DSN))
	defer s.Close()
	becomes := func(ready bool) {
		t.Helper()
		for begin := time.Now(); ; {
			err := s.Ready()
			if err == nil == ready {
				if err != nil && !errors.Is(err, postgres.ErrUnavailable) {
					t.Errorf("%v, want ErrUnavailable", err)
				}
				return
			}
			if time.Since(begin) > 30*time.Second {
				t.Fatalf("ready is %v, want %v", err, ready)
			}
		}
	}
	becomes(true)
	server.Stop()
	becomes(false)
	server.Start()
	becomes(true)
	if err := s.AppendCapture(t.Context(), journaltest.Capture("a", 1)); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// TestSwap checks that of several nodes that replace a document one succeeds.
func TestSwap(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer one.Close()
	defer two.Close()
	for _, step := range []struct {
		by          journal.Shared
		before, doc string
		changed     bool
	}{
		{one, "", "1", false},
		{two, "", "2", true},
		{two, "0", "2", true},
		{two, "1", "2", false},
		{one, "1", "3", true},
	} {
		var before []byte
		if step.before != "" {
			before = []byte(step.before)
		}
		err := step.by.Swap(t.Context(), "kind", "key", before, []byte(step.doc))
		if step.changed != errors.Is(err, journal.ErrChanged) || !step.changed && err != nil {
			t.Errorf("%+v: %v", step, err)
		}
	}
	if doc, err := one.Get(t.Context(), "kind", "key"); err != nil || string(doc) != "2" {
		t.Errorf("%s, %v", doc, err)
	}
}

// TestFailedFollowerIsCalledAgain checks that a change that could not be taken over is reported
// again.
func TestFailedFollowerIsCalledAgain(t *testing.T) {
	t.Parallel()
	address := empty(pgtest.Start(t))
	one, two := shared(t, address), shared(t, address)
	defer one.Close()
	defer two.Close()
	heard := make(chan string, 10)
	calls := 0
	defer two.OnDocument(func(kind, key string) error {
		heard <- kind + " " + key
		if calls++; calls < 3 {
			return errors.New("the database is away")
		}
		return nil
	})()
	if err := one.Put(t.Context(), "bin", "a", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		select {
		case got := <-heard:
			if got != "bin a" {
				t.Errorf("%q", got)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it was not called again")
		}
	}
}
