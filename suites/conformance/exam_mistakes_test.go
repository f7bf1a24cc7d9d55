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

	url     string
	restart func(context.Context) error
	report  exam.Report
	err     error
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

// check makes the exam of the consumer, or some checks of it.
func (c *candidate) check(ctx context.Context, only ...string) (exam.Report, error) {
	return exam.Run(ctx, nil, exam.Consumer{
		URL: c.url + "/hooks", Provider: c.provider, Secret: secret, OldSecret: "old", Restart: c.restart, Only: only,
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
	if c.report, c.err = c.check(ctx); c.report.Problem != "" {
		return
	}
	for range 3 {
		again := c.with(exam.Inconclusive)
		if c.restart == nil {
			again = slices.DeleteFunc(again, func(id string) bool { return id == "recovery-restart" })
		}
		if c.err != nil || len(again) == 0 {
			return
		}
		var more exam.Report
		if more, c.err = c.check(ctx, again...); c.err != nil {
			return
		}
		for _, r := range more.Checks {
			at := slices.IndexFunc(c.report.Checks, func(old exam.Result) bool { return old.ID == r.ID })
			c.report.Checks[at] = r
		}
	}
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

// examineAll makes the exams, several at a time, as most of an exam is waiting.
func examineAll(t *testing.T, list []*candidate) {
	t.Helper()
	var all sync.WaitGroup
	free := make(chan struct{}, 12)
	for _, c := range list {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			c.examine(t.Context())
		})
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
				known := r.ID == "recovery-restart" && c.restart == nil // they have no database
				if r.Level == scenarios.Must && r.Result != exam.Pass && r.Result != exam.NotApplicable && !known {
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

// TestAnswersAlike checks that consumers which look at nothing do badly.
func TestAnswersAlike(t *testing.T) {
	t.Parallel()
	for status, name := range map[int]string{200: "accepts everything", 401: "refuses everything"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			t.Cleanup(server.Close)
			report, err := exam.Run(t.Context(), nil, exam.Consumer{URL: server.URL, Provider: "stripe", Secret: secret})
			if err != nil {
				t.Fatal(err)
			}
			c := candidate{report: report}
			must := report.Score.Must
			switch {
			case status == 401 && (report.Score.Graded() > 0 || report.Problem == ""):
				t.Errorf("%d checks have a grade\n%s", report.Score.Graded(), c.text())
			case status == 200 && (must.Failed < 10 || must.Failed < must.Passed/2):
				t.Errorf("%d checks failed, %d passed\n%s", must.Failed, must.Passed, c.text())
			}
			for _, r := range report.Checks {
				if r.Theme == "signature" && r.Level == scenarios.Must && r.Result == exam.Pass {
					t.Errorf("%s passes", r.ID)
				}
			}
		})
	}
}
