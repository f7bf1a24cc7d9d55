package burst

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// events returns the names of each entity's events, in the order of the captures.
func events(t *testing.T, p *fixtures.Provider, captures []journal.Capture) (entities map[string][]string) {
	t.Helper()
	entities = map[string][]string{}
	for _, c := range captures {
		e, ok := p.Recognise(c.Message)
		if !ok {
			t.Fatalf("%s is no event of %s", c.Body, p.Name)
		}
		entity := p.EntityOf(&e)
		entities[entity] = append(entities[entity], e.Name)
	}
	return entities
}

// The entities of a burst live: each one's events arrive in an order that its journey allows, over
// any number of connections.
func TestPopulationLives(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 4, 32} {
		c := newConsumer(t, ok)
		p := plan(t, "neostore", c.URL)
		p.Count, p.Connections, p.Parts[0].Population, p.Parts[0].Journeys = 600, connections, 40, []string{"pass"}
		r, err := Run(t.Context(), p, nil)
		if err != nil || !r.OK() {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := r.Reconcile(c.all()); err != nil || !r.OK() || r.Accounting.OutOfOrder != 0 {
			t.Fatalf("%+v, %v", r.Accounting, err)
		}
		lives := events(t, p.Parts[0].Provider, c.captures)
		if len(lives) < 40 || len(lives) > 200 {
			t.Errorf("%d entities of 600 events", len(lives))
		}
		for entity, names := range lives {
			if names[0] != "Pass:Created" || slices.Contains(names[1:], "Pass:Created") {
				t.Errorf("%d connections: %s: %v", connections, entity, names)
			}
			if i := slices.Index(names, "Pass:Uninstalled"); i >= 0 && !slices.Contains(names[:i], "Pass:Installed") {
				t.Errorf("%d connections: %s: %v", connections, entity, names)
			}
		}
	}
}

