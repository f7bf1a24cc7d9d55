package journaltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Delivery returns a pending delivery in which only the attempts are empty.
func Delivery(id string, n int) *journal.Delivery {
	at := time.Date(2026, 11, 21, 8, 0, 0, n, time.FixedZone("elsewhere", 3600))
	return &journal.Delivery{
		ID: id, Provider: "neostore", Endpoint: "e1", URL: "http://127.0.0.1/in",
		Event: fixtures.Event{
			Headers:  signature.Headers{{Name: "X-Event", Value: "made é"}, {Name: "x-event", Value: ""}},
			Provider: "neostore", ID: fmt.Sprintf("event-%d", n), Name: "Pass:Created", Tenant: "t", At: at,
			Body: []byte("{\"a\":\"\x00\xff\"}"), Draw: fixtures.Draw{Seed: 1<<64 - 1, Stream: "s", Index: 7},
		},
		Pattern: "Pass:*", State: journal.Pending, Created: at, Faults: []string{"duplicate:2"}, Next: at.Add(time.Hour),
	}
}

func attempt(n int) *journal.Attempt {
	at := time.Date(2026, 11, 21, 9, 0, 0, n, time.FixedZone("elsewhere", 3600))
	return &journal.Attempt{
		N: n, Due: at, At: at.Add(time.Second), TookMS: 1.25, Outcome: wire.GotStatus, Status: 503, Error: "no\"\n", Fault: "delay:1s",
		Sent: wire.Message{
			Method: "POST", Target: "/in", Version: "HTTP/1.1",
			Headers: signature.Headers{{Name: "hOst", Value: "h"}, {Name: "x", Value: "1"}, {Name: "X", Value: "2"}}, Body: []byte("\x00\xff"),
		},
		Response: &wire.Response{Status: 503, Headers: signature.Headers{{Name: "A", Value: "b"}}, Body: []byte("\xfe"), Truncated: true},
	}
}

func save(t *testing.T, s journal.Store, d *journal.Delivery) journal.Delivery {
	t.Helper()
	if err := s.SaveDeliveries(t.Context(), d); err != nil {
		t.Fatalf("SaveDeliveries: %v", err)
	}
	if d.Seq == 0 || d.ID == "" {
		t.Fatalf("seq %d, id %q", d.Seq, d.ID)
	}
	return d.Clone()
}

func deliveries(t *testing.T, s journal.Store) {
	ctx := t.Context()
	want := save(t, s, Delivery("x", 1))
	check := func(text string) {
		t.Helper()
		got, err := s.Delivery(ctx, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, text, want, got)
		list, err := s.Deliveries(ctx, journal.DeliveryQuery{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, text+", in the list", []journal.Delivery{want}, list)
		if got.Created.Location() != time.UTC {
			t.Errorf("Created is in %v, want UTC", got.Created.Location())
		}
		// The caller may change the result.
		clear(got.Event.Body)
		clear(got.Faults)
		for _, a := range list[0].Attempts {
			clear(a.Sent.Headers)
			clear(a.Response.Body)
		}
	}
	check("saved")
	due := time.Date(2026, 11, 22, 0, 0, 0, 5, time.UTC)
	for n := 1; n <= 3; n++ {
		a := attempt(n)
		next := journal.Progress{State: journal.Pending, Next: due.UnixNano()}
		want.Next = due
		if n == 3 {
			next = journal.Progress{State: journal.Exhausted}
			want.Next = time.Time{}
		}
		if err := s.AppendAttempt(ctx, "x", a, next); err != nil {
			t.Fatal(err)
		}
		want.State = next.State
		want.Attempts = append(want.Attempts, a.Clone())
		clear(a.Sent.Body)
		check(fmt.Sprintf("after attempt %d", n))
	}
	if err := s.AppendAttempt(ctx, "x", nil, journal.Progress{State: journal.Stopped}); err != nil {
		t.Fatal(err)
	}
	want.State = journal.Stopped
	check("stopped without an attempt")

	if err := s.SaveDeliveries(ctx, Delivery("x", 2)); !errors.Is(err, journal.ErrExists) {
		t.Errorf("a duplicate id: %v, want ErrExists", err)
	}
	if err := s.AppendAttempt(ctx, "y", attempt(1), journal.Progress{}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an attempt of an unknown delivery: %v, want ErrNotFound", err)
	}
	if _, err := s.Delivery(ctx, "y"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an unknown delivery: %v, want ErrNotFound", err)
	}
	check("after calls that failed")

	unnamed := save(t, s, &journal.Delivery{State: journal.Pending})
	if unnamed.ID != journal.DeliveryID(unnamed.Seq) || unnamed.Seq <= want.Seq {
		t.Errorf("id %q, seq %d after %d", unnamed.ID, unnamed.Seq, want.Seq)
	}
	got, err := s.Delivery(ctx, unnamed.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a zero delivery", unnamed, got)
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var fields struct {
		Attempts json.RawMessage
		Event    struct{ Body json.RawMessage }
	}
	if err := json.Unmarshal(text, &fields); err != nil || string(fields.Attempts) != "[]" || string(fields.Event.Body) != `""` {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}

func deliveryQueries(t *testing.T, s journal.Store) {
	var all []journal.Delivery
	for i := range 12 {
		d := Delivery(fmt.Sprint("d", i), i)
		d.Provider = []string{"neostore", "ethpass"}[i%2]
		d.Endpoint = []string{"e1", "e2", "e3"}[i%3]
		d.State = []journal.State{journal.Pending, journal.Delivered, journal.Exhausted, journal.Stopped}[i%4]
		all = append(all, save(t, s, d))
	}
	for _, q := range []journal.DeliveryQuery{
		{},
		{Limit: 3},
		{Provider: "ethpass"},
		{Provider: "nobody"},
		{Endpoint: "e2"},
		{State: journal.Pending},
		{State: journal.Dropped},
		{EventID: "event-4"},
		{Provider: "neostore", State: journal.Exhausted, Endpoint: "e3"},
		{Before: all[5].Seq},
		{After: all[5].Seq},
		{After: all[2].Seq, Before: all[9].Seq, Provider: "neostore", Limit: 2},
		{After: ^uint64(0)},
		{Oldest: true, Limit: 4},
		{Oldest: true, After: all[2].Seq, Before: all[9].Seq, Provider: "neostore", Limit: 2},
	} {
		want := []journal.Delivery{}
		order := slices.Clone(all)
		if !q.Oldest {
			slices.Reverse(order)
		}
		for i := 0; i < len(order) && len(want) < journal.PageSize(q.Limit); i++ {
			d := order[i]
			if (q.Provider == "" || q.Provider == d.Provider) && (q.Endpoint == "" || q.Endpoint == d.Endpoint) &&
				(q.State == "" || q.State == d.State) && (q.EventID == "" || q.EventID == d.Event.ID) &&
				(q.Before == 0 || d.Seq < q.Before) && d.Seq > q.After {
				want = append(want, d)
			}
		}
		got, err := s.Deliveries(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("%+v", q), want, got)
	}
}

func concurrentDeliveries(t *testing.T, s journal.Store) {
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("%d-%d", w, i)
				if err := s.SaveDeliveries(t.Context(), Delivery(id, i)); err != nil {
					t.Error(err)
					return
				}
				for n := 1; n <= 2; n++ {
					if err := s.AppendAttempt(t.Context(), id, attempt(n), journal.Progress{State: journal.Delivered}); err != nil {
						t.Error(err)
						return
					}
				}
				if d, err := s.Delivery(t.Context(), id); err != nil || len(d.Attempts) != 2 || d.Attempts[1].N != 2 || d.State != journal.Delivered {
					t.Errorf("%s: %d attempts, state %q, %v", id, len(d.Attempts), d.State, err)
				}
			}
		})
	}
	workers.Wait()
	list, err := s.Deliveries(t.Context(), journal.DeliveryQuery{Limit: journal.MaxLimit})
	if err != nil || len(list) != 160 {
		t.Fatalf("%d deliveries, %v; want 160", len(list), err)
	}
	for i := 1; i < len(list); i++ {
		if list[i].Seq >= list[i-1].Seq {
			t.Fatalf("seq %d after %d", list[i].Seq, list[i-1].Seq)
		}
	}
}

