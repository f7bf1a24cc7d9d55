package scenarios

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// nobody is a URL where nothing listens: port 1 of loopback.
const nobody = "http://127.0.0.1:1/hooks"

// TestStatuses checks that a run passes only when something was checked, and fails only when the
// consumer is wrong.
func TestStatuses(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/nonsense") {
			_, _ = w.Write([]byte(`{"error":"no such table"}`))
		}
	}))
	t.Cleanup(consumer.Close)
	const sub = "steps:\n  - id: sub\n    subscribe: {provider: neostore, events: ['Pass:*']}\n"
	const one = sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n"
	for name, c := range map[string]struct {
		head, steps, target string
		want                Status
		says                []string
	}{
		"a consumer that is not there, unjudged": {steps: one, target: nobody, want: Errored, says: []string{"no consumer at " + nobody, "connection refused"}},
		"a consumer that is not there, checked": {
			steps: one + "    expect: {deliveries: {state: delivered}}\n", target: nobody, want: Errored, says: []string{"no consumer at " + nobody},
		},
		"a host that does not resolve":           {steps: one, target: "http://nowhere.invalid/hooks", want: Errored, says: []string{"no consumer at http://nowhere.invalid/hooks"}},
		"a host that the server may not send to": {steps: one, target: "http://192.0.2.1/hooks", want: Errored, says: []string{"the server may not send to http://192.0.2.1/hooks", "forbidden address"}},
		"a consumer that is meant to be down": {
			steps:  sub + "  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {attempts: [not_sent]}}\n",
			target: nobody, want: Passed,
		},
		"an emission to nobody": {
			steps: sub + "  - id: one\n    deliver: {provider: neostore, event: 'Redirect:Redirected'}\n", want: Inconclusive,
			says: []string{"no subscription selects Redirect:Redirected: nothing was sent"},
		},
		"a probe that answers nonsense": {
			head: "effects:\n  rows: {http: {url: '" + consumer.URL + "/nonsense'}, jq: .body.rows}\n", steps: one + "    expect: {effects: {rows: {eventually: {eq: 1}, within: 1ms}}}\n", target: consumer.URL, want: Inconclusive,
			says: []string{"effect rows could not be checked within 1ms: it never had a value", "GET " + consumer.URL + "/nonsense, jq .body.rows", `200 {"error":"no such table"}`},
		},
		"a probe that answers nonsense, and nothing is to happen": {
			head: "effects:\n  rows: {http: {url: '" + consumer.URL + "/nonsense'}, jq: .body.rows}\n", steps: one + "    expect: {effects: {rows: {never: {eq: 1}, for: 1ms}}}\n", target: consumer.URL, want: Inconclusive,
			says: []string{"effect rows could not be checked for 1ms"},
		},
		"a probe whose condition fits no answer": {
			head: "effects:\n  rows: {http: {url: '" + consumer.URL + "/nonsense'}}\n", steps: one + "    expect: {effects: {rows: {never: {jq: '.error.code > 3'}, for: 1ms}}}\n", target: consumer.URL, want: Inconclusive,
			says: []string{"effect rows could not be checked for 1ms", `jq ".error.code > 3"`},
		},
		"a probe that fails": {
			head: "effects:\n  rows: {http: {url: '" + nobody + "'}}\n", steps: one + "    expect: {effects: {rows: {eventually: {eq: 1}, within: 1ms}}}\n", target: consumer.URL, want: Inconclusive,
			says: []string{"effect rows could not be checked within 1ms", "connection refused", "GET " + nobody},
		},
		"no retries, by name": {steps: strings.Replace(one, "events: ['Pass:*']", "events: ['Pass:*'], retry: none", 1) + "    expect: {deliveries: {state: delivered}}\n", want: Passed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mockserver.StartT(t)
			report, err := Run(t.Context(), server.Client(), read(t, c.head+c.steps), Options{Target: c.target})
			got := text(t, report)
			unfolded := strings.Join(strings.Fields(got), " ")
			if report.Status != c.want || (c.want == Errored) != (err != nil) {
				t.Errorf("%s, %v; want %s\n%s", report.Status, err, c.want, got)
			}
			for _, says := range c.says {
				if !strings.Contains(unfolded, says) {
					t.Errorf("want %q in\n%s", says, got)
				}
			}
			if c.target != "" && report.Target != c.target {
				t.Errorf("target %q, want %q", report.Target, c.target)
			}
			if strings.HasPrefix(name, "a consumer that is not there") && !errors.Is(err, ErrNoConsumer) {
				t.Errorf("%v is not ErrNoConsumer", err)
			}
		})
	}
}

