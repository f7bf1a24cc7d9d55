package conformance_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// candidate is a consumer whose whole exam the tests make.
type candidate struct {
	provider string
	mistake  string
	delay    time.Duration // of its work; 0 is 300 ms
	forgets  bool          // what it did, when it is restarted

	// Of a consumer that others wrote: it has one secret.
	secret    string
	catalogue *fixtures.Catalogue
	only      []string          // checks; nil is all
	progress  func(exam.Result) // see exam.Consumer

	url     string
	restart func(context.Context) error
	report  exam.Report
	err     error
	again   []string // checks that were made again
}

// start starts the consumer in Go.
func (c *candidate) start(t *testing.T) {
	t.Helper()
	o := consumers.Options{
		Provider: c.provider, Secrets: []string{secret, "old"}, Mistake: c.mistake, Delay: cmp.Or(c.delay, 300*time.Millisecond),
	}
	consumer, err := consumers.New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	c.url = "http://" + address
	stop := serve(consumer, listener)
	t.Cleanup(func() { stop() })
	// What a consumer has in its database is there after a restart.
	c.restart = func(context.Context) error {
		stop()
		if c.forgets {
			if consumer, err = consumers.New(o); err != nil {
				return err
			}
		}
		listener, err := net.Listen("tcp", address)
		if err == nil {
			stop = serve(consumer, listener)
		}
		return err
	}
}

// serve lets a consumer answer on a listener until the returned function is called.
func serve(c *consumers.Consumer, listener net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Serve(ctx, listener)
	}()
	return func() {
		cancel()
		<-done
	}
}

// check makes the exam of the consumer, or some checks of it. Good deliveries have the seeds that
// follow. The seed is fixed, so that what
// passed passes again: which character of a body a fault changes decides whether the rest of the
// consumer refuses the body too.
func (c *candidate) check(ctx context.Context, seed uint64, only ...string) (exam.Report, error) {
	old := "old"
	if c.secret != "" {
		old = ""
	}
	return exam.Run(ctx, nil, exam.Consumer{
		Seed: seed, URL: c.url + "/hooks", Provider: c.provider, Secret: cmp.Or(c.secret, secret), OldSecret: old, Restart: c.restart, Only: only,
		Catalogue: c.catalogue, Progress: c.progress,
		EffectFunc: func(ctx context.Context) (int, error) {
			var body struct{ Count int }
			err := get(ctx, c.url+"/effects", &body)
			return body.Count, err
		},
		StateFunc: func(ctx context.Context, entity string) (any, error) {
			var body struct{ State any }
			err := get(ctx, c.url+"/states/"+url.PathEscape(entity), &body)
			return body.State, err
		},
	})
}

// examine makes the whole exam. Checks that got no answer in time, because the machine is busy, are
// made again.
func (c *candidate) examine(ctx context.Context) {
	if c.report, c.err = c.check(ctx, 1, c.only...); c.report.Problem != "" {
		return
	}
	for n := range uint64(3) {
		again := c.with(exam.Inconclusive)
		again = slices.DeleteFunc(again, func(id string) bool { return strings.Contains(c.why(id), "is null: does --state select it?") })
		if c.restart == nil {
			again = slices.DeleteFunc(again, func(id string) bool { return id == "recovery-restart" })
		}
		if c.err != nil || len(again) == 0 {
			return
		}
		c.again = append(c.again, again...)
		var more exam.Report
		if more, c.err = c.check(ctx, (n+2)<<40, again...); c.err != nil {
			return
		}
		for _, r := range more.Checks {
			at := slices.IndexFunc(c.report.Checks, func(old exam.Result) bool { return old.ID == r.ID })
			c.report.Checks[at] = r
		}
	}
}

// why returns why a check has its result.
func (c *candidate) why(id string) string {
	return c.report.Checks[slices.IndexFunc(c.report.Checks, func(r exam.Result) bool { return r.ID == id })].Why
}

