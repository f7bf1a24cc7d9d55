package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// play runs a scenario on a new server.
func play(t *testing.T, s *Scenario, o Options) (Report, error) {
	t.Helper()
	server := mockserver.StartT(t, mockserver.Options{RealClock: s.Clock.Mode == RealClock})
	return Run(t.Context(), server.Client(), s, o)
}

// read parses a scenario with a common beginning.
func read(t *testing.T, steps string) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte("hookrig: 1\nname: test\nseed: 7\ntarget: {bin: inbox}\nbins:\n  inbox: {provider: neostore}\n"+steps), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t *testing.T, r Report) string {
	t.Helper()
	var b strings.Builder
	if err := WriteText(&b, []Report{r}, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestLibrary plays every library scenario against its bins.
func TestLibrary(t *testing.T) {
	names, err := fs.Glob(Library(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			t.Parallel()
			s, err := LoadFS(Library(), name)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range s.Cases() {
				report, err := play(t, one, Options{})
				if err != nil || report.Status != Passed {
					t.Errorf("%v\n%s", err, text(t, report))
				}
				if name == "tour.yaml" && report.Counts.EventTypes != 42 {
					t.Errorf("want 42 event types, got %d", report.Counts.EventTypes)
				}
			}
		})
	}
}

// consumer is a program under test. It verifies signatures and counts its effects.
type consumer struct {
	secret   string
	provider *fixtures.Provider
	mu       sync.Mutex
	effects  map[string]int // by event id
	sloppy   atomic.Bool    // accepts forged requests
	twice    atomic.Bool    // acts on every copy
}

func (c *consumer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		c.mu.Lock()
		defer c.mu.Unlock()
		most := 0
		for _, n := range c.effects {
			most = max(most, n)
		}
		fmt.Fprintf(w, `{"events": %d, "most": %d}`, len(c.effects), most)
		return
	}
	m := signature.Message{Method: r.Method, Target: r.URL.RequestURI(), Version: "HTTP/1.1"}
	for name, values := range r.Header {
		for _, v := range values {
			m.Headers.Add(name, v)
		}
	}
	var body struct {
		ID string `json:"__id"`
	}
	var err error
	if m.Body, err = io.ReadAll(r.Body); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if got := c.provider.Signing.Verify(m, signature.Context{}, c.secret); got.Verdict != signature.Valid && !c.sloppy.Load() {
		http.Error(w, string(got.Verdict), http.StatusUnauthorized)
		return
	}
	if err := json.Unmarshal(m.Body, &body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.effects[body.ID] == 0 || c.twice.Load() {
		c.effects[body.ID]++
	}
}

func newConsumer(t *testing.T) (*consumer, string) {
	t.Helper()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	c := &consumer{secret: "shared-with-the-consumer", provider: p, effects: map[string]int{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return c, server.URL
}

// TestTarget plays the library against a consumer. A correct consumer passes; one that accepts
// forged requests fails those that are about them.
func TestTarget(t *testing.T) {
	sloppy := map[string]bool{"forged": true, "forged-signature": true, "forged-body": true, "forged-other-event": true}
	for _, name := range []string{
		"retry-until-up", "duplicate", "out-of-order", "forged", "slow-consumer", "forged-signature", "forged-body", "forged-other-event",
		"reserialized", "unicode", "trailing-newline", "byte-order-mark", "invalid-utf8", "duplicate-keys", "unknown-fields",
		"unknown-event", "optional-null", "header-case", "more-headers", "content-type", "chunked", "compressed", "old-http", "aborted",
		"big-body", "duplicate-concurrent", "late-event", "genuine",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := LoadFS(Library(), name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range s.Cases() {
				if one.Name == name || strings.HasSuffix(one.Name, "/neostore") {
					s = one
				}
			}
			c, url := newConsumer(t)
			report, err := play(t, s, Options{Target: url, Secret: c.secret})
			if err != nil || report.Status != Passed {
				t.Errorf("%v\n%s", err, text(t, report))
			}
			if len(c.effects) == 0 {
				t.Error("the consumer received nothing")
			}
			if !strings.Contains(report.Repeat, "--target "+url) {
				t.Errorf("repeat: %s", report.Repeat)
			}
			c.sloppy.Store(true)
			report, err = play(t, s, Options{Target: url, Secret: c.secret})
			if want := map[bool]Status{true: Failed, false: Passed}[sloppy[name]]; err != nil || report.Status != want {
				t.Errorf("a sloppy consumer: want %s, got %v\n%s", want, err, text(t, report))
			}
		})
	}
}

// TestFailures checks that mistakes of a consumer and wrong captures fail the scenario with an
// exact message.
func TestFailures(t *testing.T) {
	const sub = "steps:\n  - id: sub\n    subscribe: {provider: neostore, events: ['Pass:*']}\n"
	for name, c := range map[string]struct{ steps, want string }{
		"a consumer that answers 500": {
			sub + "  - id: down\n    respond: {responses: [500]}\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {state: delivered}}\n",
			"want delivered, got exhausted after 500",
		},
		"a changed body": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', faults: ['body:tamper']}\n    expect: {captures: {verified: valid}}\n",
			"want the signature valid, got mismatch",
		},
		"a changed body is none of the run's": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', faults: ['body:tamper']}\n    expect: {captures: {schema: valid}}\n",
			"no step of this run sent the body of",
		},
		"a missing signature is a missing header": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', faults: ['signature:missing']}\n    expect: {captures: {headers: documented}}\n",
			"header x-neostore-signature is missing",
		},
		"header names letter for letter": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {captures: {headers: {X-Neostore-Signature: '.*'}}}\n",
			"header X-Neostore-Signature is spelt x-neostore-signature",
		},
		"header values whole": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {captures: {headers: {x-neostore-signature: '[0-9a-f]{63}'}}}\n",
			"header x-neostore-signature: want [0-9a-f]{63}, got",
		},
		"too many captures": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', times: 2}\n    expect: {captures: {count: 1}}\n",
			"bin inbox: want exactly 1 capture, got 2",
		},
		"too few captures, and the nearest": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {captures: {where: '.body.__eventName == \"Pass:Updated\"', within: 10ms}}\n",
			`.body.__eventName: want "Pass:Updated", got "Pass:Created"`,
		},
		"an event that nothing selects": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Redirect:Redirected'}\n    expect: {deliveries: {state: delivered}}\n",
			"want at least 1 delivery, got 0",
		},
		"a capture that nobody sent": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n" +
				"  - id: load\n    burst: {provider: neostore, secret: s, to: '${bins.inbox.url}', count: 1}\n  - id: all\n    expect: {captures: {order: as-sent}}\n",
			"no step of this run sent the body of",
		},
		"a capture too many": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n" +
				"  - id: echo\n    deliver: {provider: neostore, event: 'Pass:Created', to: sub, set: {/__id: '${steps.one.events.0.id}'}}\n" +
				"    expect: {captures: {same: [id], where: '.body.__id == \"${steps.one.events.0.id}\"', since: one, count: 1}}\n",
			"bin inbox: want exactly 1 capture, got 2",
		},
		"something that was never to arrive": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {never: {where: '.body.__eventName == \"Pass:Created\"'}}\n",
			"want no capture, got c00000001",
		},
		"events in another order": {
			sub + "  - id: one\n    journey: {provider: neostore, name: pass, events: ['Pass:Created', 'Pass:Installed'], hold: true}\n" +
				"  - id: two\n    deliver: {from: one, events: ['Pass:Installed', 'Pass:Created']}\n    expect: {captures: {count: 2, order: as-happened}}\n",
			"Pass:Created (c",
		},
		"events that came as they happened": {
			sub + "  - id: one\n    journey: {provider: neostore, name: pass, events: ['Pass:Created', 'Pass:Installed']}\n    expect: {captures: {count: 2, order: out-of-order}}\n",
			"want the events out of order, they arrived as they happened",
		},
		"another list of events": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {captures: {events: ['Pass:Updated']}}\n",
			"want the events Pass:Updated, got Pass:Created",
		},
		"not every event": {
			sub + "  - id: one\n    deliver: {provider: neostore, events: all}\n    expect: {captures: {events: all}}\n",
			"2 of the 7 event types of neostore did not arrive: Customer:Upserted, Redirect:Redirected",
		},
		"what was to be the same differs": {
			sub + "  - id: one\n    deliver: {provider: neostore, events: ['Pass:Created', 'Pass:Created']}\n    expect: {captures: {count: 2, same: [id]}}\n",
			"id differs: c",
		},
		"what was to differ is the same": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', times: 2}\n    expect: {captures: {count: 2, differs: [header x-neostore-signature]}}\n",
			"header x-neostore-signature is the same in c",
		},
		"a body that its schema refuses": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', set: {/passId: 5}}\n    expect: {captures: {schema: valid}}\n",
			"/passId",
		},
		"other attempts": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {attempts: [503, 2xx]}}\n",
			"want the attempts 503, 2xx, got 200",
		},
		"another number of attempts": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {attempts: 2}}\n",
			"want 2 attempts, got 1 after 200",
		},
		"other times": {
			sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {due: [0s, 10s]}}\n",
			"want the attempts due after 0s, 10s, got 0s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := play(t, read(t, c.steps), Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := text(t, report)
			unfolded := strings.Join(strings.Fields(got), " ")
			if report.Status != Failed || !strings.Contains(unfolded, c.want) {
				t.Errorf("want %q in\n%s", c.want, got)
			}
			if !strings.Contains(got, "repeat: hookrig run test.yaml --seed 7") || !strings.Contains(got, "seed 7") {
				t.Errorf("the seed or the command that repeats it is missing:\n%s", got)
			}
		})
	}
}

