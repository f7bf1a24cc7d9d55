package exam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// ErrConsumer means that a Consumer has wrong values, such as an unknown provider.
var ErrConsumer = errors.New("invalid consumer")

// Consumer is the program to check, and how.
type Consumer struct {
	// URL that receives the events.
	URL string
	// Provider whose events it receives.
	Provider string
	// Secret that it verifies signatures with.
	Secret string
	// OldSecret is a second secret that it accepts, as while the secret is replaced; "" is none.
	OldSecret string
	// Event is the type of the events that most checks deliver; "" is the first of the provider's
	// journeys that the consumer accepts.
	Event string
	// Effect reads what the consumer did: a number, or a list that is counted. Without it, the exam
	// sees answers only.
	Effect *scenarios.Effect
	// State reads the state of one entity. The text ${entity} in it is replaced by the key of the
	// entity.
	State *scenarios.Effect
	// EffectFunc is Effect as a Go function: it returns the number of things that the consumer did.
	EffectFunc func(context.Context) (int, error)
	// StateFunc is State as a Go function: it returns the state of the entity with that key; nil is
	// none.
	StateFunc func(ctx context.Context, entity string) (any, error)
	// Restart restarts the consumer, and returns when it listens again. Without it, checks that
	// need it are inconclusive.
	Restart func(context.Context) error
	// Skip leaves out checks, by id; the value is the reason.
	Skip map[string]string
	// Known are checks that are known to fail, by id; the value is the reason. Such a check must
	// fail.
	Known map[string]string
	// Strict makes a check fail that is inconclusive.
	Strict bool
	// Only selects checks by id, theme or level; none is all.
	Only []string
	// Gate selects the checks that a vendor makes when an endpoint is registered; "" is all others.
	Gate scenarios.Gate
	// Seed determines the content of all events; 0 is random. The exam takes another one when the
	// consumer has had the events of this one, as far as its answers and its effect show that, and
	// notes it.
	Seed uint64
	// Timeout of one request; 0 is 5 s, or the time limit of the provider if that is shorter.
	Timeout time.Duration
	// Within is how long an effect may take after a response; 0 is 2 s.
	Within time.Duration
	// Settle is how long an effect must stay as it is before it counts. 0 is 50 ms, or longer when
	// the effects of good deliveries come later.
	Settle time.Duration
	// Catalogue of providers; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// AllowTargets are hosts that Effect and State may reach, in addition to that of the URL.
	AllowTargets []string
	// SQL answers queries of Effect and State.
	SQL func(ctx context.Context, dsn, query string, args []any) ([]map[string]any, error)
	// Trust selects the certificates that are accepted.
	Trust mockserver.Trust
	// Repeat are further arguments of the commands that repeat a check, such as --effect and its
	// value. A secret is the name of its variable: $HOOKRIG_OLD_SECRET.
	Repeat []string
	// Progress is called with every result, as soon as it is known.
	Progress func(Result)
	// Steps is called when a step of a check begins and ends.
	Steps func(scenarios.Progress)
}

// Exam checks one consumer. Start makes one; close it when you are done. It is for one goroutine.
type Exam struct {
	consumer  Consumer
	checks    []Check
	client    *mockserver.Client
	catalogue *fixtures.Catalogue
	provider  *fixtures.Provider
	event     string // of good deliveries
	life      *life
	seed      uint64
	timeout   time.Duration
	meter     meter
	good      *scenarios.Scenario
	goods     uint64 // number of good deliveries so far
	forgery   forgery
	fresh     bool   // the last delivery was a good one, and was accepted
	problem   string // why nothing can be graded any more
	option    string // of the provider, with which the consumer accepts a good delivery
	notes     []string
	closers   []func()
	results   []Result
	started   time.Time
}

// Run makes all checks that the consumer selects and returns the report. A wrong consumer is in the
// Report. Errors are wrong values of c (ErrConsumer), and a server that failed. client is the
// client of a server that sends the events; nil is a new server in this process.
func Run(ctx context.Context, client *mockserver.Client, c Consumer) (Report, error) {
	e, err := Start(ctx, client, c)
	if err != nil {
		return Report{}, err
	}
	defer e.Close()
	for _, check := range e.Checks() {
		if err := ctx.Err(); err != nil {
			return e.Report(), context.Cause(ctx)
		}
		if _, err := e.Check(ctx, check.ID); err != nil {
			return e.Report(), err
		}
	}
	return e.Report(), nil
}