// with returns the ids of the checks with one of the results, sorted.
func (c *candidate) with(results ...exam.Verdict) []string {
	var ids []string
	for _, r := range c.report.Checks {
		if slices.Contains(results, r.Result) {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// text is the report of the exam.
func (c *candidate) text() string {
	var text strings.Builder
	_ = exam.WriteText(&text, c.report, exam.TextOptions{})
	return text.String()
}

// slowly are the mistakes with which a consumer works slowly, so that its exam takes a minute.
var slowly = []string{"works-one-at-a-time", "slow", "checks-then-inserts", "marks-before-work", "works-before-mark", "drops-when-busy"}

// examineAll makes the exams, several at a time, as most of an exam is waiting. Those that take
// long begin first.
func examineAll(t *testing.T, list []*candidate) {
	t.Helper()
	var all sync.WaitGroup
	free := make(chan struct{}, 24)
	for _, first := range []bool{true, false} {
		for _, c := range list {
			if slices.Contains(slowly, c.mistake) != first {
				continue
			}
			free <- struct{}{}
			all.Go(func() {
				defer func() { <-free }()
				c.examine(t.Context())
			})
		}
	}
	all.Wait()
}

// TestFullMarks checks that right consumers in four languages pass all checks of level must.
func TestFullMarks(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: twenty exams take half a minute")
	}
	t.Parallel()
	var list []*candidate
	names := map[*candidate]string{}
	for _, provider := range consumers.Providers() {
		c := &candidate{provider: provider}
		c.start(t)
		list = append(list, c)
		names[c] = "go " + provider
		for _, p := range consumers.Programs() {
			if !has(t, p.Runtime) {
				continue
			}
			c := &candidate{provider: provider, url: p.StartT(t, consumers.Options{Provider: provider, Secrets: []string{secret, "old"}})}
			list = append(list, c)
			names[c] = p.Language + " " + provider
		}
	}
	examineAll(t, list)
	for _, c := range list {
		t.Run(names[c], func(t *testing.T) {
			var lost []string
			for _, r := range c.report.Checks {
				// Some have no database, and a busy machine makes connections late.
				excused := r.Result == exam.Inconclusive && (r.ID == "recovery-restart" && c.restart == nil || r.Theme == "load")
				if r.Level == scenarios.Must && r.Result != exam.Pass && r.Result != exam.NotApplicable && !excused {
					lost = append(lost, fmt.Sprintf("%s is %s: %s", r.ID, r.Result, r.Why))
				}
			}
			if passed := len(c.with(exam.Pass)); c.err != nil || c.report.Problem != "" || len(lost) > 0 || passed < 50 {
				t.Errorf("%v %s: %d checks passed\n%s", c.err, c.report.Problem, passed, strings.Join(lost, "\n"))
			}
			t.Logf("%.1f s; passed %d, failed %v", c.report.TookMS/1000, len(c.with(exam.Pass)), c.with(exam.Fail, exam.Warn))
		})
	}
}

// has reports whether the machine has a program. It fails the test when HOOKRIG_REQUIRE lists it.
func has(t *testing.T, program string) bool {
	t.Helper()
	_, err := exec.LookPath(program)
	if err != nil && slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), program) {
		t.Fatalf("%s is required: %v", program, err)
	}
	if err != nil {
		t.Logf("%s is missing: %v", program, err)
	}
	return err == nil
}

// mistaken is a consumer that makes one mistake, and what its exam finds.
type mistaken struct {
	candidate
	follow  string // checks that are not about the mistake, and fail by necessity
	because string // why they do
	may     string // others that fail if this consumer is slower or faster than the exam
	problem string // part of why nothing can be graded; then no check has a grade
	unfound string // why the exam finds nothing
}

