package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// shop is a consumer with an API of its own, which remembers the requests.
type shop struct {
	mu    sync.Mutex
	calls []string
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path+" "+string(body))
	s.mu.Unlock()
	switch r.URL.Path {
	case "/orders":
		w.Header().Set("Location", "/orders/42")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id": 42, "kind": %q}`, r.Header.Get("Content-Type"))
	case "/orders/42":
		fmt.Fprint(w, `{"state": "open"}`)
	case "/broken":
		http.Error(w, "pq: no such relation", http.StatusInternalServerError)
	case "/gone":
		panic(http.ErrAbortHandler)
	case "/hangs":
		<-r.Context().Done()
	case "/hooks":
		w.Header().Set("X-Seen", "yes")
		fmt.Fprint(w, `{"ok": true}`)
	default:
		http.NotFound(w, r)
	}
}

// seen returns the requests so far, one per line.
func (s *shop) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, "\n")
}

func newShop(t *testing.T) (*shop, string) {
	t.Helper()
	s := &shop{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

// shopScenario is a scenario whose events go to the shop.
func shopScenario(t *testing.T, rest string) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte("hookrig: 1\nname: test\nseed: 7\nprovider: neostore\ntarget: {bin: inbox}\nbins:\n  inbox: {provider: neostore}\n"+rest), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// unfolded returns the text report with single spaces.
func unfolded(t *testing.T, r Report) string {
	t.Helper()
	return strings.Join(strings.Fields(text(t, r)), " ")
}

// TestCall checks the results of calls and of expectations on responses, each with its status and
// its text.
func TestCall(t *testing.T) {
	t.Parallel()
	_, url := newShop(t)
	for name, c := range map[string]struct {
		steps string
		want  Status
		says  string
	}{
		"2xx":         {"call: {url: '${target.origin}/orders/42'}", Passed, "/orders/42: 200"},
		"a JSON body": {"call: {url: '${target.origin}/orders', json: {n: 1}}\n    expect: {response: {status: 201, headers: {location: '/orders/[0-9]+'}, jq: '.body.kind == \"application/json\" and .took_ms > 0', within: 10m}}", Passed, "1 response 201, header location"},
		"an unexpected status without an expectation": {"call: {url: '${target.origin}/broken'}", Failed, `want 2xx, got 500 ("pq: no such relation\n")`},
		"an expected status":                          {"call: {url: '${target.origin}/broken'}\n    expect: {response: {status: [4xx, 500]}}", Passed, "1 response 4xx or 500"},
		"another status":                              {"call: {url: '${target.origin}/broken'}\n    expect: {response: {status: 2xx}}", Failed, `want status 2xx, got 500 ("pq: no such relation\n")`},
		"a missing header":                            {"call: {url: '${target.origin}/broken'}\n    expect: {response: {headers: {location: '.*'}}}", Failed, "header location is missing"},
		"another header":                              {"call: {url: '${target.origin}/orders', method: PUT}\n    expect: {response: {headers: {location: '/x'}}}", Failed, `header location: want /x, got "/orders/42"`},
		"another body":                                {"call: {url: '${target.origin}/orders/42'}\n    expect: {response: {jq: '.body.state == \"closed\"'}}", Failed, `want .body.state == "closed", got 200 ("{\"state\": \"open\"}")`},
		"too late":                                    {"call: {url: '${target.origin}/orders/42'}\n    expect: {response: {within: 1ns}}", Failed, "want the response within 1ns, it took"},
		"no response":                                 {"call: {url: '${target.origin}/gone'}", Failed, "want 2xx, got no response"},
		"no response where one is expected":           {"call: {url: '${target.origin}/gone'}\n    expect: {response: {status: 2xx}}", Failed, "want a response, got none"},
		"a time limit":                                {"timeout: 20ms\n    call: {url: '${target.origin}/hangs'}", Inconclusive, "the time limit of the step, 20ms, was reached"},
		"a saved value":                               {"call: {url: '${target.origin}/orders', json: {}}\n    save: {order: .body.id, at: '.headers.location[0]'}\n  - id: next\n    call: {url: '${target.origin}${steps.a.at}'}\n    expect: {response: {jq: '.body.state == \"open\" and ${steps.a.order} == 42'}}", Passed, "order saved"},
		"a value that is not there":                   {"call: {url: '${target.origin}/orders', json: {}}\n    save: {order: .body.number}\n  - id: next\n    call: {url: '${target.origin}/orders/${steps.a.order}'}", Failed, "order cannot be saved: .body.number of the response 201"},
		"what depends on it is skipped":               {"call: {url: '${target.origin}/orders', json: {}}\n    save: {order: .body.number}\n  - id: next\n    call: {url: '${target.origin}/orders/${steps.a.order}'}", Failed, "step a, which it refers to, has not saved order"},
		"responses to deliveries":                     {"subscribe: {}\n  - id: b\n    deliver: {event: 'Pass:Created'}\n    expect: {response: {status: 200, headers: {x-seen: yes}, jq: .body.ok, within: 10m}}\n    save: {ok: .body.ok}\n  - id: c\n    expect: {response: {of: b, jq: '.body.ok == ${steps.b.ok}'}}", Passed, "1 response 200, header x-seen, .body.ok, within 10m"},
		"other responses to deliveries":               {"subscribe: {}\n  - id: b\n    deliver: {event: 'Pass:Created'}\n    expect: {response: {status: 4xx, headers: {x-seen: no}, jq: .body.bad, within: 1ns}}", Failed, `delivery of step b (Pass:Created): want status 4xx, got 200 ("{\"ok\": true}")`},
		"nothing delivered":                           {"subscribe: {events: ['Pass:Updated']}\n  - id: b\n    deliver: {event: 'Pass:Created'}\n    expect: {response: {status: 2xx}}", Inconclusive, "there is no response to check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shopScenario(t, "steps:\n  - id: a\n    "+c.steps+"\n")
			report, err := play(t, s, Options{Target: url + "/hooks"})
			if err != nil {
				t.Fatal(err)
			}
			if got := unfolded(t, report); report.Status != c.want || !strings.Contains(got, c.says) {
				t.Errorf("want %s and %q, got\n%s", c.want, c.says, got)
			}
		})
	}
}

// TestCallEvidence checks that a report shows the request and the response of a call that did not
// pass, without secrets.
func TestCallEvidence(t *testing.T) {
	t.Parallel()
	_, url := newShop(t)
	s := shopScenario(t, "params: {api_key: none}\nsteps:\n  - id: a\n    call: {url: '${target.origin}/broken', headers: {X-Plain: 'k ${params.api_key}'}, body: hello}\n")
	report, err := play(t, s, Options{Target: url, Params: map[string]string{"api_key": "sesame-open"}})
	if err != nil || len(report.Steps[0].Exchanges) != 1 {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
	e := report.Steps[0].Exchanges[0]
	if !strings.HasPrefix(e.RequestText, "POST /broken HTTP/1.1\n") || !strings.Contains(e.RequestText, "\nhello") || !strings.Contains(e.ResponseText, "pq: no such relation") {
		t.Errorf("%+v", e)
	}
	if strings.Contains(e.RequestText, "sesame") || !strings.Contains(report.Repeat, `--param 'api_key="$API_KEY"'`) && !strings.Contains(report.Repeat, `--param api_key="$API_KEY"`) || strings.Contains(report.Repeat, "sesame") {
		t.Errorf("%s\n%s", e.RequestText, report.Repeat)
	}
}

// TestCallReachesTheTargetOnly checks that calls and effects go to the host of the target, to bins,
// and to what the run allows.
func TestCallReachesTheTargetOnly(t *testing.T) {
	t.Parallel()
	_, url := newShop(t)
	steps := func(url string) string { return "steps:\n  - id: a\n    call: {url: '" + url + "'}\n" }
	later := "steps:\n  - id: a\n    call: {url: '" + url + "/orders', json: {}}\n    save: {at: '\"192.0.2.7\"'}\n  - id: b\n    call: {url: 'http://${steps.a.at}/'}\n"
	for name, c := range map[string]struct {
		text    string
		options Options
		want    error
		says    string
	}{
		"the target":                             {steps("${target.origin}/orders/42"), Options{Target: url}, nil, ""},
		"loopback, when the target is there":     {steps(url + "/orders/42"), Options{Target: url}, nil, ""},
		"loopback, when the target is a bin":     {steps(url + "/orders/42"), Options{}, nil, ""},
		"a bin":                                  {steps("${bins.inbox.url}"), Options{Target: "http://192.0.2.1/"}, nil, ""},
		"another host":                           {steps("http://192.0.2.7/"), Options{Target: url}, ErrNotAllowed, "step a sends to 192.0.2.7, which is not the host of the target: read the scenario, then allow it with --allow-target 192.0.2.7"},
		"loopback, when the target is elsewhere": {steps(url + "/orders/42"), Options{Target: "http://192.0.2.1/"}, ErrNotAllowed, "--allow-target 127.0.0.1"},
		"loopback that is allowed":               {steps(url + "/orders/42"), Options{Target: "http://192.0.2.1/", AllowTargets: []string{"127.0.0.0/8"}}, nil, ""},
		"a metadata service that is allowed":     {steps("http://169.254.169.254/"), Options{AllowTargets: []string{"0.0.0.0/8"}}, ErrNotAllowed, "never dialled"},
		"a host of a parameter":                  {"params: {host: 127.0.0.1}\n" + steps("http://${params.host}/"), Options{Params: map[string]string{"host": "192.0.2.7"}}, ErrNotAllowed, "--allow-target 192.0.2.7"},
		"a host of a row":                        {"params: {host: 127.0.0.1}\nsteps:\n  - id: a\n    each: {host: [127.0.0.1, 192.0.2.7]}\n    call: {url: 'http://${each.host}/'}\n", Options{}, ErrNotAllowed, "--allow-target 192.0.2.7"},
		"an endpoint elsewhere":                  {"steps:\n  - id: a\n    subscribe: {to: 'http://192.0.2.7/'}\n", Options{}, ErrNotAllowed, "--allow-target 192.0.2.7"},
		"a target of the file":                   {"steps:\n  - id: a\n    advance: 1s\n", Options{}, nil, ""},
		"a host that only a step knows":          {later, Options{Target: url}, ErrNotAllowed, "step b: 192.0.2.7 is not the host of the target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := play(t, shopScenario(t, c.text), c.options)
			if !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("want %v, %q, got %v\n%s", c.want, c.says, err, text(t, report))
			}
			if c.want == nil && report.Status != Passed {
				t.Errorf("%s", text(t, report))
			}
		})
	}
	s, err := Parse("test.yaml", []byte("hookrig: 1\nname: test\ntarget: {url: 'http://192.0.2.1/'}\nsteps: [{id: a, advance: 1s}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Permit(Options{}); !errors.Is(err, ErrNotAllowed) || !strings.Contains(err.Error(), "the target sends to 192.0.2.1") {
		t.Error(err)
	}
	if err := s.Permit(Options{Target: url}); err != nil {
		t.Error(err)
	}
}
