package exam

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
	"github.com/hookrig/hookrig/scenarios"
)

// few are checks of different kinds, for tests that are not about the checks.
func few() []string {
	return []string{"signature-wrong-secret", "body-json-styles", "duplicate-sequential", "order-reversed", "schema-unknown-event"}
}

// TestDiagnosis checks what the exam says when it cannot grade a consumer.
func TestDiagnosis(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	answer := func(status int, lines ...string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(lines); i += 2 {
				w.Header().Set(lines[i], lines[i+1])
			}
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	says := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	end := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	t.Cleanup(func() { close(end); hanging.Close() })
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	const secret = "the secret is probably wrong"
	for name, c := range map[string]struct{ url, want, too string }{
		"absent":      {closed.URL, "nothing listens at " + closed.URL, ""},
		"no host":     {"http://consumer.invalid/hooks", "the host of http://consumer.invalid/hooks has no address: correct the URL", ""},
		"self-signed": {secure.URL, "the certificate of " + secure.URL + " is not accepted", "--cacert FILE, or --skip-verify"},
		"other name":  {strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), "is not accepted", "not localhost"},
		"no TLS":      {strings.Replace(answer(200), "http:", "https:", 1), "answers without TLS: write http:// in the URL", ""},
		"TLS":         {strings.Replace(secure.URL, "https:", "http:", 1), "got no response", "if TLS is spoken there, write https://"},
		"TLS, Go":     {says(400, "Client sent an HTTP request to an HTTPS server.\n"), "TLS is spoken there: write https:// in the URL", ""},
		"TLS, nginx":  {says(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"), "TLS is spoken there: write https:// in the URL", ""},
		"TLS, Apache": {says(400, "You're speaking plain HTTP to an SSL-enabled server port."), "TLS is spoken there: write https:// in the URL", ""},
		"path":        {answer(404), "answers 404 to good deliveries: the path is probably wrong", secret},
		"method":      {answer(405), "it does not take POST", ""},
		"conflict":    {answer(409), "answers 409 to good deliveries: it has this event already", "leave --seed out"},
		"too large":   {answer(413), "answers 413 to good deliveries: its limit for bodies is too small", ""},
		"media type":  {answer(415), `it does not take the Content-Type "application/json`, ""},
		"content":     {answer(422), "answers 422 to good deliveries: it does not take the content of customer.created", secret},
		"redirect":    {answer(301, "Location", "/hooks/"), `answers 301 with Location "/hooks/": providers do not follow redirects`, ""},
		"bad request": {answer(400), "refuses every good delivery with 400: " + secret, ""},
		"refused":     {answer(401), "refuses every good delivery with 401: " + secret, ""},
		"limited":     {answer(429), "limits the rate", ""},
		"broken":      {answer(500), "answers 500 to good deliveries: its log says why", secret},
		"proxy":       {answer(502), "a proxy in front of it probably does not reach it", ""},
		"hanging":     {hanging.URL, "got no response", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := Consumer{URL: c.url, Provider: "stripe", Secret: testSecret, Timeout: time.Second}
			report, err := Run(t.Context(), nil, consumer)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(report.Problem, c.want) || !strings.Contains(report.Problem, c.too) || strings.Contains(report.Problem, "\n") {
				t.Errorf("want %q and %q, got %q", c.want, c.too, report.Problem)
			}
			for _, r := range report.Checks {
				if r.Result != Inconclusive && r.Result != NotApplicable {
					t.Errorf("%s is %s", r.ID, r.Result)
				}
			}
			if n := report.Score.Graded(); n > 0 {
				t.Errorf("%d checks have a grade", n)
			}
			if out := text(t, report); !strings.Contains(out, "nothing could be graded: ") || strings.Count(out, "\n") > 15+len(report.Checks) {
				t.Error(out)
			}
		})
	}
}

// TestRefusesEverything checks that a consumer which refuses everything gets no marks.
func TestRefusesEverything(t *testing.T) {
	t.Parallel()
	report, err := Run(t.Context(), nil, startProgram(t, "neostore", "refuses everything").consumer())
	if err != nil {
		t.Fatal(err)
	}
	if report.Score.Graded() > 0 || !strings.Contains(report.Problem, "(tried also with encoding=HEX, encoding=base64)") {
		t.Errorf("%s", text(t, report))
	}
}

// TestFindsTheOption checks that an option of an assumption is tried before the consumer is blamed,
// whatever the consumer answers to a wrong signature.
func TestFindsTheOption(t *testing.T) {
	t.Parallel()
	catalogue, err := fixtures.Builtin().With(fixtures.OptionSetting{Provider: "neostore", Name: "encoding", Value: "base64"})
	if err != nil {
		t.Fatal(err)
	}
	for mistake, failures := range map[string]int{"": 0, "fails at forgeries": 1, "hides from forgeries": 0} {
		c := startProgram(t, "neostore", mistake)
		if c.provider, err = catalogue.Provider("neostore"); err != nil {
			t.Fatal(err)
		}
		consumer := c.consumer()
		consumer.Only = few()
		report, err := Run(t.Context(), nil, consumer)
		if err != nil {
			t.Fatal(err)
		}
		if report.Option != "encoding=base64" || report.Problem != "" || report.Score.Must.Passed < 3 || len(counted(report, Fail)) != failures {
			t.Errorf("%s: %s", mistake, text(t, report))
		}
		if out := text(t, report); !strings.Contains(out, "accepts with --option neostore.encoding=base64") {
			t.Error(out)
		}
	}
}

// TestFindsTheEvent checks that the exam delivers an event that the consumer accepts.
func TestFindsTheEvent(t *testing.T) {
	t.Parallel()
	c := startProgram(t, "stripe", "takes checkouts only")
	consumer := c.consumer()
	consumer.Only = few()
	report, err := Run(t.Context(), nil, consumer)
	if err != nil {
		t.Fatal(err)
	}
	if report.Event != "checkout.session.completed" && report.Event != "checkout.session.expired" || report.Problem != "" {
		t.Errorf("%s", text(t, report))
	}
	consumer.Event, consumer.Seed = "customer.created", 8
	if report, err = Run(t.Context(), nil, consumer); err != nil || report.Problem == "" {
		t.Errorf("an event that the user chose is not replaced: %v\n%s", err, text(t, report))
	}
}

// TestConsumerValues checks what is said of wrong values.
func TestConsumerValues(t *testing.T) {
	for want, c := range map[string]Consumer{
		`url "nowhere"`:                          {URL: "nowhere", Provider: "stripe"},
		`"stripe"`:                               {URL: "http://127.0.0.1:1", Provider: "strip"},
		`"customer.created"`:                     {URL: "http://127.0.0.1:1", Provider: "stripe", Event: "customer.create"},
		`did you mean "signature-wrong-secret"?`: {URL: "http://127.0.0.1:1", Provider: "stripe", Only: []string{"signature-wrong-secrt"}},
		`did you mean "order-reversed"?`:         {URL: "http://127.0.0.1:1", Provider: "stripe", Skip: map[string]string{"order-revers": "x"}},
		`want a reason`:                          {URL: "http://127.0.0.1:1", Provider: "stripe", Known: map[string]string{"order-reversed": ""}},
		`gate "ebay"`:                            {URL: "http://127.0.0.1:1", Provider: "stripe", Gate: "ebay"},
	} {
		if _, err := Run(t.Context(), nil, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestSelections checks the selection of checks, skipped checks, known failures and the baseline.
func TestSelections(t *testing.T) {
	t.Parallel()
	c := startProgram(t, "neostore", "acts twice").consumer()
	c.Only = []string{"duplicate-concurrent-copies", "duplicate-sequential", "signature-wrong-secret"}
	c.Skip = map[string]string{"duplicate-concurrent-copies": "we queue"}
	c.Known = map[string]string{"duplicate-sequential": "ticket 7", "signature-wrong-secret": "ticket 8"}
	report, err := Run(t.Context(), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	all := byID(report)
	if r := all["duplicate-concurrent-copies"]; r.Result != Skipped || r.Why != "we queue" || report.Score.Must.Skipped != 1 {
		t.Errorf("%+v", r)
	}
	if r := all["duplicate-sequential"]; r.Result != Fail || r.Known != "ticket 7" {
		t.Errorf("%+v", r)
	}
	if r := all["signature-wrong-secret"]; r.Result != Fail || !strings.Contains(r.Why, "remove it from the known failures") {
		t.Errorf("%+v", r)
	}
	if list := report.Failures(scenarios.Info); len(list) != 1 || list[0].ID != "signature-wrong-secret" {
		t.Errorf("%+v", list)
	}

	before := Report{Checks: []Result{{ID: "signature-wrong-secret", Result: Fail}, {ID: "duplicate-sequential", Result: Pass}}}
	report.Checks = []Result{{ID: "signature-wrong-secret", Result: Pass, Level: scenarios.Must}, {ID: "duplicate-sequential", Result: Fail, Level: scenarios.Must}}
	report.ApplyBaseline(before)
	if len(report.Failures(scenarios.Must)) != 1 || !strings.Contains(strings.Join(report.Notes, ""), "pass now: signature-wrong-secret") {
		t.Errorf("%+v", report.Notes)
	}
	report.ApplyBaseline(Report{Checks: []Result{{ID: "duplicate-sequential", Result: Fail}}})
	if len(report.Failures(scenarios.Must)) != 0 {
		t.Errorf("%+v", report.Checks)
	}
}

// TestSingleCheck checks that a check can be made alone, with its good deliveries.
func TestSingleCheck(t *testing.T) {
	t.Parallel()
	c := startProgram(t, "github", "acts before it refuses").consumer()
	e, err := Start(t.Context(), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r, err := e.Check(t.Context(), "signature-wrong-secret")
	if err != nil || r.Result != Fail || !strings.Contains(r.Why, "the consumer acted on it") || !strings.HasSuffix(r.Command, "--only signature-wrong-secret") {
		t.Errorf("%v %+v", err, r)
	}
	if strings.Contains(r.Command+r.Why+r.Curl, testSecret) {
		t.Error("the secret is in the result")
	}
	if _, err := e.Check(t.Context(), "none"); err == nil {
		t.Error("want an error for an unknown check")
	}
}

// TestWithoutEffect checks that a check which needs an effect is inconclusive without one, and
// fails when the answers are wrong already.
func TestWithoutEffect(t *testing.T) {
	t.Parallel()
	for mistake, want := range map[string]Verdict{"": Inconclusive, "acts twice": Inconclusive, "refuses duplicates": Fail} {
		c := startProgram(t, "stripe", mistake).consumer()
		c.Effect, c.Only = nil, []string{"duplicate-sequential"}
		report, err := Run(t.Context(), nil, c)
		if err != nil || report.Checks[0].Result != want || (report.Checks[0].Missing == scenarios.NeedsEffect) != (want == Inconclusive) {
			t.Errorf("%s: want %s: %v\n%s", mistake, want, err, text(t, report))
		}
	}
}

// TestEffectProblems checks effects that cannot be used: no check passes because of them.
func TestEffectProblems(t *testing.T) {
	t.Parallel()
	program := startProgram(t, "neostore", "")
	for effect, want := range map[string]string{
		"http " + program.url + "/count .body":           "want a number or a list",
		"http " + program.url + "/entities/x 7":          "the effect did not change",
		"exec false-that-does-not-exist":                 "the effect cannot be read",
		"http http://127.0.0.1:1/count .body.count":      "the effect cannot be read",
		"http " + program.url + "/count .body.count | x": "the effect cannot be read",
	} {
		c := program.consumer()
		c.Only, c.Seed = []string{"body-json-styles", "duplicate-sequential", "signature-wrong-secret"}, 0
		var err error
		if c.Effect, err = ParseEffect(effect); err != nil {
			t.Fatal(err)
		}
		c.Within = 50 * time.Millisecond
		report, err := Run(t.Context(), nil, c)
		if err != nil || len(report.Unjudged(scenarios.Must)) != 3 || !strings.Contains(report.Checks[0].Why, want) || report.EffectProblem != report.Checks[0].Why {
			t.Errorf("%s: want %q: %v\n%s", effect, want, err, text(t, report))
		}
	}
}

// TestConsumerDies checks that a consumer which stops during a check fails it, and that nothing is
// graded after it.
func TestConsumerDies(t *testing.T) {
	t.Parallel()
	program := startProgram(t, "neostore", "")
	var dead atomic.Bool
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("x-neostore-signature") == "" || dead.Load() {
			dead.Store(true)
			_ = server.Listener.Close() // first, so that no delivery after this one connects
			server.CloseClientConnections()
			return
		}
		program.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := Consumer{URL: server.URL + "/hooks", Provider: "neostore", Secret: testSecret}
	e, err := Start(t.Context(), nil, c)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	other := slices.IndexFunc(e.checks, func(c Check) bool { return c.ID == "signature-wrong-secret" })
	e.checks = []Check{dying(t), e.checks[other]}
	for _, check := range e.Checks() {
		if _, err := e.Check(t.Context(), check.ID); err != nil {
			t.Fatal(err)
		}
	}
	report := e.Report()
	if report.Checks[0].Result != Fail || !strings.Contains(report.Checks[0].Why, "does not listen any more") || report.Checks[1].Result != Inconclusive {
		t.Errorf("%s", text(t, report))
	}
}

// TestUnsent checks that a request which could not be sent is inconclusive while the consumer
// listens.
func TestUnsent(t *testing.T) {
	t.Parallel()
	e, err := Start(t.Context(), nil, startProgram(t, "neostore", "").consumer())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	check := dying(t)
	elsewhere, err := scenarios.Parse("unsent.yaml", []byte("hookrig: 1\nname: unsent\nprovider: neostore\ntarget: {bin: consumer}\nbins: {consumer: {provider: neostore}}\n"+
		"steps:\n  - id: subscribe\n    subscribe: {to: 'http://127.0.0.1:1'}\n  - id: deliver\n    deliver: {event: 'Pass:Created'}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	check.ID, check.scenario = "unsent", elsewhere
	e.checks = []Check{check}
	r, err := e.Check(t.Context(), "unsent")
	if err != nil || r.Result != Inconclusive || !strings.HasPrefix(r.Why, "a request could not be sent: at http://127.0.0.1:1") {
		t.Errorf("%v %s %q", err, r.Result, r.Why)
	}
}

// dying is a check whose delivery ends the consumer of TestConsumerDies.
func dying(t *testing.T) Check {
	t.Helper()
	s, err := scenarios.Parse("dies.yaml", []byte(`hookrig: 1
name: dies
params: {provider: neostore, event: "Pass:Created"}
provider: "${params.provider}"
target: {bin: consumer}
bins: {consumer: {provider: neostore}}
steps:
  - id: subscribe
    subscribe: {}
  - id: forged
    deliver: {event: "${params.event}", faults: ["signature:missing"]}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return Check{ID: "dies", Conformance: scenarios.Conformance{Level: scenarios.Must, Theme: "signature"}, scenario: s}
}

// TestSlowEffect checks a consumer that acts after it has answered: what it does is counted, also
// when nothing should come.
func TestSlowEffect(t *testing.T) {
	if testing.Short() {
		t.Skip("eight seconds of waiting")
	}
	t.Parallel()
	for mistake, fails := range map[string]string{"": "", "acts twice": "duplicate-sequential", "acts before it refuses": "signature-wrong-secret"} {
		program := startProgram(t, "neostore", mistake)
		program.late = 100 * time.Millisecond
		c := program.consumer()
		c.Only = []string{"duplicate-sequential", "body-json-styles", "signature-wrong-secret"}
		report, err := Run(t.Context(), nil, c)
		if failed := strings.Join(counted(report, Fail), " "); err != nil || failed != fails || len(counted(report, Inconclusive)) > 0 {
			t.Errorf("%q: %v\n%s", mistake, err, text(t, report))
		}
	}
}

// TestAssumption checks that a failed rule which no document of the provider states is a warning.
func TestAssumption(t *testing.T) {
	t.Parallel()
	c := startProgram(t, "subscribfy", "acts twice").consumer()
	c.Only = []string{"duplicate-sequential"}
	report, err := Run(t.Context(), nil, c)
	if err != nil || report.Checks[0].Result != Warn || !strings.Contains(report.Checks[0].Why, "(S-14)") || len(report.Failures(scenarios.Info)) > 0 {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestRateLimit checks that a consumer which limits the rate passes nothing by that.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	program := startProgram(t, "neostore", "limits forgeries")
	c := program.consumer()
	c.Only = []string{"signature-wrong-secret"}
	report, err := Run(t.Context(), nil, c)
	if err != nil || report.Checks[0].Result != Inconclusive || !strings.Contains(report.Checks[0].Why, "429") {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestUnanswered checks that a request without a response in time is inconclusive, and a connection
// that the consumer closes is a failure.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	for mistake, want := range map[string]Verdict{"is silent about forgeries": Inconclusive, "hangs up on forgeries": Fail} {
		c := startProgram(t, "neostore", mistake).consumer()
		c.Only, c.Timeout = []string{"signature-wrong-secret"}, 200*time.Millisecond
		report, err := Run(t.Context(), nil, c)
		if err != nil || report.Checks[0].Result != want {
			t.Errorf("%s: want %s: %v\n%s", mistake, want, err, text(t, report))
		}
	}
}

// TestOverHTTP checks an exam whose events are sent by a server that runs elsewhere, and an effect
// that counts what the consumer sends to a bin of it.
func TestOverHTTP(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler, RealClock: true})
	client, err := mockserver.Dial(server.DashboardURL(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for mistake, want := range map[string]Verdict{"": Pass, "acts twice": Fail} {
		program := startProgram(t, "stripe", mistake)
		program.sink = server.Bin("mails").URL()
		c := program.consumer()
		c.Only = append(few(), "load-burst")
		if c.Effect, err = ParseEffect("sink mails"); err != nil {
			t.Fatal(err)
		}
		report, err := Run(t.Context(), client, c)
		if results := byID(report); err != nil || results["duplicate-sequential"].Result != want || results["signature-wrong-secret"].Result != Pass ||
			results["load-burst"].Result != Pass {
			t.Errorf("%q: %v\n%s", mistake, err, text(t, report))
		}
	}
}

// TestRestart checks that a check can restart the consumer, and what comes of one that does not
// start again.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		restart func(*program) error
		want    Verdict
	}{
		"durable":   {func(*program) error { return nil }, Pass},
		"forgetful": {func(p *program) error { p.mu.Lock(); defer p.mu.Unlock(); clear(p.seen); return nil }, Fail},
		"broken":    {func(*program) error { return errors.New("no such service") }, Inconclusive},
		"none":      {nil, Inconclusive},
	} {
		program := startProgram(t, "stripe", "")
		consumer := program.consumer()
		consumer.Restart = nil
		if c.restart != nil {
			consumer.Restart = func(context.Context) error { return c.restart(program) }
		}
		e, err := Start(t.Context(), nil, consumer)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		e.checks = []Check{restarting(t)}
		r, err := e.Check(t.Context(), "restarts")
		if err != nil || r.Result != c.want {
			t.Errorf("%s: want %s, got %v %s: %s", name, c.want, err, r.Result, r.Why)
		}
	}
}

// restarting is a check that sends an event before and after a restart.
func restarting(t *testing.T) Check {
	t.Helper()
	s, err := scenarios.Parse("restarts.yaml", []byte(`hookrig: 1
name: restarts
params: {provider: neostore, event: "Pass:Created"}
provider: "${params.provider}"
target: {bin: consumer}
bins: {consumer: {provider: neostore}}
steps:
  - id: subscribe
    subscribe: {}
  - id: once
    deliver: {event: "${params.event}"}
  - id: between
    restart: true
  - id: again
    replay: {of: once}
  - id: accepted
    when: target
    expect: {response: {of: again, status: 2xx}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return Check{ID: "restarts", Conformance: scenarios.Conformance{Level: scenarios.Must, Theme: "recovery", Needs: []scenarios.Need{"effect", "restart"}, Effect: scenarios.OneEffect}, scenario: s}
}

// TestSecretsStayOut checks that a report has no secret, also of a provider that sends it as it is.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"ethpass", "github"} {
		c := startProgram(t, provider, "accepts everything").consumer()
		c.OldSecret, c.Only = testSecret+"old", few()
		report, err := Run(t.Context(), nil, c)
		if err != nil {
			t.Fatal(err)
		}
		for name, write := range map[string]func(io.Writer, Report) error{"json": WriteJSON, "html": WriteHTML, "junit": WriteJUnit, "sarif": WriteSARIF} {
			var b strings.Builder
			if err := write(&b, report); err != nil || len(counted(report, Fail)) == 0 {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), testSecret) {
				t.Errorf("%s: the %s report has the secret", provider, name)
			}
		}
	}
}

// TestRepeats checks that the same seed sends the same bytes.
func TestRepeats(t *testing.T) {
	t.Parallel()
	bodies := func() string {
		c := startProgram(t, "stripe", "accepts everything")
		consumer := c.consumer()
		consumer.Effect, consumer.State, consumer.Only = nil, nil, few()
		if _, err := Run(t.Context(), nil, consumer); err != nil {
			t.Fatal(err)
		}
		return c.log.String()
	}
	if first, second := bodies(), bodies(); first != second || len(first) < 1000 {
		t.Errorf("%d bytes, and then %d", len(first), len(second))
	}
}

// TestInterrupt checks that an interrupt ends the exam with an error.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := startProgram(t, "stripe", "").consumer()
	c.Progress = func(Result) { cancel() }
	report, err := Run(ctx, nil, c)
	if err == nil || len(report.Checks) != 1 {
		t.Errorf("%v, %d checks", err, len(report.Checks))
	}
}