// mistakes returns a row for each mistake of package consumers, in its order.
func mistakes() []*mistaken {
	row := func(mistake, provider string) *mistaken {
		return &mistaken{candidate: candidate{provider: provider, mistake: mistake}}
	}
	return []*mistaken{
		row("no-verification", "neostore"),
		row("accepts-missing-signature", "ethpass").
			and("signature-status", "a request without the secret is one of those that it sends"),
		row("accepts-empty-signature", "stripe").and("signature-garbage", "it sends a label with nothing behind it too"),
		row("compares-prefix", "subscribfy"),
		row("ignores-label", "stripe"),
		row("checks-form-only", "neostore").
			and("signature-status", "they sign with another secret, which has the right form").
			and("signature-garbage", ", and zeros have that form too"),
		row("trusts-known-signatures", "neostore"),
		row("processes-refused", "stripe").
			and("signature-before-parsing signature-repeated-label signature-reused signature-status signature-unknown-label time-future time-milliseconds time-missing time-not-a-number time-stale time-tampered",
				"it refuses those requests too, and acts on them"),
		row("200-on-bad-signature", "neostore"),
		row("404-on-bad-signature", "stripe"),
		row("500-on-bad-signature", "ethpass").
			and("signature-header-repeated signature-two-headers", "it refuses two signature headers, and answers 500 to what it refuses"),
		row("500-on-malformed-signature", "neostore").
			and("signature-missing signature-status", "a missing signature does not look like one either"),
		row("500-on-repeated-signature", "ethpass").and("signature-two-headers", "they have two headers too"),
		row("parses-before-verifying", "neostore"),

		row("verifies-parsed-body", "neostore").
			and("body-trailing-newline", "the JSON that it has written anew has no line end"),
		row("verifies-trimmed-body", "subscribfy"),
		row("reads-latin-1", "neostore").and("body-split-letter", "it has a letter beyond ASCII"),
		row("decodes-chunks-as-text", "neostore"),

		row("ignores-timestamp", "stripe").
			and("time-milliseconds", "a time in milliseconds is far ahead, and it does not compare times"),
		row("accepts-future", "stripe").and("time-milliseconds", "a time in milliseconds is far ahead"),
		row("tolerates-no-skew", "stripe").
			and("duplicate-recorded duplicate-signed-anew", "the first delivery of both was signed a minute ago, so that another signature can follow"),
		row("guesses-milliseconds", "stripe"),
		row("accepts-timestamp-nan", "stripe"),
		row("500-on-bad-timestamp", "stripe").and("time-missing", "a missing time is no number either"),
		row("500-on-missing-timestamp", "stripe"),
		row("searches-timestamp", "stripe"),
		row("uses-first-signature", "stripe"),
		row("needs-all-signatures", "stripe"),
		row("refuses-other-labels", "stripe"),
		row("forgets-old-secret", "neostore"),

		row("case-sensitive-headers", "neostore").
			and("transport-pipelined", "it looks for the header line in what it read last, where that of the second request is no more"),
		row("reads-first-header", "stripe"),
		row("content-type-exact", "subscribfy"),
		row("500-on-other-content-type", "subscribfy"),

		row("accepts-any-method", "ethpass"),
		row("500-on-head", "neostore"),
		{candidate: candidate{provider: "neostore", mistake: "redirects"}, problem: "answers 308 with Location"},
		row("redirects-slash", "subscribfy"),
		row("refuses-http-1.0", "neostore"),
		row("refuses-expect", "stripe"),
		row("needs-content-length", "subscribfy"),
		row("ignores-chunks", "ethpass"),
		row("answers-once", "stripe"),
		{candidate: candidate{provider: "ethpass", mistake: "stops-at-half-close", delay: 100 * time.Millisecond}},
		row("acts-on-half-body", "stripe").and("recovery-cut-body recovery-outage", "their bodies break off too"),
		row("marks-before-body", "github").and("recovery-outage", "its bodies break off too"),
		row("503-after-outage", "neostore"),
		row("500-on-gzip", "neostore"),
		row("limits-body-to-10-kb", "subscribfy").and("body-1mb", "a megabyte is more than 10 KB").
			and("signature-before-parsing", ", and so is the deep JSON of it, which gets another answer than a wrong signature"),
		row("limits-body-to-100-kb", "neostore"),
		row("limits-body-to-4-mb", "github"),
		row("no-limit", "stripe").not("whoever takes 8 MB may have a limit beyond it, and no exam sends as much as a memory has"),
		row("500-on-large-body", "subscribfy"),
		row("reads-one-at-a-time", "ethpass"),
		row("waits-for-body", "neostore").not("a right consumer may wait for longer than an exam should take"),

		row("500-on-malformed-json", "neostore"),
		row("500-on-empty-body", "stripe"),
		row("500-on-duplicate-keys", "subscribfy"),
		row("500-on-missing-member", "ethpass"),
		row("needs-optional-members", "stripe"),
		row("needs-absent-members", "stripe"),
		row("refuses-unknown-fields", "neostore").
			and("body-1mb body-20kb body-split-letter body-unicode", "what makes a body large, and has letters beyond ASCII, is a member that it does not know"),
		row("refuses-new-values", "stripe"),
		row("500-on-deep-body", "subscribfy"),
		row("500-on-unknown-event", "subscribfy"),
		row("refuses-unknown-event", "ethpass"),
		row("refuses-ping", "github"),
		row("accepts-unsigned-ping", "github"),

		row("no-deduplication", "stripe").
			and("duplicate-same-id-other-body recovery-lost-answer recovery-restart", "their event comes again too").or("duplicate-while-working"),
		row("deduplicates-by-signature", "stripe").
			and("duplicate-same-id-other-body", "another body has another signature").
			or("duplicate-concurrent-copies duplicate-first-race duplicate-recorded duplicate-sequential duplicate-two-subscriptions duplicate-while-working recovery-lost-answer recovery-restart"), // a copy that is signed in another second has another signature
		row("deduplicates-by-id-and-body", "neostore"),
		row("409-on-duplicate", "neostore").
			and("recovery-lost-answer recovery-restart", "their event comes again too"),
		row("500-on-duplicate", "neostore").
			and("duplicate-same-id-other-body order-late-retry recovery-lost-answer recovery-restart transport-pipelined", "their event comes again too").or("duplicate-while-working"),
		row("checks-then-inserts", "stripe").
			and("duplicate-two-subscriptions", "both deliveries of the event come at the same time"),
		row("marks-before-work", "subscribfy").
			and("transport-half-close", "Go's server ends the work when the sender closes its half"),
		row("works-before-mark", "stripe").
			and("duplicate-concurrent-copies duplicate-first-race duplicate-two-subscriptions duplicate-while-working", "it marks the event after it has worked, so copies at the same time have effects").
			and("duplicate-same-id-other-body", "its first delivery ends before the answer, and so before the mark").
			and("transport-half-close", "Go's server ends the work when the sender closes its half"),
		{
			candidate: candidate{provider: "neostore", mistake: "acknowledges-before-commit", delay: 20 * time.Millisecond},
			may:       anyCheck, // what it does late counts for the check after
			unfound:   "only the end of its process loses an event, and a restart in a test does not end it",
		},
		row("drops-when-busy", "neostore").
			and("load-answer-in-time recovery-outage", "they have deliveries at the same time too"),
		// Eight times the delay is longer than GitHub waits. A whole exam would take ten minutes.
		(&mistaken{candidate: candidate{provider: "github", mistake: "works-one-at-a-time", delay: 1400 * time.Millisecond, only: []string{"load"}}}).
			and("load-burst", "it has more deliveries at the same time"),
		{candidate: candidate{provider: "stripe", mistake: "slow", delay: 6 * time.Second}, problem: "got no response"},

		row("assumes-order", "subscribfy"),
		row("overwrites-newer", "neostore").
			and("order-equal-times", "of equal times the last to arrive counts too"),
		row("keeps-last-of-equal-times", "neostore"),
		row("500-on-equal-times", "neostore"),
		row("takes-retries-for-newest", "neostore"),

		row("echoes-secret", "stripe"),
		row("echoes-signature", "subscribfy"),
		row("echoes-body", "ethpass"),

		// Rows beyond one for each mistake. A whole exam of the first would take twenty minutes.
		(&mistaken{candidate: candidate{provider: "neostore", mistake: "slow", delay: 3100 * time.Millisecond, only: []string{"load"}}}).
			and("load-slow-sender load-stalled-sender", "they wait three seconds for the answer too"),
		{candidate: candidate{provider: "neostore", forgets: true}},
	}
}