func documents(t *testing.T, s journal.Store) {
	ctx := t.Context()
	list, err := s.List(ctx, "endpoint")
	if err != nil || list == nil || len(list) != 0 {
		t.Errorf("List of an empty store: %v, %v", list, err)
	}
	for _, d := range []struct{ kind, key, doc string }{
		{"endpoint", "b", `{"n": 1}`}, {"endpoint", "a", `{"n":  2}`}, {"bin", "a", `[1e400]`}, {"endpoint", "b", `"é <3"`}, {"endpoint", "B", `null`},
	} {
		doc := []byte(d.doc)
		if err := s.Put(ctx, d.kind, d.key, doc); err != nil {
			t.Fatal(err)
		}
		clear(doc)
	}
	got, err := s.Get(ctx, "bin", "a")
	if err != nil || string(got) != `[1e400]` {
		t.Errorf("Get: %s, %v", got, err)
	}
	clear(got)
	list, err = s.List(ctx, "endpoint")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "List", []journal.Document{{Key: "B", Doc: []byte(`null`)}, {Key: "a", Doc: []byte(`{"n":  2}`)}, {Key: "b", Doc: []byte(`"é <3"`)}}, list)
	if err := s.Delete(ctx, "endpoint", "a"); err != nil {
		t.Error(err)
	}
	if err := s.Delete(ctx, "endpoint", "a"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("Delete of nothing: %v, want ErrNotFound", err)
	}
	if _, err := s.Get(ctx, "endpoint", "a"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("Get of nothing: %v, want ErrNotFound", err)
	}
	if got, err := s.Get(ctx, "bin", "a"); err != nil || string(got) != `[1e400]` {
		t.Errorf("the other kind: %s, %v", got, err)
	}
}

// deliveriesAtOnce checks that several deliveries are stored in order, as one write, up to the
// first duplicate id.
func deliveriesAtOnce(t *testing.T, s journal.Store) {
	ctx := t.Context()
	if err := s.SaveDeliveries(ctx); err != nil {
		t.Errorf("none: %v", err)
	}
	a, b, duplicate, c := Delivery("a", 1), Delivery("", 2), Delivery("a", 3), Delivery("c", 4)
	if err := s.SaveDeliveries(ctx, a, b, duplicate, c); !errors.Is(err, journal.ErrExists) {
		t.Fatalf("a duplicate id: %v, want ErrExists", err)
	}
	if a.Seq == 0 || b.Seq != a.Seq+1 || b.ID == "" || duplicate.Seq != 0 || c.Seq != 0 {
		t.Fatalf("seqs %d %d %d %d, id %q: want the first two one after the other, and 0 for the rest", a.Seq, b.Seq, duplicate.Seq, c.Seq, b.ID)
	}
	if err := s.SaveDeliveries(ctx, c); err != nil || c.Seq <= b.Seq {
		t.Fatalf("after it: seq %d, %v", c.Seq, err)
	}
	list, err := s.Deliveries(ctx, journal.DeliveryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	if want := []string{"c", b.ID, "a"}; !slices.Equal(ids, want) {
		t.Errorf("deliveries %q, want %q", ids, want)
	}
}
