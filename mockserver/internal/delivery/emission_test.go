package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestWhoGetsAnEvent(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	for _, e := range []journal.Endpoint{
		{ID: "all", Events: []string{"*"}},
		{ID: "passes", Events: []string{"Customer:*", "pass.*", "Pass:Created", "*"}},
		{ID: "customers", Events: []string{"Customer:*"}},
		{ID: "demo", Tenant: "demo", Events: []string{"Pass:Created"}},
		{ID: "acme", Tenant: "acme"},
		{ID: "disabled", Disabled: true},
		{ID: "other", Provider: "ethpass"},
	} {
		e.URL = c.URL + "/" + e.ID
		register(t, d, e)
	}
	to := func(list []journal.Delivery) (out []string) {
		for _, delivery := range list {
			out = append(out, delivery.Endpoint+" "+delivery.Pattern)
		}
		return out
	}
	for _, c := range []struct {
		e    Emission
		want []string
	}{
		{Emission{Event: "Pass:Created"}, []string{"all *", "passes pass.*", "demo Pass:Created"}},
		{Emission{Event: "Pass:Created", Tenant: "demo"}, []string{"all *", "passes pass.*", "demo Pass:Created"}},
		{Emission{Event: "Customer:Upserted"}, []string{"all *", "passes Customer:*", "customers Customer:*"}},
		{Emission{Event: "Customer:Upserted", Tenant: "acme"}, []string{"acme *"}},
		{Emission{Event: "Customer:Upserted", Tenant: "nobody"}, nil},
		{Emission{Event: "Customer:Upserted", Endpoint: "demo"}, []string{"demo "}},
	} {
		list := emit(t, d, "neostore", c.e)
		if got := to(list); !slices.Equal(got, c.want) {
			t.Errorf("%+v goes to %q, want %q", c.e, got, c.want)
		}
		for _, delivery := range list {
			if delivery.State != journal.Pending || delivery.Seq == 0 || delivery.ID == "" || !strings.HasSuffix(delivery.URL, delivery.Endpoint) {
				t.Errorf("%+v", delivery)
			}
		}
	}
	if list := emit(t, d, "neostore", Emission{Event: "Pass:Created", Endpoint: "acme"}); list[0].Event.Tenant != "acme" {
		t.Errorf("an event for an endpoint is of tenant %q, want the endpoint's", list[0].Event.Tenant)
	}
	waitIdle(t, d)
	for _, r := range c.received() {
		if want := "demo"; strings.HasSuffix(r.path, "acme") == (r.header.Get("x-neostore-tenantid") == want) {
			t.Errorf("%s got tenant %s", r.path, r.header.Get("x-neostore-tenantid"))
		}
	}
}

func TestRandomValuesOfAnEvent(t *testing.T) {
	t.Parallel()
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: refusing})
	seed, index := uint64(7), uint64(3)
	body := func(e Emission) string {
		e.Event = "Pass:Installed"
		return string(emit(t, d, "neostore", e)[0].Event.Body)
	}
	first, next := body(Emission{}), body(Emission{})
	if first == next {
		t.Error("two events are the same")
	}
	if again := body(Emission{Index: new(uint64)}); again != first {
		t.Errorf("the dispatcher's seed, index 0: %s, want the first: %s", again, first)
	}
	seeded := body(Emission{Seed: &seed})
	if again := body(Emission{Seed: &seed}); again != seeded || again != first {
		t.Errorf("seed 7 gave %s and %s; the dispatcher, of the same seed, %s", seeded, again, first)
	}
	if other := body(Emission{Seed: &seed, Index: &index}); other == seeded {
		t.Error("another index gave the same event")
	}
	if other := body(Emission{Seed: &seed, Stream: "another"}); other == seeded {
		t.Error("another stream gave the same event")
	}
	set := body(Emission{Seed: &seed, Set: []fixtures.Setting{{Pointer: "/passId", Value: json.RawMessage(`"mine"`)}}})
	if !strings.Contains(set, `"passId":"mine"`) {
		t.Errorf("set: %s", set)
	}
}

func TestPreparedEvents(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL})
	body := []byte("{ \"odd\" :\t1.0, \"__id\": \"x\" }\n")
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	list := emit(t, d, "neostore",
		Emission{Event: "Pass:Created", ID: "event-1", At: at, Body: body},
		Emission{Event: "Pass:Created", Body: []byte("{}")},
		Emission{Event: "Pass:Created", Body: []byte("{}")},
		Emission{Event: "Pass:Created", Body: []byte{}},
	)
	sent := string(body)
	clear(body) // the caller's bytes are its own
	waitIdle(t, d)
	if got := c.received(); got[0].body != sent || got[3].body != "" {
		t.Errorf("received %q", got)
	}
	if e := list[0].Event; e.ID != "event-1" || !e.At.Equal(at) || e.Tenant != "demo" || e.Provider != "neostore" {
		t.Errorf("%+v", e)
	}
	if e := list[1].Event; len(e.ID) != 36 || e.ID == list[2].Event.ID || !e.At.Equal(fixtures.DefaultStart) {
		t.Errorf("%+v and %+v", e, list[2].Event)
	}
}

