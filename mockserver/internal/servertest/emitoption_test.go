package servertest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// The options of With apply to the handle that it returns and to no other, in this process and over
// HTTP.
func TestWith(t *testing.T) {
	clients(t, mockserver.Options{Dashboard: dashboard.Handler}, func(t *testing.T, client *mockserver.Client, _ *mockserver.Server) {
		ctx := t.Context()
		inbox, other := mockserver.NewBin(client, "inbox"), mockserver.NewBin(client, "other")
		subscribfy := mockserver.NewProvider(client, "subscribfy")
		for _, bin := range []*mockserver.Bin{inbox, other} {
			if _, err := subscribfy.Subscribe(ctx, bin.URL(), "wallet_pass/created"); err != nil {
				t.Fatal(err)
			}
		}
		endpoints, err := client.Endpoints(ctx, "subscribfy")
		if err != nil || len(endpoints) != 2 {
			t.Fatalf("%v, %v", endpoints, err)
		}
		forged := subscribfy.With(mockserver.To(endpoints[0]), mockserver.Faults("signature:tampered"), mockserver.Set("/id", "p-1"))
		list, err := forged.Emit(ctx, "wallet_pass/created")
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		captures, err := inbox.Wait(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		var body struct{ ID string }
		if err := json.Unmarshal(captures[0].Body, &body); err != nil || body.ID != "p-1" {
			t.Errorf("%v: %s", err, captures[0].Body)
		}
		if got := captures[0].Verification.Verdict; got != signature.Mismatch {
			t.Errorf("signature: %s, want mismatch", got)
		}
		if _, err := subscribfy.Emit(ctx, "wallet_pass/created"); err != nil {
			t.Fatal(err)
		}
		captures, err = other.Wait(ctx, 1)
		if err != nil || captures[0].Verification.Verdict != signature.Valid || strings.Contains(string(captures[0].Body), "p-1") {
			t.Errorf("%v: the first handle has the options of the second: %+v", err, captures)
		}
	})
}

// Options add up, and handles made from one handle do not change each other.
func TestWithAddsUp(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), inbox.URL()); err != nil {
		t.Fatal(err)
	}
	twice := neostore.With(mockserver.Faults("duplicate"))
	forged, tampered := twice.With(mockserver.Faults("signature:missing")), twice.With(mockserver.Faults("signature:tampered"))
	for handle, want := range map[*mockserver.Provider]int{neostore: 1, twice: 2, forged: 2, tampered: 2} {
		list, err := handle.Emit(t.Context(), "Pass:Created")
		if err != nil || len(list) != want {
			t.Errorf("%d deliveries, want %d: %v", len(list), want, err)
		}
	}
	if list, err := forged.Send(t.Context(), mockserver.Emission{Event: "Pass:Created"}); err != nil || len(list) != 2 || !slices.Equal(list[0].Faults, []string{"duplicate", "signature:missing"}) {
		t.Errorf("%v, %v", list, err)
	}
}

// Two handles made from one do not share the array of its faults.
func TestWithCopies(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), server.Bin("inbox").URL()); err != nil {
		t.Fatal(err)
	}
	three := neostore.With(mockserver.Faults("duplicate", "delay:1s", "body:tamper"))
	missing, empty := three.With(mockserver.Faults("signature:missing")), three.With(mockserver.Faults("signature:empty"))
	for handle, want := range map[*mockserver.Provider]string{missing: "signature:missing", empty: "signature:empty"} {
		list, err := handle.Emit(t.Context(), "Pass:Created")
		if err != nil || len(list) == 0 || len(list[0].Faults) != 4 || !slices.Contains(list[0].Faults, want) {
			t.Errorf("want 4 faults with %s: %v", want, err)
		}
	}
}

// Events of a tenant go to that tenant's endpoints, and StartAt determines when a journey begins.
func TestInTenantAndStartAt(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	neostore := server.Provider("neostore")
	acme := neostore.With(mockserver.InTenant("acme"), mockserver.StartAt(time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC)))
	for name, handle := range map[string]*mockserver.Provider{"acme": acme, "demo": neostore} {
		if _, err := handle.Subscribe(t.Context(), server.Bin(name).URL()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := acme.Emit(t.Context(), "Pass:Created"); err != nil {
		t.Fatal(err)
	}
	events, err := acme.Hold("pass", "Pass:Created")
	if err != nil || events[0].Tenant != "acme" || events[0].At.Year() != 2031 {
		t.Errorf("%+v, %v", events, err)
	}
	if _, err := server.Bin("acme").Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if list, err := server.Bin("demo").Captures(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("the demo tenant got %d events, %v", len(list), err)
	}
}

// A seed determines the events of a handle and the order of a shuffled journey.
func TestWithSeed(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*"); err != nil {
		t.Fatal(err)
	}
	ids := func(seed uint64) (list []string) {
		seeded := neostore.With(mockserver.Seed(seed), mockserver.Shuffled())
		for range 2 {
			deliveries, err := seeded.Emit(t.Context(), "Pass:Created")
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, deliveries[0].Event.ID)
		}
		deliveries, err := seeded.Journey(t.Context(), "pass", "Pass:Created", "Pass:Installed", "Pass:Updated", "Pass:UpdateSent", "Pass:Updated", "Pass:UpdateSent")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			list = append(list, d.Event.Name+" "+d.Event.ID)
		}
		return list
	}
	first, again, another := ids(7), ids(7), ids(8)
	if !slices.Equal(first, again) || slices.Equal(first, another) || first[0] == first[1] {
		t.Errorf("%v\n%v\n%v", first, again, another)
	}
	if strings.HasPrefix(first[2], "Pass:Created ") && strings.HasPrefix(another[2], "Pass:Created ") {
		t.Errorf("neither journey is shuffled: %v\n%v", first, another)
	}
}

// The call that emits reports a wrong option and sends nothing.
func TestWrongOption(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	neostore := server.Provider("neostore")
	if _, err := neostore.Subscribe(t.Context(), inbox.URL()); err != nil {
		t.Fatal(err)
	}
	for name, option := range map[string]mockserver.EmitOption{
		"fault":   mockserver.Faults("signature:mising"),
		"pointer": mockserver.Set("no-pointer", 1),
		"value":   mockserver.Set("/a", func() {}),
	} {
		wrong := neostore.With(option)
		if _, err := wrong.Emit(t.Context(), "Pass:Created"); !errors.Is(err, mockserver.ErrInvalid) {
			t.Errorf("%s: emit: %v", name, err)
		}
		if _, err := wrong.Journey(t.Context(), "pass"); err == nil {
			t.Errorf("%s: journey: no error", name)
		}
	}
	if list, err := inbox.Captures(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%d were sent, %v", len(list), err)
	}
}