// Start sends good deliveries, to find out whether the consumer can be checked, and what one of
// them changes. It returns an Exam also when it cannot: every result is then inconclusive, and the
// Report says why.
func Start(ctx context.Context, client *mockserver.Client, c Consumer) (*Exam, error) {
	e := &Exam{consumer: c, client: client, catalogue: c.Catalogue, seed: c.Seed, started: time.Now()}
	if err := e.prepare(ctx); err != nil {
		e.Close()
		return nil, err
	}
	if err := e.preflight(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close ends what Start started.
func (e *Exam) Close() {
	for _, end := range slices.Backward(e.closers) {
		end()
	}
	e.closers = nil
}

// Checks returns the checks that the consumer selects, in the order in which Run makes them.
func (e *Exam) Checks() []Check { return slices.Clone(e.checks) }

// Problem returns why nothing can be graded, or why the effect is of no use; "" is neither.
func (e *Exam) Problem() string { return cmp.Or(e.problem, e.meter.problem) }

// prepare checks the consumer's values and starts a server if there is none.
func (e *Exam) prepare(ctx context.Context) error {
	if e.catalogue == nil {
		e.catalogue = fixtures.Builtin()
	}
	c := &e.consumer
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: url %q: want an absolute URL, as in http://127.0.0.1:3000/hooks", ErrConsumer, c.URL)
	}
	if e.provider, err = e.catalogue.Provider(c.Provider); err != nil {
		return fmt.Errorf("%w: %w", ErrConsumer, err)
	}
	if err := c.checkEvent(e.provider); err != nil {
		return err
	}
	if err := c.takeFuncs(); err != nil {
		return err
	}
	c.AllowTargets = append(slices.Clone(c.AllowTargets), hostsOf(c.Effect, c.State)...)
	if err := e.selectChecks(); err != nil {
		return err
	}
	if e.seed == 0 {
		e.seed = randomSeed()
	}
	e.timeout = cmp.Or(c.Timeout, min(cmp.Or(e.provider.Delivery.Timeout, longestWait), longestWait))
	e.life, e.event = chooseLife(e.provider), c.Event
	if e.event == "" {
		e.event = firstEvents(e.provider)[0]
	}
	e.meter = meter{consumer: c, within: cmp.Or(c.Within, 2*time.Second), settle: cmp.Or(c.Settle, 50*time.Millisecond), fixed: c.Settle > 0}
	if e.good, err = scenarios.Parse("good.yaml", goodDelivery(), e.catalogue); err != nil {
		return err
	}
	if e.client == nil {
		e.client, err = e.serve(ctx, e.catalogue)
	}
	e.meter.client = e.client
	return err
}

// Names of the Go functions of a consumer, as scenarios.Effect has them.
const (
	effectFunc = "Consumer.EffectFunc"
	stateFunc  = "Consumer.StateFunc"
)

// takeFuncs makes effects of the consumer's Go functions.
func (c *Consumer) takeFuncs() error {
	if c.EffectFunc != nil {
		if c.Effect != nil {
			return fmt.Errorf("%w: want Effect or EffectFunc, got both", ErrConsumer)
		}
		c.Effect = &scenarios.Effect{Func: effectFunc}
	}
	if c.StateFunc != nil {
		if c.State != nil {
			return fmt.Errorf("%w: want State or StateFunc, got both", ErrConsumer)
		}
		c.State = &scenarios.Effect{Func: stateFunc}
	}
	return nil
}

// hostsOf returns the hosts that effects read from. Whoever gives an effect permits its host.
func hostsOf(effects ...*scenarios.Effect) []string {
	var hosts []string
	for _, e := range effects {
		if e == nil || e.HTTP == nil {
			continue
		}
		if u, err := url.Parse(strings.ReplaceAll(e.HTTP.URL, placeholder, "entity")); err == nil && u.Hostname() != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// longestWait is the longest time that the exam waits for a response by default.
const longestWait = 5 * time.Second

// serve starts a server in this process and returns its client. Close stops it.
func (e *Exam) serve(ctx context.Context, catalogue *fixtures.Catalogue) (*mockserver.Client, error) {
	u, err := url.Parse(e.consumer.URL)
	if err != nil {
		return nil, err
	}
	server, err := mockserver.Start(context.WithoutCancel(ctx), mockserver.Options{
		Catalogue: catalogue, Seed: e.seed, AllowTargets: append(slices.Clone(e.consumer.AllowTargets), u.Hostname()), Trust: e.consumer.Trust,
	})
	if err != nil {
		return nil, err
	}
	e.closers = append(e.closers, func() { server.Close() })
	return server.Client(), nil
}

// selectChecks selects the checks, and reports ids that do not exist.
func (e *Exam) selectChecks() error {
	all, err := Checks()
	if err != nil {
		return err
	}
	for _, reasons := range []map[string]string{e.consumer.Skip, e.consumer.Known} {
		for id, reason := range reasons {
			if !slices.ContainsFunc(all, func(c Check) bool { return c.ID == id }) {
				return fmt.Errorf("%w: %w", ErrConsumer, unknownWord(all, id))
			}
			if reason == "" {
				return fmt.Errorf("%w: check %s: want a reason why it is left out", ErrConsumer, id)
			}
		}
	}
	if e.checks, err = Select(all, e.consumer.Only...); err != nil {
		return fmt.Errorf("%w: %w", ErrConsumer, err)
	}
	gate := e.consumer.Gate
	if gate != "" && !slices.Contains(Gates(), gate) {
		return fmt.Errorf("%w: gate %q: want one of %v", ErrConsumer, gate, Gates())
	}
	selected := e.checks
	if e.checks = AtGate(selected, gate); len(e.checks) > 0 {
		return nil
	}
	if gate == "" {
		return fmt.Errorf("%w: check %s is made only at a gate: give --gate %s (in Go: Gate)", ErrConsumer, selected[0].ID, selected[0].Gate[0])
	}
	return fmt.Errorf("%w: none of the checks %q is made at the gate %s: leave out --only (in Go: Only)", ErrConsumer, e.consumer.Only, gate)
}

// options returns the options of one run of a scenario.
func (e *Exam) options(s *scenarios.Scenario, seed uint64) scenarios.Options {
	params := map[string]string{}
	for name, value := range e.params() {
		if _, ok := s.Params[name]; ok {
			params[name] = value
		}
	}
	c := &e.consumer
	return scenarios.Options{
		Seed: &seed, Target: c.URL, Secret: c.Secret, Catalogue: e.catalogue, Params: params, Timeout: e.timeout, SkipImpossible: true,
		AllowTargets: c.AllowTargets, Trust: c.Trust, Restart: c.Restart,
	}
}

// run plays a scenario. Its clock is virtual where the file does not say otherwise, so that nothing
// is retried in the meantime. One that does not subscribe has the server's clock, and retries
// nothing.
func (e *Exam) run(ctx context.Context, s *scenarios.Scenario, seed uint64) (scenarios.Report, error) {
	played := *s
	if s.Subscribes() {
		played.Clock.Mode = cmp.Or(s.Clock.Mode, scenarios.VirtualClock)
	}
	o := e.options(s, seed)
	if s.Conformance != nil {
		o.Progress = e.consumer.Steps
	}
	return scenarios.Run(ctx, e.client, &played, o)
}

// seedOf returns the seed of a check, so that no two checks send the same events.
func (e *Exam) seedOf(id string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id)) // it never fails
	return e.seed ^ hash.Sum64()>>32<<16
}

// deliver makes a good delivery.
func (e *Exam) deliver(ctx context.Context) (attempt, error) {
	e.goods++
	e.meter.settled = false
	report, err := e.run(ctx, e.good, e.seed+e.goods)
	a := attempted(&report, err)
	e.fresh = a.accepted()
	if e.fresh {
		e.meter.work = max(e.meter.work, time.Duration(a.exchange.TookMS*float64(time.Millisecond)))
	}
	if a.lost() || e.fresh || len(report.Steps) > 1 && err == nil {
		err = nil // it is a result about the consumer
	}
	return a, err
}
