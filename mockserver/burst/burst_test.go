package burst

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// consumer is a server that is not ours. It keeps what arrives, in order.
type consumer struct {
	*httptest.Server
	mu       sync.Mutex
	captures []journal.Capture
}

func newConsumer(t *testing.T, answer http.HandlerFunc) *consumer {
	c := &consumer{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := signature.Message{Method: r.Method, Target: r.RequestURI, Body: body}
		for name, values := range r.Header {
			m.Headers.Add(name, values[0])
		}
		c.mu.Lock()
		c.captures = append(c.captures, journal.Capture{Message: m, At: time.Now()})
		c.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// all yields what arrived, as a bin would.
func (c *consumer) all() iter.Seq2[journal.Capture, error] {
	c.mu.Lock()
	defer c.mu.Unlock()
	return each(slices.Clone(c.captures))
}

func each(captures []journal.Capture) iter.Seq2[journal.Capture, error] {
	return func(yield func(journal.Capture, error) bool) {
		for _, c := range captures {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func plan(t *testing.T, provider, url string) Plan {
	t.Helper()
	p, err := fixtures.Builtin().Provider(provider)
	if err != nil {
		t.Fatal(err)
	}
	return Plan{Parts: []Part{{Provider: p, Secret: "s3cret"}}, URLs: []string{url}, Seed: 7, Count: 300, Connections: 8}
}

func shape(t *testing.T, text string) Shape {
	t.Helper()
	s, err := ParseShape(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryEventArrivesOnceSignedAndUnique(t *testing.T) {
	for _, name := range []string{"neostore", "subscribfy", "ethpass"} {
		c := newConsumer(t, ok)
		p := plan(t, name, c.URL+"/hooks?a=1")
		for _, e := range p.Parts[0].Provider.Events {
			p.Parts[0].Events = append(p.Parts[0].Events, e.Name)
		}
		r, err := Run(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sent != 300 || r.Acknowledged != 300 || r.Intended != 300 || r.Outcomes["2xx"] != 300 || !r.OK() {
			t.Errorf("%s: %+v", name, r)
		}
		if err := r.Reconcile(c.all()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&Accounting{Captured: 300}, r.Accounting); diff != "" || !r.OK() {
			t.Errorf("%s: %s", name, diff)
		}
		bodies := map[string]bool{}
		for _, got := range c.captures {
			bodies[string(got.Body)] = true
			if v := p.Parts[0].Provider.Signing.Verify(got.Message, signature.Context{Time: time.Now()}, "s3cret"); v.Verdict != signature.Valid {
				t.Fatalf("%s: %+v", name, v)
			}
		}
		if len(bodies) != 300 {
			t.Errorf("%s: %d different bodies of 300", name, len(bodies))
		}
	}
}

func TestTheSameSeedIsTheSameBurst(t *testing.T) {
	bodies := func(seed uint64, connections int) []string {
		c := newConsumer(t, ok)
		p := plan(t, "neostore", c.URL)
		p.Seed, p.Connections, p.Parts[0].Events = seed, connections, []string{"Pass:*", "Customer:Upserted"}
		if _, err := Run(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, got := range c.captures {
			list = append(list, string(got.Body))
		}
		slices.Sort(list)
		return list
	}
	first := bodies(7, 1)
	if !slices.Equal(first, bodies(7, 16)) {
		t.Error("the number of connections changed the bodies")
	}
	if slices.Equal(first, bodies(8, 1)) {
		t.Error("another seed gave the same bodies")
	}
}

func TestOutcomesAreCountedAsTheyAre(t *testing.T) {
	var n atomic.Int64
	c := newConsumer(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 5 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case 2:
			panic(http.ErrAbortHandler) // the connection ends without a response
		default:
			w.WriteHeader(http.StatusOK)
		}
	})
	p := plan(t, "neostore", c.URL)
	p.Count, p.Connections = 100, 1
	r, err := Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Reasons["no_reply: waiting for the response: connection ended early: the consumer closed it"]; n != 20 {
		t.Errorf("reasons %v", r.Reasons)
	}
	if r.Statuses[503] != 20 || r.Statuses[302] != 20 {
		t.Errorf("statuses %v", r.Statuses)
	}
	want := map[string]uint64{"2xx": 40, "3xx": 20, "5xx": 20, string(wire.NoResponse): 20}
	for outcome, count := range want {
		if r.Outcomes[outcome] != count {
			t.Errorf("%s: %d, want %d", outcome, r.Outcomes[outcome], count)
		}
	}
	if r.Acknowledged != 40 || r.OK() {
		t.Errorf("%+v", r)
	}
	if len(c.captures) != 100 {
		t.Errorf("%d requests arrived: the engine sent something twice, or not at all", len(c.captures))
	}
	if err := r.Reconcile(c.all()); err != nil {
		t.Fatal(err)
	}
	if a := r.Accounting; a.Captured != 100 || a.Unacknowledged != 60 || a.Lost != 0 {
		t.Errorf("%+v", a)
	}
}

func TestNobodyListens(t *testing.T) {
	c := newConsumer(t, ok)
	url := c.URL
	c.Close()
	p := plan(t, "ethpass", url)
	p.Count = 20
	r, err := Run(t.Context(), p, nil)
	if !errors.Is(err, ErrNoConsumer) || r.Sent != 0 || r.Intended != 20 || r.Reasons["not_sent: connection refused"] != 1 || r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

// What a bin holds is changed on purpose; the accounting must say just that.
func TestReconcileNoticesEachWrong(t *testing.T) {
	c := newConsumer(t, ok)
	p := plan(t, "neostore", c.URL)
	p.Count, p.Connections, p.Parts[0].Population = 50, 1, 1
	r, err := Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign := c.captures[0].Clone()
	foreign.Body[10] ^= 1
	swapped := slices.Clone(c.captures)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for name, row := range map[string]struct {
		captures []journal.Capture
		want     Accounting
		ok       bool
	}{
		"as it was":       {c.captures, Accounting{Captured: 50}, true},
		"two lost":        {c.captures[2:], Accounting{Captured: 48, Lost: 2}, false},
		"one three times": {slices.Concat(c.captures, c.captures[9:10], c.captures[9:10]), Accounting{Captured: 50, Duplicated: 2}, false},
		"one of nobody's": {slices.Concat(c.captures, []journal.Capture{foreign}), Accounting{Captured: 50, Unexpected: 1}, false},
		"two swapped":     {swapped, Accounting{Captured: 50, OutOfOrder: 1}, true},
		"nothing":         {nil, Accounting{Lost: 50}, false},
	} {
		if err := r.Reconcile(each(row.captures)); err != nil {
			t.Fatal(err)
		}
		r.Accounting.LostEvents = nil
		if !cmp.Equal(*r.Accounting, row.want) || r.OK() != row.ok {
			t.Errorf("%s: %+v, ok %v; want %+v", name, *r.Accounting, r.OK(), row.want)
		}
		err := r.ReconcileDigests(func(yield func(journal.Digest, error) bool) {
			for i := range row.captures {
				if d := row.captures[i].Digest(); !yield(journal.Digest{Seq: uint64(i + 1), Sum: d.Sum}, nil) {
					return
				}
			}
		}, func(id string) (journal.Capture, error) {
			seq, _ := journal.ParseCaptureID(id)
			return row.captures[seq-1], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r.Accounting.LostEvents = nil
		if !cmp.Equal(*r.Accounting, row.want) || r.OK() != row.ok {
			t.Errorf("%s, with digests: %+v, ok %v; want %+v", name, *r.Accounting, r.OK(), row.want)
		}
	}
	broken := errors.New("broken")
	err = r.Reconcile(func(yield func(journal.Capture, error) bool) { yield(journal.Capture{}, broken) })
	if !errors.Is(err, broken) {
		t.Errorf("the error of the captures was lost: %v", err)
	}
	other := func(yield func(journal.Digest, error) bool) { yield(journal.Digest{Seq: 1}, nil) }
	if err := r.ReconcileDigests(other, func(string) (journal.Capture, error) { return journal.Capture{}, broken }); !errors.Is(err, broken) {
		t.Errorf("the error of a capture was lost: %v", err)
	}
	deleted := func(string) (journal.Capture, error) { return journal.Capture{}, journal.ErrNotFound }
	if err := r.ReconcileDigests(other, deleted); err != nil || r.Accounting.Unexpected != 1 {
		t.Errorf("one that was deleted: %+v, %v", r.Accounting, err)
	}
}

// A consumer that stalls must show in the response times of all that was due meanwhile, though only
// one request met it.
func TestAStallIsNotOmitted(t *testing.T) {
	var once sync.Once
	stall := 400 * time.Millisecond
	c := newConsumer(t, func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			timer := time.NewTimer(stall)
			defer timer.Stop()
			<-timer.C
		})
		w.WriteHeader(http.StatusOK)
	})
	p := plan(t, "ethpass", c.URL)
	p.Count, p.Connections, p.Shape = 100, 1, shape(t, "200") // 80 events are due while the first one is held
	r, err := Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Response.P50 < 100 || r.Lag.P50 < 100 {
		t.Errorf("half of the events were due during the stall; response %+v, lag %+v", r.Response, r.Lag)
	}
	if r.Service.P50 >= r.Response.P50 {
		t.Errorf("service %+v is not shorter than response %+v", r.Service, r.Response)
	}
}

func TestDurationEndsABurst(t *testing.T) {
	c := newConsumer(t, ok)
	p := plan(t, "neostore", c.URL)
	p.Count, p.Shape, p.Duration = 0, shape(t, "500"), 300*time.Millisecond
	r, err := Run(t.Context(), p, nil)
	if err != nil || r.Intended != 150 || r.Sent != 150 {
		t.Errorf("%+v, %v", r, err)
	}
	p.Shape = Shape{}
	r, err = Run(t.Context(), p, nil)
	if err != nil || r.Sent == 0 || r.Sent != r.Intended || r.Sent != r.Acknowledged {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnInterruptKeepsTheAccounting(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	var n atomic.Int64
	c := newConsumer(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 50 {
			cancel(reason)
		}
		w.WriteHeader(http.StatusOK)
	})
	p := plan(t, "neostore", c.URL)
	p.Count = 1_000_000
	r, err := Run(ctx, p, nil)
	if !errors.Is(err, reason) {
		t.Fatalf("error %v", err)
	}
	if err := r.Reconcile(c.all()); err != nil {
		t.Fatal(err)
	}
	if a := r.Accounting; a.Lost != 0 || a.Unexpected != 0 || a.Duplicated != 0 || a.Captured < r.Acknowledged {
		t.Errorf("%+v of %+v", a, r)
	}
}

func TestProgressEndsWithTheWhole(t *testing.T) {
	c := newConsumer(t, ok)
	var last Progress
	r, err := Run(t.Context(), plan(t, "ethpass", c.URL), func(p Progress) error { last = p; return nil })
	if err != nil || last.Sent != r.Sent || last.Acknowledged != r.Acknowledged {
		t.Errorf("%+v, %+v, %v", last, r, err)
	}
}

func TestAPlanThatCannotBe(t *testing.T) {
	good := plan(t, "neostore", "http://127.0.0.1:1/")
	for name, change := range map[string]func(*Plan){
		"no provider":          func(p *Plan) { p.Parts = nil },
		"no URL":               func(p *Plan) { p.URLs = nil },
		"no end":               func(p *Plan) { p.Count = 0 },
		"nothing recorded":     func(p *Plan) { p.Shape = shape(t, "recorded") },
		"late without a rate":  func(p *Plan) { p.Overload.Policy = Drop },
		"events and journeys":  func(p *Plan) { p.Parts[0].Events, p.Parts[0].Journeys = []string{"Pass:*"}, []string{"pass"} },
		"unknown journey":      func(p *Plan) { p.Parts[0].Journeys = []string{"pas"} },
		"a wrong weight":       func(p *Plan) { p.Parts[0].Events = []string{"Pass:*=x"} },
		"an unknown fault":     func(p *Plan) { p.Faults = []FaultShare{{"signature:gone", 1}} },
		"a fault of time":      func(p *Plan) { p.Faults = []FaultShare{{"delay:1s", 1}} },
		"too many faults":      func(p *Plan) { p.Faults = []FaultShare{{"drop", 0.6}, {"signature:missing", 0.6}} },
		"too many connections": func(p *Plan) { p.Connections = MaxConnections + 1 },
		"unknown event":        func(p *Plan) { p.Parts[0].Events = []string{"Pass:*", "Pas:Created"} },
	} {
		p := good
		p.Parts = slices.Clone(good.Parts)
		change(&p)
		if r, err := Run(t.Context(), p, nil); !errors.Is(err, ErrPlan) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}