// and adds checks that fail by necessity.
func (m *mistaken) and(checks, because string) *mistaken {
	m.follow += " " + checks
	m.because += because
	return m
}

// or adds checks that may fail.
func (m *mistaken) or(checks string) *mistaken {
	m.may = checks
	return m
}

// not says why the exam does not find the mistake.
func (m *mistaken) not(why string) *mistaken {
	m.unfound = why
	return m
}

// anyCheck are all checks, for a mistake that shows by chance in any of them.
const anyCheck = "*"

// TestMistakesAreFound checks that the exam of a consumer with one mistake fails the checks that
// are about the mistake, and only what follows from it.
func TestMistakesAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: ninety exams take two minutes")
	}
	t.Parallel()
	rows, began := mistakes(), time.Now()
	var list []*candidate
	for _, r := range rows {
		r.start(t)
		list = append(list, &r.candidate)
	}
	examineAll(t, list)
	graded := map[string]bool{}
	for _, r := range rows {
		for _, id := range r.own() {
			graded[id] = true
		}
		t.Run(cmp.Or(r.mistake, "forgets at a restart")+" "+r.provider, func(t *testing.T) {
			found := r.with(exam.Fail, exam.Warn)
			own := r.own()
			must := slices.Concat(own, strings.Fields(r.follow))
			missed := slices.DeleteFunc(slices.Clone(must), func(id string) bool { return slices.Contains(found, id) })
			more := slices.DeleteFunc(found, func(id string) bool {
				return r.may == anyCheck || slices.Contains(must, id) || slices.Contains(strings.Fields(r.may), id)
			})
			if r.err != nil || len(missed)+len(more) > 0 || !strings.Contains(r.report.Problem, r.problem) || (r.problem == "") != (r.report.Problem == "") {
				t.Errorf("%v: not found: %v; more: %v; problem %q\n%s", r.err, missed, more, r.report.Problem, r.text())
			}
			t.Logf("%.1f s after %.1f s; made again: %v", r.report.TookMS/1000, r.report.Started.Sub(began).Seconds(), r.again)
			if (len(own) == 0 && r.problem == "") != (r.unfound != "") || (r.follow == "") != (r.because == "") {
				t.Error("want what the exam finds or why it does not, and a reason for what follows")
			}
		})
	}
	for _, m := range consumers.Mistakes() {
		for _, id := range m.Checks {
			if !graded[id] {
				t.Errorf("%s names %s, which applies in none of the rows", m.Name, id)
			}
		}
	}
}