func TestEmitRefuses(t *testing.T) {
	t.Parallel()
	c := consume(t, always(200))
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL})
	good := Emission{Event: "Pass:Created"}
	for _, c := range []struct {
		e    Emission
		is   error
		want string
	}{
		{Emission{Event: "Pass:Creatd"}, fixtures.ErrUnknownEvent, "Pass:Created"},
		{Emission{Event: "Pass:Creatd", Body: []byte("{}")}, fixtures.ErrUnknownEvent, "Pass:Created"},
		{Emission{Event: "Pass:Created", Endpoint: "nobody"}, journal.ErrNotFound, `endpoint "nobody"`},
		{Emission{Event: "Pass:Created", ID: "x"}, ErrInvalid, "id, at and headers belong to a body"},
		{Emission{Event: "Pass:Created", Body: []byte("{}"), Set: []fixtures.Setting{{Pointer: "/a", Value: []byte("1")}}}, ErrInvalid, "set changes a rendered event"},
		{Emission{Event: "Pass:Created", Body: make([]byte, maxBody+1)}, ErrInvalid, "at most 16777216 are sent"},
		{Emission{Event: "Pass:Created", Set: []fixtures.Setting{{Pointer: "nonsense", Value: []byte("1")}}}, ErrInvalid, "nonsense"},
		{Emission{Event: "Pass:Created", Faults: []Fault{{Kind: "delay"}}}, ErrInvalid, "want how much later"},
	} {
		_, err := d.EmitAll(testContext(t), "neostore", []Emission{good, c.e})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.200v: %v; want %v, %s", c.e, err, c.is, c.want)
		}
	}
	if _, err := d.Emit(testContext(t), "neostor", good); !errors.Is(err, fixtures.ErrUnknownProvider) {
		t.Errorf("%v", err)
	}
	waitIdle(t, d)
	if list := all(t, d); len(list) != 0 || len(c.received()) != 0 {
		t.Errorf("something was emitted all the same: %d deliveries, %d received", len(list), len(c.received()))
	}
	if list := emit(t, d, "neostore"); len(list) != 0 {
		t.Errorf("nothing made %d deliveries", len(list))
	}
}

func TestEventsOfOneEndpointArriveInOrder(t *testing.T) {
	t.Parallel()
	c := consume(t, func(n int, _ received) int { return []int{200, 500}[n%2] })
	d := virtual(t)
	register(t, d, journal.Endpoint{URL: c.URL, Retry: "at-least-once"})
	var want []string
	for i := range 50 {
		body := fmt.Sprintf(`{"n":%d}`, i)
		want = append(want, body)
		emit(t, d, "neostore", Emission{Event: "Pass:Updated", Body: []byte(body)})
	}
	waitIdle(t, d)
	var got []string
	for _, r := range c.received() {
		got = append(got, r.body)
	}
	if !slices.Equal(got, want) {
		t.Errorf("received %v", got)
	}
}

// The same seed makes the same journal, but for the wall clock.
func TestTheSameSeedMakesTheSameJournal(t *testing.T) {
	t.Parallel()
	play := func(seed uint64) []byte {
		// A consumer whose answer depends on the request alone, however they come in.
		c := consume(t, func(_ int, r received) int {
			if crc32.ChecksumIEEE([]byte(r.path+r.body))%3 == 0 {
				return 200
			}
			return 500
		})
		d := start(t, Options{Virtual: true, Seed: seed})
		for _, name := range []string{"neostore", "subscribfy", "ethpass"} {
			p := knownProvider(t, name)
			for i := range 3 {
				retry := ""
				for profile := range p.Delivery.Profiles {
					retry = profile
				}
				register(t, d, journal.Endpoint{Provider: name, URL: c.URL + fmt.Sprint("/", i), Retry: retry})
			}
			var list []Emission
			for i, event := range p.Events[:5] {
				e := Emission{Event: event.Name}
				if i%2 == 0 {
					e.Faults = []Fault{{Kind: "reorder"}, {Kind: "body", Arg: "tamper", Attempts: []int{1}}}
				}
				list = append(list, e)
			}
			emit(t, d, name, list...)
		}
		waitIdle(t, d)
		advance(t, d, 96*time.Hour)
		deliveries := all(t, d)
		for i := range deliveries {
			deliveries[i].URL = ""
			for j := range deliveries[i].Attempts {
				a := &deliveries[i].Attempts[j]
				a.At, a.TookMS, a.Response = time.Time{}, 0, nil
				a.Sent.Headers.Del("Host")
			}
		}
		out, err := json.MarshalIndent(deliveries, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := play(42)
	if !bytes.Contains(first, []byte(`"n": 3`)) {
		t.Fatal("no retry in the journal: the test shows nothing")
	}
	for range 3 {
		if again := play(42); !bytes.Equal(first, again) {
			t.Fatalf("the journals differ:\n%s\n%s", first, again)
		}
	}
	if other := play(43); bytes.Equal(first, other) {
		t.Error("another seed made the same journal")
	}
}