// TestSeed checks that equal seeds send equal bytes on any server, and different seeds send
// different bytes.
func TestSeed(t *testing.T) {
	s, err := LoadFS(Library(), "tour.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bodies := func(seed uint64) string {
		server := mockserver.StartT(t)
		client := server.Client()
		report, err := Run(t.Context(), client, s, Options{Seed: &seed})
		if err != nil || report.Status != Passed || report.Seed != seed {
			t.Fatalf("%v\n%s", err, text(t, report))
		}
		var all strings.Builder
		deliveries, err := client.Deliveries(t.Context(), mockserver.DeliveryQuery{Limit: mockserver.MaxLimit})
		if err != nil || len(deliveries) < 42 {
			t.Fatalf("%d deliveries: %v", len(deliveries), err)
		}
		for _, d := range deliveries {
			all.Write(d.Event.Body)
			all.WriteByte('\n')
		}
		return all.String()
	}
	first, second, other := bodies(7), bodies(7), bodies(8)
	if first != second {
		t.Error("seed 7 gave other bytes the second time")
	}
	if first == other {
		t.Error("seeds 7 and 8 gave the same bytes")
	}
}

// TestRunsOnOneServer checks that consecutive runs on one server do not see each other's captures
// and remove their endpoints.
func TestRunsOnOneServer(t *testing.T) {
	server := mockserver.StartT(t)
	client := server.Client()
	s, err := LoadFS(Library(), "duplicate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		report, err := Run(t.Context(), client, s, Options{})
		if err != nil || report.Status != Passed {
			t.Fatalf("%v\n%s", err, text(t, report))
		}
		endpoints, err := client.Endpoints(t.Context(), "")
		if err != nil || len(endpoints) != 0 {
			t.Errorf("left behind: %+v, %v", endpoints, err)
		}
	}
}