// own returns the checks that are about the mistake and were graded.
func (m *mistaken) own() []string {
	about := []string{"recovery-restart"} // forgets
	for _, one := range consumers.Mistakes() {
		if one.Name == m.mistake {
			about = one.Checks
		}
	}
	none := m.with(exam.NotApplicable)
	return slices.DeleteFunc(slices.Clone(about), func(id string) bool { return m.problem != "" || slices.Contains(none, id) })
}

// TestMistakesHaveRows checks that the table has a row for each mistake, in the order of package
// consumers.
func TestMistakesHaveRows(t *testing.T) {
	t.Parallel()
	rows := mistakes()
	for i, m := range consumers.Mistakes() {
		if rows[i].mistake != m.Name {
			t.Errorf("row %d is of %s, want %s", i, rows[i].mistake, m.Name)
		}
	}
}

// withoutMistake are the checks that no mistake of package consumers is about, and why.
func withoutMistake() map[string]string {
	return map[string]string{
		"recovery-restart":         "the consumer is the right one, with a restart that forgets: the last row of the table",
		"handshake-discord":        "only Discord makes it, when an endpoint is registered: TestGates of package exam has the mistake",
		"handshake-shopify":        "only Shopify makes it, when an endpoint is registered: TestGates of package exam has the mistake",
		"handshake-xero":           "only Xero makes it, when an endpoint is registered: TestGates of package exam has the mistake",
		"schema-empty-element":     "no provider of package consumers sends a list of events: TestWrongBytes of package exam has the mistake",
		"signature-batch-item":     "no provider of package consumers signs each item: TestWrongRecovery of package exam has the mistake",
		"signature-id-tampered":    "no provider of package consumers signs the id: TestWrongBytes of package exam has the mistake",
		"signature-registered-url": "no provider of package consumers signs the URL: TestWrongBytes of package exam has the mistake",
		"signature-constant-time":  "the exam gives it no grade: a network hides how long a comparison takes",
	}
}

// TestChecksHaveMistakes checks that each check has a mistake that is about it, or a reason why
// there is none, and that the checks which mistakes name exist.
func TestChecksHaveMistakes(t *testing.T) {
	t.Parallel()
	checks, err := exam.Checks()
	if err != nil {
		t.Fatal(err)
	}
	named, reasons := map[string][]string{}, withoutMistake()
	for _, m := range consumers.Mistakes() {
		for _, id := range m.Checks {
			named[id] = append(named[id], m.Name)
		}
	}
	for i := range checks {
		id := checks[i].ID
		if (named[id] == nil) != (reasons[id] != "") {
			t.Errorf("check %s has the mistakes %q and the reason %q: want a mistake, or a reason why there is none", id, named[id], reasons[id])
		}
		delete(named, id)
		delete(reasons, id)
	}
	for id, by := range named {
		t.Errorf("mistakes %q name the check %s, which does not exist", by, id)
	}
	for id := range reasons {
		t.Errorf("a reason is for the check %s, which does not exist", id)
	}
}

// TestAnswersAlike checks that consumers which look at nothing do badly.
func TestAnswersAlike(t *testing.T) {
	t.Parallel()
	for status, name := range map[int]string{200: "accepts everything", 401: "refuses everything"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		for _, provider := range []string{"stripe", "ethpass", "github", "neostore"} {
			t.Run(name+" "+provider, func(t *testing.T) {
				t.Parallel()
				report, err := exam.Run(t.Context(), nil, exam.Consumer{URL: server.URL, Provider: provider, Secret: secret})
				if err != nil {
					t.Fatal(err)
				}
				c := candidate{report: report}
				must := report.Score.Must
				switch {
				case status == 401 && (report.Score.Graded() > 0 || report.Problem == "" || !strings.Contains(c.text(), "must   0 of ")):
					t.Errorf("%d checks have a grade\n%s", report.Score.Graded(), c.text())
				case status == 200 && must.Passed > must.Failed:
					t.Errorf("%d checks failed, %d passed\n%s", must.Failed, must.Passed, c.text())
				}
				t.Logf("%+v", must)
				for _, r := range report.Checks {
					if r.Theme == "signature" && r.Level == scenarios.Must && r.Result == exam.Pass {
						t.Errorf("%s passes", r.ID)
					}
				}
			})
		}
	}
}
