package scenarios

import (
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// TestRunsDoNotSeeEachOther checks that scenarios played at the same time on one server, in this
// process and over HTTP, see only their own deliveries and captures, and do not change those of
// others.
func TestRunsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	remote, err := mockserver.Dial(server.DashboardURL(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remote.Close() })

	somebody := server.Bin("somebody")
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), somebody.URL()); err != nil {
		t.Fatal(err)
	}
	before, err := server.Client().Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	var playing sync.WaitGroup
	for n := range 4 {
		for _, name := range []string{"forged", "duplicate", "retry-until-up", "out-of-order"} {
			s, err := LoadFS(Library(), name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			client := server.Client()
			if n%2 == 1 {
				client = remote
			}
			playing.Go(func() {
				seed := uint64(7) // all send the same events
				report, err := Run(t.Context(), client, s, Options{Seed: &seed})
				if err != nil || report.Status != Passed {
					t.Errorf("%s: %v\n%s", name, err, text(t, report))
				}
			})
		}
	}
	playing.Wait()

	after, err := server.Client().Clock(t.Context())
	if err != nil || !after.Now.Equal(before.Now) {
		t.Errorf("the server's clock went from %v to %v, %v", before.Now, after.Now, err)
	}
	if list, err := somebody.Captures(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("somebody else got %d events, %v", len(list), err)
	}
	endpoints, err := server.Client().Endpoints(t.Context(), "")
	if err != nil || len(endpoints) != 1 {
		t.Errorf("%d endpoints are left, %v", len(endpoints), err)
	}
	if _, err := neostore.Emit(t.Context(), "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	if _, err := somebody.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// TestSelfRegistered checks that a scenario without a subscribe step sends to the endpoints that
// the consumer registered itself.
func TestSelfRegistered(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	consumer := server.Bin("consumer")
	if _, err := server.Provider("neostore").Subscribe(t.Context(), consumer.URL(), "Pass:*"); err != nil {
		t.Fatal(err)
	}
	s := read(t, "steps:\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {count: 1, state: delivered}}\n")
	report, err := Run(t.Context(), server.Client(), s, Options{Target: consumer.URL()})
	if err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestRunsOfOneServerAreBounded checks that a run that ends makes room for others and that its
// clock is deleted.
func TestRunsOfOneServerAreBounded(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: later\n    advance: 1h\n")
	for range 300 {
		if report, err := Run(t.Context(), server.Client(), s, Options{}); err != nil {
			t.Fatalf("%v\n%s", err, text(t, report))
		}
	}
	if endpoints, err := server.Client().Endpoints(t.Context(), ""); err != nil || len(endpoints) != 0 {
		t.Errorf("%v, %v", endpoints, err)
	}
}