// TestEffects checks a consumer by its effects instead of its responses.
func TestEffects(t *testing.T) {
	s := read(t, `
effects:
  state: {http: {url: "${target.url}"}, jq: .body}
  most: {http: {url: "${target.url}"}, jq: .body.most}
  counted: {func: count}
  said: {exec: [echo, '{"seed": ${seed}}']}
steps:
  - id: sub
    subscribe: {provider: neostore, events: ["Pass:*"]}
  - id: twice
    deliver: {provider: neostore, event: "Pass:Created", times: 2}
    expect:
      effects:
        state: {eventually: {eq: {events: 1, most: 1}}, within: 100ms}
        most: {never: {jq: ". > 1"}, for: 60ms}
        counted: {eventually: {jq: ". == 1"}, within: 100ms}
        said: {eventually: {eq: {seed: 7}}}
`)
	c, url := newConsumer(t)
	count := func(context.Context) (any, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.effects), nil
	}
	o := Options{Target: url, Secret: c.secret, AllowExec: true, Effects: map[string]func(context.Context) (any, error){"count": count}}
	report, err := play(t, s, o)
	if err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}

	c.twice.Store(true)
	c.effects = map[string]int{}
	s.Steps[1].Expect = nil // so that the steps of the file are used
	report, err = play(t, s, o)
	if got := text(t, report); err != nil || report.Status != Failed || !strings.Contains(got, "effect most: want never . > 1 for 60ms, got 2") {
		t.Errorf("a consumer that acts twice: %v\n%s", err, got)
	}

	delete(o.Effects, "count")
	if report, err = play(t, s, o); err == nil || report.Status != Errored || !strings.Contains(err.Error(), `Go function "count"`) {
		t.Errorf("a function that is not given: %v, %s", err, report.Status)
	}
}

