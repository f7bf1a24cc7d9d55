package entities

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestAnEntitysEventsAreDelivered(t *testing.T) {
	t.Parallel()
	c := consume(t)
	r := start(t, nil, Options{Seed: 7})
	register(t, r, journal.Endpoint{URL: c.URL, Events: []string{"Pass:*"}})
	register(t, r, journal.Endpoint{URL: c.URL, Events: []string{"Pass:*"}, Tenant: "other"})
	pass := create(t, r, "neostore", "pass", "", steps(step("Pass:Created")))
	pass, err := r.Update(testContext(t), pass.Name(), steps(
		step("Pass:Installed", "device", `{"kind":"apple","id":"A"}`), step("Pass:Installed", "device", `{"kind":"google","id":"B"}`),
		step("Pass:Updated", "metadata", `{"tier":"gold"}`)))
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, r)
	var got []string
	for _, m := range c.received() {
		got = append(got, m.header.Get("X-Neostore-Eventname"))
		if !strings.Contains(m.body, fmt.Sprintf(`"passId":%q`, pass.ID)) {
			t.Errorf("%s is not of pass %s", m.body, pass.ID)
		}
	}
	if want := []string{"Pass:Created", "Pass:Installed", "Pass:Installed", "Pass:Updated"}; !slices.Equal(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
	if pass.Tenant != "demo" || pass.State != "updated" || pass.Events != 4 || !strings.Contains(string(pass.Fields), `"tier":"gold"`) {
		t.Errorf("%+v", pass)
	}
}

