package servertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Concurrent changes of a bin's settings do not undo each other, in this process and over HTTP.
func TestBinChangesAreAtomic(t *testing.T) {
	clients(t, mockserver.Options{Dashboard: dashboard.Handler}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		for i := range 50 {
			bin := mockserver.NewBin(client, fmt.Sprint("bin", i))
			var changing sync.WaitGroup
			errs := make([]error, 2)
			changing.Go(func() { errs[0] = bin.Respond(t.Context(), journal.Response{Status: 503}) })
			changing.Go(func() { errs[1] = bin.VerifyWith(t.Context(), "neostore", "s") })
			changing.Wait()
			set, err := client.Settings(t.Context(), bin.Name())
			if err := errors.Join(append(errs, err)...); err != nil || set.Provider != "neostore" || len(set.Responses.Sequence) != 1 {
				t.Fatalf("%+v, %v", set, err)
			}
		}
		url, forward := "http://x/", ""
		set, err := client.Change(t.Context(), "bin0", capture.Change{URL: &url, Forward: &forward})
		if err != nil || set.URL != url || set.Provider != "neostore" || len(set.Secrets) != 1 || len(set.Responses.Sequence) != 1 {
			t.Errorf("%+v, %v", set, err)
		}
		none := ""
		if set, err := client.Change(t.Context(), "bin0", capture.Change{Provider: &none, Secrets: &[]string{}, URL: &none}); err != nil || set.Provider != "" || len(set.Secrets) != 0 || len(set.Responses.Sequence) != 1 {
			t.Errorf("%+v, %v", set, err)
		}
	})
}

// A change of other settings keeps the position in the sequence of responses.
func TestChangeKeepsTheSequence(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	bin := server.Bin("inbox")
	if err := bin.Respond(t.Context(), journal.Response{Status: 503}, journal.Response{Status: 201}); err != nil {
		t.Fatal(err)
	}
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), bin.URL(), "Pass:*"); err != nil {
		t.Fatal(err)
	}
	want := []int{503, 201}
	for _, status := range want { // the second change happens between the responses
		deliveries, err := neostore.Emit(t.Context(), "Pass:Created")
		if err == nil {
			err = server.Client().WaitIdle(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		if d, err := server.Client().Delivery(t.Context(), deliveries[0].ID); err != nil || d.Attempts[0].Status != status {
			t.Errorf("%+v, %v; want %d", d, err, status)
		}
		if _, err := server.Client().Change(t.Context(), "inbox", capture.Change{Handshakes: &[]capture.Handshake{{Kind: "slack"}}}); err != nil {
			t.Fatal(err)
		}
	}
}

// Two servers without a seed never send the same event ids. A failed test logs its seed.
func TestStartTPicksASeed(t *testing.T) {
	t.Parallel()
	ids := func(o ...mockserver.Options) string {
		f := &failing{T: t}
		server := mockserver.StartT(f, o...)
		life, err := server.Provider("neostore").Hold("pass", "Pass:Created")
		if err != nil {
			t.Fatal(err)
		}
		f.end()
		if logged := strings.Join(f.logged, "\n"); strings.Contains(logged, "mockserver.Options{Seed: ") == (len(o) > 0) {
			t.Errorf("logged %q", logged)
		}
		return string(life[0].Body)
	}
	if first, second := ids(), ids(); first == second {
		t.Error("two servers send the same event")
	}
	if first, second := ids(mockserver.Options{Seed: 7}), ids(mockserver.Options{Seed: 7}); first != second {
		t.Error("the same seed sends other events")
	}
}

// failing is a failed test that does not fail this one.
type failing struct {
	*testing.T
	logged   []string
	cleanups []func()
}

func (f *failing) Failed() bool { return true }
func (f *failing) Logf(format string, args ...any) {
	f.logged = append(f.logged, fmt.Sprintf(format, args...))
}
func (f *failing) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }

func (f *failing) end() {
	for _, do := range f.cleanups {
		do()
	}
}

// An emission without a subscriber and a subscription to no event are errors, in this process and
// over HTTP.
func TestNoSubscriberIsAnError(t *testing.T) {
	clients(t, mockserver.Options{Dashboard: dashboard.Handler}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		neostore := mockserver.NewProvider(client, "neostore")
		if list, err := neostore.Emit(t.Context(), "Pass:Created"); !errors.Is(err, mockserver.ErrNoSubscriber) || len(list) != 0 {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := neostore.Journey(t.Context(), "pass"); !errors.Is(err, mockserver.ErrNoSubscriber) {
			t.Error(err)
		}
		_, err := neostore.Subscribe(t.Context(), "http://127.0.0.1:1/", "Pass:Created", "Passes:*")
		if !errors.Is(err, delivery.ErrInvalid) || !strings.Contains(err.Error(), `pattern "Passes:*" selects no event of neostore`) {
			t.Error(err)
		}
		if _, err := mockserver.NewProvider(client, "neostor").Hold("pass"); !errors.Is(err, fixtures.ErrUnknownProvider) {
			t.Error(err)
		}
		bin := mockserver.NewBin(client, "life")
		if _, err := neostore.Subscribe(t.Context(), bin.URL(), "Pass:*"); err != nil {
			t.Fatal(err)
		}
		life, err := neostore.With(mockserver.Seed(3)).Hold("pass", "Pass:Created", "Pass:Installed")
		if err != nil {
			t.Fatal(err)
		}
		if list, err := neostore.Send(t.Context(), life[1], life[0]); err != nil || len(list) != 2 {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := bin.Wait(t.Context(), 2); err != nil {
			t.Error(err)
		}
	})
}

// A wait whose context ends first still reports what arrived and what is missing.
func TestWaitReportsArrivals(t *testing.T) {
	clients(t, mockserver.Options{Dashboard: dashboard.Handler}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := mockserver.NewBin(client, "empty").Wait(ctx, 2)
		if !errors.Is(err, mockserver.ErrNotReceived) || !strings.Contains(err.Error(), "bin empty") {
			t.Error(err)
		}
		ended, end := context.WithTimeout(t.Context(), time.Hour)
		end()
		if _, err := mockserver.NewBin(client, "empty").Wait(ended, 2); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// The address of a bin can be dialled, whatever the server listens on, and the server may send
// there.
func TestBinsCanBeReached(t *testing.T) {
	t.Parallel()
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0"} {
		server := mockserver.StartT(t, mockserver.Options{Capture: address, Insecure: true})
		bin := server.Bin("inbox")
		if !strings.HasPrefix(bin.URL(), "http://127.0.0.1:") {
			t.Errorf("%s: %s", address, bin.URL())
		}
		neostore := server.Provider("neostore")
		if _, err := neostore.Subscribe(t.Context(), bin.URL()); err != nil {
			t.Fatal(err)
		}
		if _, err := neostore.Emit(t.Context(), "Pass:Created"); err != nil {
			t.Fatal(err)
		}
		if _, err := bin.Wait(t.Context(), 1); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