// TestConsumerLost checks that steps without expectations are inconclusive once the consumer stops
// responding.
func TestConsumerLost(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	closes := func(context.Context) (any, error) { consumer.Close(); return 1, nil }
	s := read(t, `effects: {off: {func: off}}
steps:
  - id: sub
    subscribe: {provider: neostore, events: ["Pass:*"]}
  - id: up
    deliver: {provider: neostore, event: "Pass:Created"}
    expect: {effects: {off: {eventually: {eq: 1}}}}
  - id: down
    deliver: {provider: neostore, event: "Pass:Installed"}
`)
	report, err := play(t, s, Options{Target: consumer.URL, Effects: map[string]func(context.Context) (any, error){"off": closes}})
	got := text(t, report)
	if err != nil || report.Status != Inconclusive || !strings.Contains(strings.Join(strings.Fields(got), " "), "the delivery of step down (Pass:Installed) was not sent, and nothing checks it") {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestOwnBinRefused checks that a server which may not connect to its own bin is an error, not a
// failure of the consumer.
func TestOwnBinRefused(t *testing.T) {
	t.Parallel()
	server := proxy{edit: func(resp *http.Response, body []byte) []byte {
		if resp.Request.URL.Path != "/api/v1/server" {
			return body
		}
		return edited(t, body, func(about map[string]any) map[string]any {
			about["capture"] = "http://192.0.2.1:8081"
			return about
		})
	}}.client(t, serve(t))
	report, err := Run(t.Context(), server, read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n    expect: {deliveries: {state: delivered}}\n"), Options{})
	if err == nil || report.Status != Errored || !strings.Contains(err.Error(), "the server cannot send to its own bin inbox") {
		t.Errorf("%s, %v", report.Status, err)
	}
}

// TestDroppedAttempts checks that an attempt which a fault keeps back says nothing about the
// consumer or the bin, and that a delivery of which nothing is sent ends as dropped.
func TestDroppedAttempts(t *testing.T) {
	t.Parallel()
	s := read(t, `steps:
  - id: sub
    subscribe: {provider: neostore}
  - id: lost
    deliver: {provider: neostore, event: 'Pass:Created', faults: ['drop@1']}
    expect: {deliveries: {state: dropped}}
  - id: never
    deliver: {provider: neostore, event: 'Pass:Created', faults: [drop]}
    expect: {deliveries: {state: dropped}}
  - id: others
    deliver: {provider: neostore, event: 'Pass:Created', faults: [{body: 'reserialize:pretty'}, 'transport:chunked:1,7', {transport: 'split:40', attempts: [2]}]}
    expect: {captures: {verified: valid, count: 1}}
  - id: kept
    deliver: {provider: neostore, event: 'Pass:Created', faults: [hold]}
    expect: {deliveries: {state: pending}}
  - id: overtakes
    deliver: {provider: neostore, event: 'Pass:Updated', faults: [release]}
    expect: {captures: {count: 2}}
`)
	report, err := play(t, s, Options{})
	if err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestNilCatalogue checks that a nil catalogue means the built-in providers.
func TestNilCatalogue(t *testing.T) {
	const file = "hookrig: 1\nname: a\nbins: {inbox: {provider: neostore}}\nsteps:\n  - {id: sub, subscribe: {provider: neostore, to: '${bins.inbox.url}'}}\n"
	s, err := Parse("a.yaml", []byte(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(nil); err != nil {
		t.Error(err)
	}
}

// TestRepeatLine checks that the command that repeats a run contains everything that the run
// depended on, quoted for a shell.
func TestRepeatLine(t *testing.T) {
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore, tenant: '${env:SHOP}', secret: '${env:SHOP_SECRET}'}\n  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', tenant: '${env:SHOP}'}\n")
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"SHOP": "a 'b' $c", "SHOP_SECRET": "very-secret"}[name]
		return value, ok
	}
	report, err := play(t, s, Options{Env: env, Repeat: []string{"--provider-dir", "my providers", "--option", "neostore.encoding=base64"}})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(report.Repeat, "very-secret") {
		t.Errorf("the secret is in %s", report.Repeat)
	}
	words, err := exec.Command("sh", "-c", "hookrig() { printf '%s\\n' \"$SHOP\" \"$SHOP_SECRET\" \"$@\"; }; SHOP_SECRET=very-secret; "+report.Repeat).Output()
	want := "a 'b' $c\nvery-secret\nrun\ntest.yaml\n--seed\n7\n--provider-dir\nmy providers\n--option\nneostore.encoding=base64\n"
	if err != nil || string(words) != want {
		t.Errorf("%s\n%v: %s", report.Repeat, err, words)
	}
}

// TestExchanges checks that every report shows the requests and responses of a failed step, without
// the secret.
func TestExchanges(t *testing.T) {
	t.Parallel()
	reason := strings.Repeat("the passes table is locked; ", 40)
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, reason, http.StatusInternalServerError) }))
	t.Cleanup(consumer.Close)
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: forged\n    deliver: {provider: neostore, event: 'Pass:Created', faults: ['signature:missing']}\n    expect: {deliveries: {attempts: [4xx]}}\n")
	report, err := play(t, s, Options{Target: consumer.URL, Secret: "a-secret-of-the-run"})
	if err != nil || report.Status != Failed {
		t.Fatalf("%s, %v", report.Status, err)
	}
	step := report.Steps[1]
	if want := `delivery of step forged (Pass:Created, signature:missing): want the attempts 4xx, got 500 ("the passes table is locked;`; !strings.Contains(step.Detail, want) {
		t.Errorf("want %q in %q", want, step.Detail)
	}
	if len(step.Exchanges) != 1 || len(step.Exchanges[0].Request.Body) == 0 || !strings.Contains(string(step.Exchanges[0].Response.Body), reason) {
		t.Fatalf("%+v", step.Exchanges)
	}
	for name, write := range map[string]func(*strings.Builder) error{
		"json":  func(b *strings.Builder) error { return WriteJSON(b, []Report{report}) },
		"junit": func(b *strings.Builder) error { return WriteJUnit(b, []Report{report}) },
		"html":  func(b *strings.Builder) error { return WriteHTML(b, []Report{report}) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), reason) || !strings.Contains(b.String(), "POST") || strings.Contains(b.String(), "a-secret-of-the-run") {
			t.Errorf("%s: %s", name, b.String())
		}
	}
}

