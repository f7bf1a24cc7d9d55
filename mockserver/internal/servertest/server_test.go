package servertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Nothing that StartT started is left after the test: no goroutine, no listener.
func TestStartTLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	var address string
	t.Run("server", func(t *testing.T) {
		server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
		address = strings.TrimPrefix(server.CaptureURL(), "http://")
		inbox := server.Bin("inbox")
		if err := inbox.Respond(t.Context(), journal.Response{Hang: true}); err != nil {
			t.Fatal(err)
		}
		neostore := server.Provider("neostore")
		if _, err := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*"); err != nil {
			t.Fatal(err)
		}
		// An attempt and a wait are active when the server stops.
		if _, err := neostore.Emit(t.Context(), "Pass:Created"); err != nil {
			t.Fatal(err)
		}
		if _, err := inbox.Wait(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	})
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Errorf("%s still listens", address)
	}
	goleak.VerifyNone(t, before)
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	server, err := mockserver.Start(context.Background(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// The server outlives the context that it was started with.
func TestServerOutlivesItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := mockserver.Start(ctx, mockserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	cancel()
	deliver(t, server)

	if _, err := mockserver.Start(ctx, mockserver.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("start after the end: %v, want canceled", err)
	}
}

// Close does not close a store from Options; the next server continues with it.
func TestCloseLeavesAGivenStoreOpen(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	for want := 1; want <= 2; want++ {
		server, err := mockserver.Start(t.Context(), mockserver.Options{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		post(t, server.Bin("inbox").URL(), "x")
		captures, err := server.Bin("inbox").Captures(t.Context())
		if err != nil || len(captures) != want {
			t.Errorf("%d captures (%v), want %d", len(captures), err, want)
		}
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	withDashboard := func(o mockserver.Options) mockserver.Options { o.Dashboard = dashboard.Handler; return o }
	for _, c := range []struct {
		name    string
		options mockserver.Options
		want    string
		network bool // the error wraps *net.OpError
	}{
		{"capture taken", mockserver.Options{Capture: address}, "capture address " + address + " is in use: stop the other program, or choose another address (port 0 takes a free one)", true},
		{"dashboard taken", withDashboard(mockserver.Options{DashboardAddress: address}), "dashboard address " + address + " is in use: stop the other program, or choose another address (port 0 takes a free one)", true},
		{"no port", mockserver.Options{Capture: "127.0.0.1"}, `capture address "127.0.0.1": address 127.0.0.1: missing port in address: want host:port, such as 127.0.0.1:8080`, false},
		{"exposed capture", mockserver.Options{Capture: "0.0.0.0:0"}, `capture address "0.0.0.0:0": reachable from other machines, without a token: give a token, allow it with insecure, or listen on 127.0.0.1`, false},
		{"exposed dashboard", withDashboard(mockserver.Options{DashboardAddress: ":0"}), `dashboard address ":0": reachable from other machines, without a token: give a token, allow it with insecure, or listen on 127.0.0.1`, false},
		{"target", mockserver.Options{AllowTargets: []string{"10.0.0.0/99"}}, "allowed targets:", false},
	} {
		server, err := mockserver.Start(t.Context(), c.options)
		if err == nil {
			server.Close()
			t.Errorf("%s: it started", c.name)
			continue
		}
		if !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, err, c.want)
		}
		if is := errors.As(err, new(*net.OpError)); is != c.network && c.name != "no port" {
			t.Errorf("%s: an error of the network: %t, want %t", c.name, is, c.network)
		}
		if c.name[:2] == "ex" && !errors.Is(err, mockserver.ErrExposed) {
			t.Errorf("%s: %v is not ErrExposed", c.name, err)
		}
	}
}

func TestBeyondLoopback(t *testing.T) {
	t.Parallel()
	for _, o := range []mockserver.Options{
		{Capture: "0.0.0.0:0", DashboardAddress: "0.0.0.0:0", Token: "t"},
		{Capture: "0.0.0.0:0", DashboardAddress: "0.0.0.0:0", Insecure: true},
	} {
		o.Dashboard = dashboard.Handler
		server := mockserver.StartT(t, o)
		client, err := mockserver.Dial(server.DashboardURL(), o.Token)
		if err != nil {
			t.Errorf("dial %s: %v", server.DashboardURL(), err)
			continue
		}
		closeClient(t, client)
		post(t, client.BinURL("inbox"), "x") // the addresses that it reports can be reached
	}
}

// StartT fails the test with the few methods of T.
func TestStartTFailsTheTest(t *testing.T) {
	t.Parallel()
	f := &fakeT{}
	if server := mockserver.StartT(f, mockserver.Options{Capture: "nowhere"}); server != nil || len(f.failed) != 1 {
		t.Errorf("server %v, failures %q: want no server and one failure", server, f.failed)
	}
	f = &fakeT{}
	if server := mockserver.StartT(f, mockserver.Options{}, mockserver.Options{}); server != nil || len(f.failed) != 1 {
		t.Errorf("two options: server %v, failures %q: want no server and one failure", server, f.failed)
	}
}

type fakeT struct{ failed []string }

func (f *fakeT) Helper() {}
func (f *fakeT) Fatalf(format string, args ...any) {
	f.failed = append(f.failed, fmt.Sprintf(format, args...))
}
func (f *fakeT) Cleanup(func())      {}
func (f *fakeT) Logf(string, ...any) {}

func TestHandles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := mockserver.StartT(t, mockserver.Options{Seed: 7})
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	endpoint, err := neostore.Subscribe(ctx, inbox.URL(), "Pass:*")
	if err != nil {
		t.Fatal(err)
	}
	if err := inbox.VerifyWith(ctx, "neostore", endpoint.Secrets...); err != nil {
		t.Fatal(err)
	}
	// Respond keeps the settings of VerifyWith.
	if err := inbox.Respond(ctx, journal.Response{Status: 204}); err != nil {
		t.Fatal(err)
	}
	if _, err := neostore.Emit(ctx, "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	if _, err := neostore.Emit(ctx, "Pass:Created", "signature:missing"); err != nil {
		t.Fatal(err)
	}
	captures, err := inbox.Wait(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]int{}
	for _, c := range captures {
		results[string(c.Verification.Verdict)]++
		if c.Response.Status != 204 {
			t.Errorf("answered %d, want 204", c.Response.Status)
		}
	}
	if results["valid"] != 1 || results["missing"] != 1 {
		t.Errorf("results %v, want one valid, one missing", results)
	}

	if n, err := inbox.Clear(ctx); n != 2 || err != nil {
		t.Errorf("cleared %d (%v), want 2", n, err)
	}
	if _, err := inbox.Captures(ctx); err != nil {
		t.Error(err)
	}
	short, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := inbox.Wait(short, 1); err == nil || errors.Is(err, mockserver.ErrNotReceived) {
		t.Errorf("a cancelled wait: %v, want the context's error", err)
	}
	waited, err := inbox.WaitFor(ctx, query.Wait{Count: 1, Timeout: 1})
	if err != nil || waited.OK {
		t.Errorf("a wait that runs out of time: %+v, %v", waited, err)
	}

	if _, err := neostore.Emit(ctx, "Pass:Created", "signatur:missing"); err == nil {
		t.Error("an unknown fault was accepted")
	}
	if err := neostore.Remove(ctx, endpoint.ID); err != nil {
		t.Error(err)
	}
	if err := server.Provider("ethpass").Remove(ctx, endpoint.ID); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

// deliver makes a provider deliver one event to a bin.
func deliver(t *testing.T, server *mockserver.Server) {
	t.Helper()
	inbox := server.Bin("inbox")
	if _, err := server.Provider("neostore").Subscribe(t.Context(), inbox.URL(), "Pass:*"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Provider("neostore").Emit(t.Context(), "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}

// post sends a body to a bin over a new connection.
func post(t *testing.T, url, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %s", url, resp.Status)
	}
}

func closeClient(t *testing.T, client *mockserver.Client) {
	t.Cleanup(func() { client.Close() })
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		server, err := mockserver.Start(context.Background(), mockserver.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := server.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// must returns a value, or fails the test: must(f())(t).
func must[V any](v V, err error) func(*testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func contextEnding(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

// Each journey is about another entity, and the same seed gives the same journeys again.
func TestJourneys(t *testing.T) {
	t.Parallel()
	journeys := func(seed uint64) (bodies []string) {
		server := mockserver.StartT(t, mockserver.Options{Seed: seed})
		neostore := server.Provider("neostore")
		if _, err := neostore.Subscribe(t.Context(), server.Bin("inbox").URL(), "*"); err != nil {
			t.Fatal(err)
		}
		names := []string{"Pass:Created", "Pass:Installed", "Pass:Uninstalled"}
		for range 2 {
			made := must(neostore.Journey(t.Context(), "pass", names...))(t)
			if len(made) != len(names) {
				t.Fatalf("%d deliveries, want %d", len(made), len(names))
			}
			for i, d := range made {
				if d.Event.Name != names[i] {
					t.Errorf("event %d is %s, want %s", i, d.Event.Name, names[i])
				}
				bodies = append(bodies, string(d.Event.Body))
			}
		}
		captures := must(server.Bin("inbox").Wait(t.Context(), len(bodies)))(t)
		for i, c := range captures {
			if string(c.Body) != bodies[i] {
				t.Errorf("capture %d is %s, want %s", i, c.Body, bodies[i])
			}
		}
		return bodies
	}
	once, again, other := journeys(7), journeys(7), journeys(8)
	if !slices.Equal(once, again) {
		t.Error("the same seed gave other journeys")
	}
	if once[0] == once[3] || once[0] == other[0] {
		t.Error("two journeys are the same")
	}
	if _, err := mockserver.StartT(t).Provider("neostor").Journey(t.Context(), "pass"); !errors.Is(err, fixtures.ErrUnknownProvider) {
		t.Errorf("no such provider: %v", err)
	}
	if _, err := mockserver.StartT(t).Provider("neostore").Journey(t.Context(), "pas"); !errors.Is(err, fixtures.ErrUnknownJourney) {
		t.Errorf("no such journey: %v", err)
	}
}
