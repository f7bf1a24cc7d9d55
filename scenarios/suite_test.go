package scenarios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver"
)

// rounds starts a new server for each run and keeps the bodies that each run sent.
type rounds struct {
	mu     sync.Mutex
	bodies map[string]string // by scenario
	now    int               // runs at the same time
	most   int
}

func (r *rounds) start(ctx context.Context, s *Scenario, seed uint64) (*mockserver.Client, func(), error) {
	server, err := mockserver.Start(context.WithoutCancel(ctx), mockserver.Options{})
	if err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now++
	r.most = max(r.most, r.now)
	return server.Client(), func() {
		list, err := server.Client().Deliveries(context.WithoutCancel(ctx), mockserver.DeliveryQuery{Limit: mockserver.MaxLimit})
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now--
		for i := range list {
			r.bodies[s.Name] += string(list[i].Event.Body) + "\n"
		}
		if err != nil {
			r.bodies[s.Name] += err.Error()
		}
		server.Close()
	}, nil
}

// sends returns a scenario that sends two events.
func sends(t *testing.T, name, more string) *Scenario {
	t.Helper()
	s, err := Parse(name+".yaml", []byte("hookrig: 1\nname: "+name+"\nprovider: neostore\nseed: 7\ntarget: {bin: inbox}\nbins: {inbox: {provider: neostore}}\n"+more+"steps:\n"+
		"- {id: sub, subscribe: {}}\n- {id: a, deliver: {event: 'Pass:Created', times: 2}, expect: {captures: {count: 2}}}\n- {id: b, deliver: {event: 'Pass:Updated'}}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSuiteParallel checks that scenarios send the same bytes, and that their reports come in the
// same order, whatever the number of runs at the same time.
func TestSuiteParallel(t *testing.T) {
	t.Parallel()
	var list []*Scenario
	for i := range 5 {
		list = append(list, sends(t, fmt.Sprintf("s%d", i), ""))
	}
	list = append(list, sends(t, "table", "rows: {x: [1, 2]}\n"))
	play := func(parallel int) (order []string, r *rounds) {
		r = &rounds{bodies: map[string]string{}}
		var done []string
		suite := &Suite{Scenarios: list, Start: r.start, Parallel: parallel, Done: func(report Report) { done = append(done, report.Scenario) }}
		reports, err := suite.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, report := range reports {
			order = append(order, report.Scenario)
			if report.Status != Passed {
				t.Error(text(t, report))
			}
		}
		if !slices.Equal(order, done) {
			t.Errorf("returned %v, told %v", order, done)
		}
		return order, r
	}
	order, one := play(1)
	again, four := play(4)
	if want := "s0 s1 s2 s3 s4 table/1 table/2"; strings.Join(order, " ") != want || strings.Join(again, " ") != want {
		t.Errorf("got %v and %v", order, again)
	}
	if one.most != 1 || four.most > 4 {
		t.Errorf("%d and %d at the same time", one.most, four.most)
	}
	for name, bodies := range one.bodies {
		if bodies == "" || four.bodies[name] != bodies {
			t.Errorf("%s sent other bytes:\n%s\n%s", name, bodies, four.bodies[name])
		}
	}
	if one.bodies["table/1"] == one.bodies["table/2"] {
		t.Error("two rows sent the same bytes")
	}
}

// TestSuiteRunsAtTheSameTime checks that as many scenarios run at the same time as are asked for.
func TestSuiteRunsAtTheSameTime(t *testing.T) {
	t.Parallel()
	var together sync.WaitGroup
	together.Add(3)
	r := &rounds{bodies: map[string]string{}}
	suite := &Suite{Parallel: 3, Scenarios: []*Scenario{sends(t, "a", ""), sends(t, "b", ""), sends(t, "c", "")}, Start: func(ctx context.Context, s *Scenario, seed uint64) (*mockserver.Client, func(), error) {
		together.Done()
		together.Wait() // for ever, unless all three are started
		return r.start(ctx, s, seed)
	}}
	if _, err := suite.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSuiteShared checks that on one server a scenario that uses the server's own endpoints and
// clock runs alone.
func TestSuiteShared(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	alone, err := Parse("alone.yaml", []byte("hookrig: 1\nname: alone\nsteps: [{id: a, advance: 1h}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	running := map[string]bool{}
	suite := &Suite{
		Scenarios: []*Scenario{sends(t, "a", ""), alone, sends(t, "b", ""), alone, sends(t, "c", "")}, Parallel: 5, Shared: true,
		Start: func(_ context.Context, s *Scenario, _ uint64) (*mockserver.Client, func(), error) {
			mu.Lock()
			defer mu.Unlock()
			if running["alone"] || s.Name == "alone" && len(running) > 0 {
				t.Errorf("%s starts while %v runs", s.Name, running)
			}
			running[s.Name] = true
			return server.Client(), func() {
				mu.Lock()
				defer mu.Unlock()
				delete(running, s.Name)
			}, nil
		},
	}
	reports, err := suite.Run(t.Context())
	if err != nil || len(reports) != 5 || Worst(reports) != Passed {
		t.Errorf("%v, %v", err, reports)
	}
}

// TestSuiteRepeat checks that every repetition has another seed, and that the seeds of those that
// did not pass are kept.
func TestSuiteRepeat(t *testing.T) {
	t.Parallel()
	s := sends(t, "flaky", "")
	s.Steps[2].node, s.Steps[2].Expect = nil, Expectations{{Deliveries: &Deliveries{State: mockserver.Exhausted}}}
	r := &rounds{bodies: map[string]string{}}
	suite := &Suite{Scenarios: []*Scenario{sends(t, "good", ""), s}, Start: r.start, Parallel: 2, Repeat: 3}
	reports, err := suite.Run(t.Context())
	if err != nil || len(reports) != 6 || reports[0].Seed != 7 || reports[1].Seed != 8 || reports[2].Seed != 9 {
		t.Fatalf("%v %v", err, reports)
	}
	var b strings.Builder
	if err := WriteRepeats(&b, Repeats(reports)); err != nil {
		t.Fatal(err)
	}
	want := "\ngood: 3 of 3 runs passed\nflaky: 0 of 3 runs passed; seeds of the others: 7 (failed), 8 (failed), 9 (failed)\n"
	if b.String() != want {
		t.Errorf("want %s, got %s", want, b.String())
	}
	seed := uint64(40)
	suite.Options.Seed = &seed
	if reports, err := suite.Run(t.Context()); err != nil || reports[1].Seed != 41 || reports[4].Seed != 41 {
		t.Errorf("%v", err)
	}
}

// TestSuiteEnds checks what is not played when the target cannot be reached, at a time limit and
// after an interrupt, and that each has a report.
func TestSuiteEnds(t *testing.T) {
	t.Parallel()
	list := []*Scenario{sends(t, "a", ""), sends(t, "b", ""), sends(t, "c", "")}
	r := &rounds{bodies: map[string]string{}}
	suite := &Suite{Scenarios: list, Start: r.start, Options: Options{Target: "http://127.0.0.1:1/"}}
	reports, err := suite.Run(t.Context())
	if !errors.Is(err, ErrNoConsumer) || len(reports) != 3 || reports[2].Status != Errored || !strings.Contains(text(t, reports[2]), "not run: the target cannot be reached") {
		t.Errorf("%v %v", err, reports)
	}
	ctx, cancel := context.WithCancel(t.Context())
	suite = &Suite{Scenarios: list, Start: r.start, Done: func(Report) { cancel() }}
	reports, err = suite.Run(ctx)
	if len(reports) != 3 || reports[0].Status != Passed {
		t.Errorf("%v %v", err, reports)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if reports, _ = suite.Run(cancelled); len(reports) != 3 || !strings.Contains(text(t, reports[0]), "not run: interrupted") {
		t.Errorf("%v", reports)
	}
	_, url := newShop(t)
	slow := shopScenario(t, "steps:\n  - id: a\n    call: {url: '${target.origin}/hangs'}\n")
	suite = &Suite{Scenarios: []*Scenario{slow, list[0]}, Start: r.start, Options: Options{Target: url}, Timeout: 20 * time.Millisecond}
	reports, err = suite.Run(t.Context())
	if err != nil || reports[0].Status != Inconclusive || !strings.Contains(text(t, reports[1]), "not run: the time limit of all runs, 20ms, was reached") {
		t.Errorf("%v\n%s\n%s", err, text(t, reports[0]), text(t, reports[1]))
	}
}

// TestSuiteChecks checks that everything that is not allowed is told at once, before a run.
func TestSuiteChecks(t *testing.T) {
	t.Parallel()
	a, b := sends(t, "a", "params: {count: 3}\n"), sends(t, "b", "params: {base: {type: text}}\neffects: {x: {exec: [touch, y]}}\n")
	suite := &Suite{Scenarios: []*Scenario{a, b}, Options: Options{Params: map[string]string{"count": "x", "bas": "y"}}}
	want := `unknown parameter "bas": did you mean "base"?
parameter count of scenario a: expected a whole number, found "x"
parameter base of scenario b has no value: give it one with --param base=TEXT`
	if err := suite.Check(); err == nil || err.Error() != want {
		t.Errorf("want\n%s\ngot\n%v", want, err)
	}
	suite.Options.Params = map[string]string{"count": "1", "base": "y"}
	if err := suite.Check(); !errors.Is(err, ErrExec) || !strings.Contains(err.Error(), "--allow-exec") {
		t.Error(err)
	}
	suite.Options.AllowExec = true
	if err := suite.Check(); err != nil {
		t.Error(err)
	}
}

// TestSuiteJournal checks that the journals of runs side by side follow each other in the order of
// the scenarios, and are those of runs one after the other.
func TestSuiteJournal(t *testing.T) {
	t.Parallel()
	var list []*Scenario
	for i := range 12 {
		list = append(list, sends(t, fmt.Sprintf("s%d", i), ""))
	}
	var want []string
	for _, parallel := range []int{1, 8} {
		var journal bytes.Buffer
		suite := &Suite{Scenarios: list, Parallel: parallel, Options: Options{Journal: &journal}, Start: func(ctx context.Context, _ *Scenario, seed uint64) (*mockserver.Client, func(), error) {
			server, err := mockserver.Start(ctx, mockserver.Options{Seed: seed})
			if err != nil {
				return nil, nil, err
			}
			return server.Client(), func() { server.Close() }, nil
		}}
		if _, err := suite.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := withoutWall(t, journal.Bytes())
		if parallel == 1 {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 12*8 {
			t.Errorf("%d at a time: %d lines (-one +many):\n%s", parallel, len(got), diff)
		}
	}
}