// TestFinishAsksForPages checks that a run reads its deliveries in pages, not one by one.
func TestFinishAsksForPages(t *testing.T) {
	t.Parallel()
	var asked deliveriesAsked
	client := proxy{asked: asked.count}.client(t, serve(t))
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: many\n    deliver: {provider: neostore, event: 'Pass:Created', times: 1500, parallel: true}\n")
	report, err := Run(t.Context(), client, s, Options{})
	if err != nil || report.Counts.Attempts != 1500 {
		t.Fatalf("%+v, %v", report.Counts, err)
	}
	if single, pages := asked.single.Load(), asked.pages.Load(); single > 3 || pages > 3 {
		t.Errorf("%d single deliveries and %d pages were asked for", single, pages)
	}
	// The report lists some of them, and says how many it leaves out.
	if step := report.Steps[1]; len(step.Deliveries) != mostDeliveries || step.MoreDeliveries != 1500-mostDeliveries || len(step.Exchanges) != mostExchanges {
		t.Errorf("%d deliveries and %d more, %d exchanges", len(step.Deliveries), step.MoreDeliveries, len(step.Exchanges))
	}
}

// deliveriesAsked counts the calls that read deliveries.
type deliveriesAsked struct{ single, pages atomic.Int64 }

func (a *deliveriesAsked) count(r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
	case r.URL.Path == "/api/v1/deliveries":
		a.pages.Add(1)
	case strings.HasPrefix(r.URL.Path, "/api/v1/deliveries/"):
		a.single.Add(1)
	}
}