func TestARefusedUpdateIsNotStored(t *testing.T) {
	t.Parallel()
	c := consume(t)
	r := start(t, nil, Options{Seed: 7})
	register(t, r, journal.Endpoint{URL: c.URL})
	refused := errors.New("refused")
	if _, err := r.Create(testContext(t), "neostore", "pass", "", nil, func(tx *Tx) error {
		if _, err := tx.Trigger(step("Pass:Created")); err != nil {
			t.Error(err)
		}
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	if list := r.List("neostore", "", ""); len(list) != 0 {
		t.Errorf("kept: %+v", list)
	}
	pass := create(t, r, "neostore", "pass", "", nil)
	if _, err := r.Update(testContext(t), pass.Name(), steps(step("Pass:Created"), step("Pass:Uninstalled"))); !errors.Is(err, fixtures.ErrImpossibleOrder) {
		t.Errorf("%v", err)
	}
	if after, err := r.Get(pass.Name()); err != nil || after.State != pass.State || after.Events != 0 {
		t.Errorf("%+v, %v", after, err)
	}
	waitIdle(t, r)
	if n := len(c.received()); n != 0 {
		t.Errorf("%d events of what was refused were delivered", n)
	}
	given := fixtures.Overrides{"pass_id": json.RawMessage(`"` + pass.ID + `"`)}
	if _, err := r.Create(testContext(t), "neostore", "pass", "", given, nil); !errors.Is(err, journal.ErrExists) {
		t.Errorf("an id that is taken: %v", err)
	}
	if _, err := r.Create(testContext(t), "neostore", "pass", "other", given, nil); err != nil {
		t.Errorf("the same id with another tenant: %v", err)
	}
}

func TestEntitiesAndTenantsSurviveARestart(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	r := start(t, store, Options{Seed: 1})
	one := create(t, r, "ethpass", "pass", "", steps(step("pass:create")))
	two := create(t, r, "ethpass", "pass", "", steps(step("pass:create"), step("pass:register")))
	deleted := create(t, r, "ethpass", "pass", "", nil)
	if err := r.Delete(testContext(t), deleted.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.PutTenant(testContext(t), Tenant{Provider: "neostore", Name: "acme", Keys: []Key{{Key: "k1", Scopes: []string{"Webhook.Read"}}}}); err != nil {
		t.Fatal(err)
	}
	r.dispatcher.Close()

	r = start(t, store, Options{Seed: 1, Demo: true})
	list := r.List("ethpass", "demo", "pass")
	if len(list) != 2 || list[0].ID != one.ID || list[1].ID != two.ID || string(list[1].Fields) != string(two.Fields) {
		t.Fatalf("%+v", list)
	}
	if _, err := r.Update(testContext(t), two.Name(), steps(step("pass:scan"))); err != nil {
		t.Error(err)
	}
	if three := create(t, r, "ethpass", "pass", "", nil); three.ID == one.ID || three.Order <= two.Order {
		t.Errorf("%+v", three)
	}
	if _, err := r.Get(deleted.Name()); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if t1, k, ok := r.KeyOf("neostore", "k1"); !ok || t1.Name != "acme" || !k.Allows("Webhook.Read") || k.Allows("Webhook.Write") {
		t.Errorf("%+v %+v %v", t1, k, ok)
	}
	if t1, k, ok := r.KeyOf("subscribfy", DemoKey); !ok || !t1.Demo || !k.Allows("anything") {
		t.Errorf("%+v %+v %v", t1, k, ok)
	}
	if _, _, ok := r.KeyOf("neostore", "k2"); ok {
		t.Error("a key that nobody has")
	}
	if documents, err := store.List(testContext(t), tenantKind); err != nil || len(documents) != 1 {
		t.Errorf("the store holds %d tenants, want the one that was put, %v", len(documents), err)
	}
}

// Of changes of one entity at the same time none is lost, and its events are in order.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	c := consume(t)
	r := start(t, nil, Options{Seed: 7})
	register(t, r, journal.Endpoint{URL: c.URL})
	pass := create(t, r, "neostore", "pass", "", steps(step("Pass:Created")))
	const writers, each = 8, 10
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for n := range each {
				device := fmt.Sprintf(`{"kind":"apple","id":"%d-%d"}`, w, n)
				if _, err := r.Update(testContext(t), pass.Name(), steps(step("Pass:Installed", "device", device))); err != nil {
					t.Error(err)
				}
				if n%5 == 0 {
					create(t, r, "subscribfy", "loyalty_rule", "", nil) // of 900 ids
				}
			}
		})
	}
	running.Wait()
	waitIdle(t, r)
	after, err := r.Get(pass.Name())
	var fields struct{ Devices []any }
	if err := errors.Join(err, json.Unmarshal(after.Fields, &fields)); err != nil {
		t.Fatal(err)
	}
	if len(fields.Devices) != writers*each || len(c.received()) != writers*each+1 {
		t.Errorf("%d devices, %d deliveries", len(fields.Devices), len(c.received()))
	}
	last := ""
	for _, m := range c.received() {
		var body struct {
			At string `json:"__creationDate"`
		}
		if err := json.Unmarshal([]byte(m.body), &body); err != nil || body.At[:19] < last {
			t.Fatalf("%q came behind %q, %v", body.At, last, err)
		}
		last = body.At[:19]
	}
	if n := len(r.List("subscribfy", "", "loyalty_rule")); n != writers*each/5 {
		t.Errorf("%d rules", n)
	}
}

func TestWrongTenants(t *testing.T) {
	t.Parallel()
	r := start(t, nil, Options{Demo: true})
	for name, c := range map[string]struct {
		tenant Tenant
		want   error
	}{
		"no provider":  {Tenant{Provider: "neostor", Name: "a"}, fixtures.ErrUnknownProvider},
		"no name":      {Tenant{Provider: "neostore"}, delivery.ErrInvalid},
		"a path":       {Tenant{Provider: "neostore", Name: "a/b"}, delivery.ErrInvalid},
		"dots":         {Tenant{Provider: "neostore", Name: ".."}, delivery.ErrInvalid},
		"an empty key": {Tenant{Provider: "neostore", Name: "a", Keys: []Key{{}}}, delivery.ErrInvalid},
		"a line end":   {Tenant{Provider: "neostore", Name: "a", Keys: []Key{{Key: "a\nb"}}}, delivery.ErrInvalid},
	} {
		if _, err := r.PutTenant(testContext(t), c.tenant); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := r.DeleteTenant(testContext(t), "neostore", "demo"); !errors.Is(err, delivery.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if err := r.DeleteTenant(testContext(t), "neostore", "acme"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if list := r.Tenants("neostore"); len(list) != 1 || list[0].Keys[0].Key != DemoKey {
		t.Errorf("%+v", list)
	}
}