// TestEffectIsSampledAtTheEnd checks that an effect is sampled once more when its time limit is
// reached, so that a change since the last sample still counts.
func TestEffectIsSampledAtTheEnd(t *testing.T) {
	t.Parallel()
	for observation, want := range map[string]Status{
		"{eventually: {eq: 2}, within: 1ms}": Passed,
		"{never: {eq: 2}, for: 1ms}":         Failed,
	} {
		s := read(t, `
effects:
  looks: {func: looks}
steps:
  - id: a
    expect: {effects: {looks: `+observation+`}}
`)
		looks := 0
		report, err := play(t, s, Options{Effects: map[string]func(context.Context) (any, error){
			"looks": func(context.Context) (any, error) { looks++; return looks, nil },
		}})
		if err != nil || report.Status != want || looks != 2 {
			t.Errorf("%s: %s after %d looks, %v; want %s after 2\n%s", observation, report.Status, looks, err, want, text(t, report))
		}
	}
}

// TestInconclusive checks that a result from incomplete data is inconclusive.
func TestInconclusive(t *testing.T) {
	const steps = `
effects:
  down: {http: {url: "http://127.0.0.1:1/"}}
steps:
  - id: sub
    subscribe: {provider: neostore, events: ["Pass:*"]}
  - id: one
    deliver: {provider: neostore, event: "Pass:Created"}
    expect: `
	evicting := proxy{edit: func(resp *http.Response, body []byte) []byte {
		if resp.Request.URL.Path != "/api/v1/bins" {
			return body
		}
		return edited(t, body, func(list page[mockserver.BinSummary]) page[mockserver.BinSummary] {
			for i := range list.Items {
				list.Items[i].Evicted = 3
			}
			return list
		})
	}}.client(t, serve(t))
	for name, expect := range map[string]string{
		"evicted 3 captures to make room":             "{captures: {count: 1, verified: valid}}",
		"want exactly 2 captures, it has 1 now":       "{captures: {count: 2, within: 1ms, events: all}}",
		"effect down could not be checked within 1ms": "{effects: {down: {eventually: {eq: 1}, within: 1ms}}}",
		"effect down could not be checked for 1ms":    "{effects: {down: {never: {eq: 1}, for: 1ms}}}",
	} {
		report, err := Run(t.Context(), evicting, read(t, steps+expect), Options{})
		if got := text(t, report); err != nil || report.Status != Inconclusive || !strings.Contains(got, name) {
			t.Errorf("want %q: %v\n%s", name, err, got)
		}
	}
}