// TestPendingDelivery checks that the report shows a delivery as it was at the end of the run, and
// with which attempts, without secrets.
func TestPendingDelivery(t *testing.T) {
	t.Parallel()
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore, to: '${bins.inbox.url}?token=hidden-token', retry: at-least-once, secret: a-secret-of-the-run}\n"+
		"  - id: down\n    respond: {bin: inbox, responses: [503]}\n"+
		"  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created'}\n  - id: minute\n    advance: 1m\n")
	report, err := play(t, s, Options{})
	if err != nil || len(report.Steps) != 4 {
		t.Fatalf("%v, %+v", err, report)
	}
	step := report.Steps[2]
	if step.File != "test.yaml" || step.Line != 12 || len(step.Deliveries) != 1 || len(step.Exchanges) != 2 {
		t.Fatalf("%+v", step)
	}
	d := step.Deliveries[0]
	if d.State != mockserver.Pending || len(d.Attempts) != 2 || d.Next.Sub(d.Attempts[0].Due) != 70*time.Second {
		t.Errorf("%+v", d)
	}
	if a := d.Attempts[1]; a.N != 2 || a.Status != 503 || a.Due.Sub(d.Attempts[0].Due) != 10*time.Second || step.Exchanges[1].Attempt != 2 || step.Exchanges[1].ID != d.ID || !step.Exchanges[1].SameAsFirst {
		t.Errorf("%+v", a)
	}
	var all strings.Builder
	if err := errors.Join(WriteJSON(&all, []Report{report}), WriteHTML(&all, []Report{report}), WriteJUnit(&all, []Report{report})); err != nil {
		t.Fatal(err)
	}
	if text := all.String(); strings.Contains(text, "hidden-token") || strings.Contains(text, "a-secret-of-the-run") {
		t.Error("a report holds a secret")
	}
}

// TestDifferencesAndNearMisses checks that a failed step has as records what its detail says.
func TestDifferencesAndNearMisses(t *testing.T) {
	t.Parallel()
	s := read(t, "steps:\n  - id: sub\n    subscribe: {provider: neostore}\n"+
		"  - id: one\n    deliver: {provider: neostore, event: 'Pass:Created', times: 2}\n    expect:\n"+
		"      - deliveries: {attempts: [503]}\n      - captures: {where: '.method == \"PUT\"', within: 1ms}\n      - captures: {events: ['Pass:Created'], differs: [body]}\n")
	report, err := play(t, s, Options{})
	if err != nil || report.Status != Failed {
		t.Fatalf("%s, %v", report.Status, err)
	}
	step := report.Steps[1]
	name := "attempts of delivery 1 of step one (Pass:Created)"
	if len(step.Differences) != 3 || step.Differences[0] != (Difference{name, "503", "200"}) || step.Differences[2] != (Difference{"events", "Pass:Created", "Pass:Created, Pass:Created"}) {
		t.Errorf("%+v", step.Differences)
	}
	if len(step.NearMisses) != 2 || step.NearMisses[0].Method != "POST" || !slices.Equal(step.NearMisses[0].Differences, []string{`.method: want "PUT", got "POST"`}) {
		t.Errorf("%+v", step.NearMisses)
	}
}