// The fault reorder breaks the order of an entity for a share of its events, and nothing else.
func TestReorder(t *testing.T) {
	t.Parallel()
	c := newConsumer(t, ok)
	p := plan(t, "neostore", c.URL)
	p.Count, p.Connections, p.Parts[0].Population, p.Parts[0].Journeys = 400, 1, 4, []string{"pass"}
	p.Faults = []FaultShare{{"reorder", 0.2}}
	r, err := Run(t.Context(), p, nil)
	if err != nil || !r.OK() || r.Faulted < 40 || r.Faulted > 130 || r.Acknowledged != 400-r.Faulted {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(c.all()); err != nil || !r.OK() || r.Accounting.Captured != 400 {
		t.Fatalf("%+v, %v", r.Accounting, err)
	}
	wrong := 0
	for _, names := range events(t, p.Parts[0].Provider, c.captures) {
		if names[0] != "Pass:Created" {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("every entity begins with its creation")
	}
}

// A mix has its providers and events in their shares, each signed with its own secret, and the
// events of an entity go to one endpoint.
func TestMix(t *testing.T) {
	t.Parallel()
	one, two := newConsumer(t, ok), newConsumer(t, ok)
	p := plan(t, "neostore", one.URL)
	p.URLs = append(p.URLs, two.URL)
	stripe, err := fixtures.Builtin().Provider("stripe")
	if err != nil {
		t.Fatal(err)
	}
	p.Parts[0].Weight = 3
	p.Parts = append(p.Parts, Part{Provider: stripe, Secret: "whsec_x", Events: []string{"invoice.paid=4", "customer.created"}})
	p.Count = 400
	r, err := Run(t.Context(), p, nil)
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	names, where := map[string]int{}, map[string]string{}
	for _, c := range []*consumer{one, two} {
		for _, got := range c.captures {
			sender := fixtures.Builtin().Sender(got.Message)
			e, ok := sender.Recognise(got.Message)
			if !ok {
				t.Fatalf("%s", got.Body)
			}
			if sender == stripe {
				names[e.Name]++
			} else {
				names[sender.Name]++
				entity := sender.EntityOf(&e)
				if before := where[entity]; entity != "" && before != "" && before != c.URL {
					t.Errorf("%s is at two endpoints", entity)
				}
				where[entity] = c.URL
			}
		}
	}
	if names["neostore"] != 300 || names["invoice.paid"] != 80 || names["customer.created"] != 20 || len(one.captures)+len(two.captures) != 400 {
		t.Errorf("%v, %d and %d", names, len(one.captures), len(two.captures))
	}
	if err := r.Reconcile(each(slices.Concat(one.captures, two.captures))); err != nil || r.Accounting.Captured != 400 {
		t.Errorf("%+v, %v", r.Accounting, err)
	}
}

// Faults have their share, are counted apart, and a forged event that gets a 2xx is told.
func TestFaultShares(t *testing.T) {
	t.Parallel()
	neostore, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	c := newConsumer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Neostore-Signature") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	p := plan(t, neostore.Name, c.URL)
	p.Count = 1000
	for _, text := range []string{"signature:missing=10%", "signature:wrong_secret=0.1", "duplicate:3=10%", "drop=10%", "transport:chunked=10%", "timestamp:stale=5%"} {
		f, err := ParseFaultShare(text)
		if err != nil {
			t.Fatal(err)
		}
		p.Faults = append(p.Faults, f)
	}
	r, err := Run(t.Context(), p, nil)
	if err != nil || r.OK() { // a consumer that is no bin accepted forged events
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Reconcile(c.all()); err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r.Accounting, err)
	}
	of := map[string]FaultResult{}
	for _, f := range r.Faults {
		of[f.Fault] = f
		if f.Sent+f.Impossible < 30 || f.Sent+f.Impossible > 160 {
			t.Errorf("%+v", f)
		}
	}
	if f := of["signature:missing"]; !f.Forged || f.Accepted != 0 || f.Outcomes["4xx"] != f.Sent {
		t.Errorf("%+v", f)
	}
	if f := of["signature:wrong_secret"]; !f.Forged || f.Accepted != f.Sent {
		t.Errorf("%+v", f)
	}
	if f := of["duplicate:3"]; f.Forged || f.Accepted != f.Sent || r.Copies != 2*f.Sent {
		t.Errorf("%+v, %d copies", f, r.Copies)
	}
	if f := of["drop"]; f.Outcomes["dropped"] != f.Sent {
		t.Errorf("%+v", f)
	}
	if f := of["timestamp:stale"]; f.Sent != 0 || f.Impossible == 0 || !strings.Contains(f.Why, "timestamp") {
		t.Errorf("neostore signs no time: %+v", f)
	}
	if want := 1000 - of["drop"].Sent + r.Copies; uint64(len(c.captures)) != want || r.Accounting.Captured != 1000-of["drop"].Sent {
		t.Errorf("%d requests, want %d; %+v", len(c.captures), want, r.Accounting)
	}
	for text, want := range map[string]string{"drop": "no share", "drop=0%": "share", "drop=101%": "share", "drop=x": "share"} {
		if _, err := ParseFaultShare(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is due while the consumer does not answer is delayed, dropped and counted, or ends the
// burst.
func TestOverload(t *testing.T) {
	t.Parallel()
	for policy, want := range map[Policy]func(r *Report) bool{
		"":    func(r *Report) bool { return r.Sent == 200 && r.Outcomes["dropped"] == 0 && r.Generator.Queued > 20 },
		Delay: func(r *Report) bool { return r.Sent == 200 && len(r.Problems) == 0 },
		Drop: func(r *Report) bool {
			return r.Outcomes["dropped"] > 10 && r.Sent+r.Outcomes["dropped"] == 200 && len(r.Problems) == 0
		},
		Abort: func(r *Report) bool {
			return r.Sent < 100 && len(r.Problems) == 1 && strings.Contains(r.Problems[0], "cannot keep up")
		},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			release := make(chan struct{})
			timer := time.AfterFunc(300*time.Millisecond, func() { close(release) })
			defer timer.Stop()
			c := newConsumer(t, func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1) == 20 {
					<-release
				}
			})
			p := plan(t, "ethpass", c.URL)
			p.Count, p.Connections, p.Shape = 200, 1, shape(t, "400")
			p.Overload = Overload{Policy: policy, MaxLag: 50 * time.Millisecond}
			r, err := Run(t.Context(), p, nil)
			if err != nil || !want(r) || r.Intended != 200 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// Only the named indexes are sent, with the bytes that they had before.
func TestOnly(t *testing.T) {
	t.Parallel()
	bodies := func(only []uint32) map[string]bool {
		c := newConsumer(t, ok)
		p := plan(t, "neostore", c.URL)
		p.Only = only
		r, err := Run(t.Context(), p, nil)
		if err != nil || !r.OK() {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := r.Reconcile(c.all()); err != nil || !r.OK() {
			t.Fatalf("%+v, %v", r.Accounting, err)
		}
		list := map[string]bool{}
		for _, got := range c.captures {
			list[string(got.Body)] = true
		}
		return list
	}
	all, some := bodies(nil), bodies([]uint32{0, 7, 77, 299})
	if len(all) != 300 || len(some) != 4 {
		t.Fatalf("%d and %d bodies", len(all), len(some))
	}
	for body := range some {
		if !all[body] {
			t.Errorf("new: %s", body)
		}
	}
}

// The warm-up is sent and accounted for, and not measured.
func TestWarmUp(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	c := newConsumer(t, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) <= 5 {
			timer := time.NewTimer(100 * time.Millisecond)
			defer timer.Stop()
			<-timer.C
		}
	})
	p := plan(t, "ethpass", c.URL)
	p.Count, p.Shape, p.WarmUp = 100, shape(t, "100"), 500*time.Millisecond
	r, err := Run(t.Context(), p, nil)
	if err != nil || r.Sent != 100 || r.Acknowledged != 100 || r.Generator.Measured != 50 {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Series) == 0 || r.Series[0].Seconds != 0.5 || r.Rate < 50 || r.Rate > 101 {
		t.Errorf("%+v, %v/s", r.Series, r.Rate)
	}
}

// A connection for each request is one for each request.
func TestReconnect(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	c := newConsumer(t, ok)
	p := plan(t, "ethpass", c.URL)
	p.Count, p.Connections, p.Reconnect = 30, 2, true
	p.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		opened.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	r, err := Run(t.Context(), p, nil)
	if err != nil || !r.OK() || opened.Load() != 30 {
		t.Errorf("%d connections, %+v, %v", opened.Load(), r, err)
	}
}