// TestNeverInconclusive checks that never is inconclusive for a bin that evicted captures.
func TestNeverInconclusive(t *testing.T) {
	evicting := proxy{edit: func(resp *http.Response, body []byte) []byte {
		if !strings.HasSuffix(resp.Request.URL.Path, "/wait") {
			return body
		}
		resp.StatusCode = http.StatusRequestTimeout
		return edited(t, body, func(w mockserver.Waited) mockserver.Waited {
			w.OK, w.Inconclusive, w.Reason = false, true, "inconclusive: some were evicted"
			return w
		})
	}}.client(t, serve(t))
	report, err := Run(t.Context(), evicting, read(t, "steps:\n  - id: a\n    expect: {never: {for: 1ms}}\n"), Options{})
	if got := text(t, report); err != nil || report.Status != Inconclusive || !strings.Contains(got, "some were evicted") {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestErrors checks that a failing server gives an error and a report of the steps so far, and that
// endpoints are removed.
func TestErrors(t *testing.T) {
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n  - id: two\n    advance: 1h\n")
	boom := errors.New("disk full")
	for name, call := range map[string]string{
		"emit":    "POST /api/v1/providers/neostore/events",
		"advance": "POST /api/v1/runs/RUN/clock/advance",
		"clock":   "GET /api/v1/clock",
	} {
		server := serve(t)
		client := proxy{refuse: func(r *http.Request) bool {
			return r.Method+" "+regexp.MustCompile("/runs/[^/]+").ReplaceAllString(r.URL.Path, "/runs/RUN") == call
		}}.client(t, server)
		report, err := Run(t.Context(), client, s, Options{})
		if err == nil || !strings.Contains(err.Error(), boom.Error()) || report.Status != Errored || !strings.Contains(text(t, report), "disk full") {
			t.Errorf("%s: %v\n%s", name, err, text(t, report))
		}
		if left, err := server.Client().Endpoints(t.Context(), ""); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
	real := read(t, "effects: {one: {func: one}}\nsteps:\n  - id: look\n    expect: {effects: {one: {eventually: {eq: 1}}}}\n")
	real.Clock.Mode = RealClock
	if report, err := Run(t.Context(), mockserver.StartT(t).Client(), real, Options{}); err == nil || report.Status != Errored {
		t.Errorf("a scenario for a real clock that shares a virtual one: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if report, err := Run(ctx, mockserver.StartT(t).Client(), s, Options{}); err == nil || report.Status != Errored {
		t.Errorf("a run that was ended: %v, %s", err, report.Status)
	}
}

// TestRealClock plays retries on wall time.
func TestRealClock(t *testing.T) {
	s, err := Parse("real.yaml", []byte(`
hookrig: 1
name: real
clock: {mode: real}
target: {bin: inbox}
bins: {inbox: {provider: subscribfy}}
steps:
  - id: sub
    subscribe: {provider: subscribfy}
  - id: one
    deliver: {provider: subscribfy, event: wallet_pass/created}
    expect:
      deliveries: {state: delivered, attempts: [200]}
      captures: {count: 1, verified: valid}
`), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if report, err := play(t, s, Options{}); err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestClocks checks that a scenario with a subscribe step has its own clock, whatever the mode of
// the server's clock.
func TestClocks(t *testing.T) {
	for name, want := range map[string]Status{"tour": Passed, "duplicate": Passed, "retry-until-up": Passed} {
		s, err := LoadFS(Library(), name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		server := mockserver.StartT(t, mockserver.Options{RealClock: true})
		if report, err := Run(t.Context(), server.Client(), s, Options{}); report.Status != want {
			t.Errorf("%s on a real clock: want %s: %v\n%s", name, want, err, text(t, report))
		}
	}
}

// TestBurst sends a burst to a bin and compares the captures with it.
func TestBurst(t *testing.T) {
	s := read(t, "steps:\n  - id: load\n    burst: {provider: neostore, secret: s, count: 500, connections: 8}\n    expect:\n      burst: {bin: inbox, acknowledged: 500}\n")
	report, err := play(t, s, Options{})
	if err != nil || report.Status != Passed || !strings.Contains(text(t, report), "500 captured, 0 lost, 0 duplicated") {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestProgress checks that Progress is called when a step begins and when it ends, in order.
func TestProgress(t *testing.T) {
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: later\n    advance: 1h\n")
	var ids []string
	progress := func(p Progress) {
		if p.Of != 2 || p.Scenario != "test" {
			t.Errorf("%+v", p)
		}
		ids = append(ids, fmt.Sprint(p.Number, " ", p.Step, " ", p.Done != nil))
	}
	if _, err := play(t, s, Options{Progress: progress}); err != nil || strings.Join(ids, ", ") != "1 sub false, 1 sub true, 2 later false, 2 later true" {
		t.Errorf("got %v, %v", ids, err)
	}
}

// TestOverHTTP plays the library through the HTTP API and expects the same results.
func TestOverHTTP(t *testing.T) {
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
	client, err := mockserver.Dial(server.DashboardURL(), "")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(Library(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		s, err := LoadFS(Library(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range s.Cases() {
			report, err := Run(t.Context(), client, one, Options{})
			if err != nil || report.Status != Passed {
				t.Errorf("%v\n%s", err, text(t, report))
			}
		}
	}
}

// TestConsumerSubscribes checks a consumer that registered itself, in a run that registers no
// endpoint.
func TestConsumerSubscribes(t *testing.T) {
	server := mockserver.StartT(t)
	client := server.Client()
	c, url := newConsumer(t)
	e, err := client.Register(t.Context(), mockserver.Endpoint{Provider: "neostore", URL: url, Events: []string{"Pass:*"}, Secrets: []string{c.secret}})
	if err != nil {
		t.Fatal(err)
	}
	s := read(t, "steps:\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {count: 1, state: delivered, attempts: [200]}}\n")
	if report, err := Run(t.Context(), client, s, Options{}); err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
	if list, err := client.Endpoints(t.Context(), "neostore"); err != nil || len(list) != 1 || list[0].ID != e.ID {
		t.Errorf("the consumer's own endpoint: %+v, %v", list, err)
	}
}

// TestWrongCaptures checks that differences between sent and captured requests are found.
func TestWrongCaptures(t *testing.T) {
	for name, c := range map[string]struct {
		expect, want string
		alter        func([]mockserver.Capture) []mockserver.Capture
	}{
		"another value": {"headers: documented", `header content-type: want "application/json", got "text/plain"`, func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Headers.Set("Content-Type", "text/plain")
			return l
		}},
		"another time": {"headers: documented", `header x-subscribfy-triggered-at: want "17`, func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Headers.Set("x-subscribfy-triggered-at", "2026-01-15T09:00:00Z")
			return l
		}},
		"a line more": {"headers: documented", "header X-More is not documented", func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Headers.Add("X-More", "1")
			return l
		}},
		"a line twice": {"headers: documented", "header Signature occurs 2 times", func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Headers.Add("signature", "1")
			return l
		}},
		"another method": {"headers: documented", "want the method POST, got PUT", func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Method = "PUT"
			return l
		}},
		"one lost": {"order: as-sent", "was sent and is not in bin inbox", func(l []mockserver.Capture) []mockserver.Capture { return l[:1] }},
		"one too many": {"order: as-sent", "has 1 captures more than were sent", func(l []mockserver.Capture) []mockserver.Capture {
			return append(l, l[0])
		}},
		"not verified": {"verified: valid", "was not verified", func(l []mockserver.Capture) []mockserver.Capture {
			l[0].Verification = nil
			return l
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse("test.yaml", []byte(`{hookrig: 1, name: test, target: {bin: inbox}, bins: {inbox: {provider: subscribfy}}, steps: [
				{id: sub, subscribe: {provider: subscribfy}},
				{id: one, deliver: {provider: subscribfy, events: [wallet_pass/created, membership/created]}},
				{id: all, expect: {captures: {`+c.expect+`}}}]}`), fixtures.Builtin())
			if err != nil {
				t.Fatal(err)
			}
			server := serve(t)
			if report, err := Run(t.Context(), server.Client(), s, Options{}); err != nil || report.Status != Passed {
				t.Fatalf("unaltered: %v\n%s", err, text(t, report))
			}
			report, err := Run(t.Context(), proxy{edit: func(resp *http.Response, body []byte) []byte {
				if resp.Request.URL.Query().Get("order") != "oldest" {
					return body
				}
				return edited(t, body, func(list page[mockserver.Capture]) page[mockserver.Capture] {
					list.Items = c.alter(list.Items)
					return list
				})
			}}.client(t, server), s, Options{})
			if got := text(t, report); err != nil || report.Status != Failed || !strings.Contains(strings.ToLower(got), strings.ToLower(c.want)) {
				t.Errorf("want %q: %v\n%s", c.want, err, got)
			}
		})
	}
}

// TestTimesInHeaders checks that the time of the event is compared where a header line has it, also
// of two events with the same body, and its form where it is that of the first attempt.
func TestTimesInHeaders(t *testing.T) {
	t.Parallel()
	memory := fstest.MapFS{}
	for name, text := range map[string]string{
		"provider.yaml": `{name: stamps, title: Stamps, sources: [{tag: S, title: None}], subscription: {kind: names, secret: {minted: provider, length: 8, alphabet: a-f}},
			delivery: {timeout: 5s, success: [2xx], headers: [{name: X-At, value: "${at | unix}"}, {name: X-First, value: "${triggered | unix}"}]},
			signing: {signatures: [{alg: static, emit: [{header: X-Key, value: "${secret}"}]}]},
			entities: {lamp: {room: hall}},
			events: [{name: switched, title: Switched, when: It is switched., entity: lamp, template: events/any.json, schema: schemas/any.json}],
			journeys: [{name: evening, title: An evening, entity: lamp, key: room, start: dark, ends: {off: 1}, transitions: [
				{from: dark, to: lit, event: switched, wait: 1m}, {from: lit, to: dim, event: switched, wait: 1h}, {from: dim, to: off, event: switched, wait: 1h}]}]}`,
		"vectors.yaml":     `[{name: made here, source: S, secret: k, body: "{}", expect: {X-Key: k}}]`,
		"events/any.json":  `{"room": "${room}"}`,
		"schemas/any.json": `{"type": "object", "properties": {"room": {"type": "string"}}}`,
	} {
		memory["stamps/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	catalogue, err := fixtures.Load(memory)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("test.yaml", []byte(`{hookrig: 1, name: test, seed: 7, target: {bin: inbox}, bins: {inbox: {provider: stamps}}, steps: [
		{id: sub, subscribe: {provider: stamps}}, {id: all, journey: {provider: stamps, name: evening, count: 1}, expect: {captures: {count: 3, headers: documented}}}]}`), catalogue)
	if err != nil {
		t.Fatal(err)
	}
	server := mockserver.StartT(t, mockserver.Options{Catalogue: catalogue, Dashboard: dashboard.Handler})
	if report, err := Run(t.Context(), server.Client(), s, Options{Catalogue: catalogue}); err != nil || report.Status != Passed {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
	for name, want := range map[string]string{"X-At": `header X-At: want "17`, "X-First": `header X-First: want a time as "17`} {
		report, err := Run(t.Context(), proxy{edit: func(resp *http.Response, body []byte) []byte {
			if resp.Request.URL.Query().Get("order") != "oldest" {
				return body
			}
			return edited(t, body, func(list page[mockserver.Capture]) page[mockserver.Capture] {
				for i := range list.Items {
					list.Items[i].Headers.Set(name, "1")
				}
				return list
			})
		}}.client(t, server), s, Options{Catalogue: catalogue})
		if got := strings.Join(strings.Fields(text(t, report)), " "); err != nil || report.Status != Failed || !strings.Contains(got, want) {
			t.Errorf("want %q: %v\n%s", want, err, got)
		}
	}
}

// TestSecretsStayOut checks that no report contains a secret.
func TestSecretsStayOut(t *testing.T) {
	s, err := Parse("test.yaml", []byte(`{hookrig: 1, name: test, target: {bin: inbox}, bins: {inbox: {provider: ethpass}}, steps: [
		{id: sub, subscribe: {provider: ethpass, to: "${bins.inbox.url}", secret: open-sesame}},
		{id: one, deliver: {provider: ethpass, event: "pass:create"}, expect: {captures: {headers: {Authorization: "Bearer .*"}}}}]}`), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, s, Options{})
	if err != nil || report.Status != Failed {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
	var all strings.Builder
	if err := errors.Join(WriteJSON(&all, []Report{report}), WriteJUnit(&all, []Report{report}), WriteText(&all, []Report{report}, TextOptions{})); err != nil {
		t.Fatal(err)
	}
	if got := all.String(); strings.Contains(got, "open-sesame") || !strings.Contains(got, "header Authorization: want Bearer .*, got") {
		t.Errorf("got\n%s", got)
	}
	if report, _ = play(t, s, Options{Target: "http://127.0.0.1:1/", Secret: "open-sesame"}); strings.Contains(text(t, report), "open-sesame") {
		t.Errorf("got\n%s", text(t, report))
	}
}

// TestBinWithoutProvider checks that a bin without a provider records requests and verifies
// nothing.
func TestBinWithoutProvider(t *testing.T) {
	s, err := Parse("test.yaml", []byte(`hookrig: 1
name: plain
target: {bin: plain}
bins: {plain: {}}
steps:
  - id: sub
    subscribe: {provider: ethpass}
  - id: go
    deliver: {provider: ethpass, event: "pass:scan"}
    expect:
      captures: {count: 1}
`), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if report, err := play(t, s, Options{}); err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}
