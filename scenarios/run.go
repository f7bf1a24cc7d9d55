package scenarios

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// Options configure a run. The zero value is useful.
type Options struct {
	// Seed overrides the scenario's seed; nil is the scenario's seed or, without one, a random
	// seed.
	Seed *uint64
	// Target is the URL of the consumer under test; "" is the scenario's target. Secret is the
	// secret that the consumer verifies with.
	Target, Secret string
	// Env looks up ${env:NAME}; nil is os.LookupEnv.
	Env func(name string) (string, bool)
	// Catalogue of providers; nil is fixtures.Builtin. It must be the server's catalogue.
	Catalogue *fixtures.Catalogue
	// Effects are the Go functions for effects with func, by name.
	Effects map[string]func(context.Context) (any, error)
	// Params are the values of parameters, by name, as texts: "3", "true", "250ms".
	Params map[string]string
	// Timeout is the time limit of each attempt to an endpoint whose subscribe step names none; 0
	// is the provider's.
	Timeout time.Duration
	// SkipImpossible skips a step that delivers with a fault that the provider's requests cannot
	// have, such as a stale timestamp where there is none. Otherwise such a step is an error. It is
	// always skipped in a scenario with the key check.
	SkipImpossible bool
	// AllowTargets are the hosts that calls, effects and bursts may reach in addition to the
	// target: CIDRs, addresses and host names; see mockserver.Guard. Deliveries may reach what the
	// server allows.
	AllowTargets []string
	// AllowExec permits effects with exec. Without it, Run refuses a scenario that has one.
	AllowExec bool
	// SQL answers the queries of effects with sql. Without it, Run refuses a scenario that has one.
	SQL func(ctx context.Context, dsn, query string, args []any) (rows []map[string]any, err error)
	// Restart restarts the consumer, for steps with restart, and returns when it listens again.
	// Without it, such steps are skipped.
	Restart func(context.Context) error
	// Trust selects the certificates that calls, bursts and effects with http accept. Deliveries
	// use the server's mockserver.Options.Trust.
	Trust mockserver.Trust
	// Journal gets everything that the run sends and receives, as JSON Lines of JournalEntry.
	Journal io.Writer
	// Progress is called when a step begins and ends, and when attempts were made. Calls of one run
	// follow each other; runs at the same time call it at the same time.
	Progress func(Progress)
	// Repeat are further arguments of the command that repeats the run, such as --provider-dir,
	// --option and --server.
	Repeat []string
}

// Run plays a scenario on a server and checks the results. It reports a wrong consumer in the
// Report. It returns an error when the server failed, so that nothing could be checked; the Report
// then has the status error and the steps so far. At its end, Run plays the teardown and removes
// its endpoints and bin settings. Captures and deliveries remain. A scenario with rows is played by
// its Cases.
func Run(ctx context.Context, client *mockserver.Client, s *Scenario, o Options) (Report, error) {
	start := time.Now()
	r := newRun(client, s, o)
	r.report = &Report{Scenario: s.Name, File: s.file, Description: s.Description, Tags: s.Tags, Seed: r.scope.seed, Started: start.UTC()}
	failed := r.prepare(ctx)
	if failed != nil {
		if refused := (*refusal)(nil); !errors.As(failed, &refused) && !errors.Is(failed, ErrParam) { // they name it
			failed = fmt.Errorf("scenario %s: %w", s.Name, failed)
		}
		r.report.Steps = append(r.report.Steps, StepReport{ID: "prepare", Verb: "prepare", Status: Errored, Detail: r.redact(redact.Quoted(failed.Error()))})
		r.skip(s.all(), whyError)
	} else {
		r.tracker.follow(ctx, r.client)
		failed = r.phases(ctx)
		r.tracker.end()
	}
	if err := r.finish(ctx, r.report); err != nil && failed == nil {
		failed = fmt.Errorf("scenario %s: %w", s.Name, err)
		r.report.Steps = append(r.report.Steps, StepReport{ID: "finish", Verb: "finish", Status: Errored, Detail: failed.Error()})
	}
	r.report.Target = r.redact(redact.URLs(r.describeTarget()))
	r.report.Repeat = r.repeat()
	r.report.setStatus()
	r.report.TookMS = milliseconds(time.Since(start))
	return *r.report, failed
}

// NotRun returns the report of a scenario that was not played. Its Started is zero. All steps are
// skipped, with the reason why.
func NotRun(s *Scenario, why string) Report {
	report := Report{Scenario: s.Name, File: s.file, Description: s.Description, Tags: s.Tags, Status: Errored}
	for _, step := range s.all() {
		report.Steps = append(report.Steps, step.reported(step.ID, Skipped, why))
	}
	return report
}

// run is the state of one run.
type run struct {
	client *mockserver.Client
	// client of an isolated run; nil if the run shares the server's endpoints and clock
	isolated   *mockserver.Client
	scenario   *Scenario
	options    Options
	catalogue  *fixtures.Catalogue
	scope      scope
	report     *Report
	journal    *journal // nil records nothing
	tracker    tracker
	phase      Phase             // of the current step
	missing    map[string]string // why steps have no values to refer to, by id
	targetURL  string            // URL of the target, or of the bin that acts as the target
	effects    map[string]Effect
	bins       map[string]*bin
	endpoints  map[string]*endpoint   // by the provider's id
	subs       map[string]*endpoint   // by step id
	journeys   map[string][]runEvent  // events of journey steps, by step id
	events     map[string]*runEvent   // events sent, by body
	eventTypes map[string]bool        // event types sent, as "provider name"
	steps      map[string]*stepRecord // by step id
	// all deliveries to the run's endpoints, in the order of sending
	deliveries []runDelivery
	byID       map[string]int                  // index in deliveries
	handshakes map[string]*mockserver.Delivery // with new endpoints; they are not in deliveries
	checked    map[string]bool                 // deliveries that some expectation checked
	// an expectation on the target bin was skipped, as the run has a target URL
	binSkipped bool
	reached    bool              // an attempt of the run was sent
	background bool              // deliveries may be in flight while other steps run
	effectSeen map[string]bool   // effects that had a value at least once
	variables  map[string]string // environment variables that the file referred to
	sequence   int               // number of events sent
	virtual    bool              // the clock is virtual
	now        time.Time         // the earliest time in event bodies
}

// stepRecord is what later steps need to know of a step.
type stepRecord struct {
	cursors    map[string]uint64 // newest sequence number of each bin when the step began
	before     int               // number of the run's deliveries when the step began
	deliveries []string          // ids of the step's deliveries
	impossible bool              // a delivery was skipped, as its faults are not possible
	burst      *burst.Report
	checked    []string             // ids of the deliveries that the step's expectations checked
	wrong      []string             // the first of them that are not as expected
	captures   []mockserver.Capture // the first captures that the step's expectations checked
	captured   int                  // number of all captures checked
	effects    map[string]sample    // values before the step acted, of effects with a delta
	answers    []*answer            // responses to the step's calls
}

// runDelivery is a delivery of the run.
type runDelivery struct {
	id     string
	seq    uint64
	url    string
	step   string // id of the step
	number int    // number within the step, from 1
	event  string
	faults []string
}

// runEvent is one event of the run and its position in its journey.
type runEvent struct {
	fixtures.Event
	journey string           // step and number of the journey; a single event has its own
	index   int              // position in the journey
	rank    int              // position in the order of sending, from 1; 0 is never sent
	again   []fixtures.Event // later events with the same body, at other times
}

func newRun(client *mockserver.Client, s *Scenario, o Options) *run {
	r := &run{
		client: client, scenario: s, options: o, catalogue: o.Catalogue,
		scope:      scope{env: o.Env, row: s.row.scope(), target: map[string]any{}, bins: map[string]any{}, steps: map[string]any{}},
		bins:       map[string]*bin{},
		endpoints:  map[string]*endpoint{},
		subs:       map[string]*endpoint{},
		journeys:   map[string][]runEvent{},
		events:     map[string]*runEvent{},
		eventTypes: map[string]bool{},
		steps:      map[string]*stepRecord{},
		byID:       map[string]int{},
		checked:    map[string]bool{},
		effectSeen: map[string]bool{},
		variables:  map[string]string{},
		missing:    map[string]string{},
		handshakes: map[string]*mockserver.Delivery{},
		now:        s.Clock.Start,
	}
	r.tracker.call = o.Progress
	if r.catalogue == nil {
		r.catalogue = fixtures.Builtin()
	}
	lookup := o.Env
	if lookup == nil {
		lookup = os.LookupEnv
	}
	r.scope.env = func(name string) (string, bool) {
		value, ok := lookup(name)
		if ok {
			r.variables[name] = value
		}
		return value, ok
	}
	if r.now.IsZero() {
		r.now = fixtures.DefaultStart
	}
	switch {
	case o.Seed != nil:
		r.scope.seed = *o.Seed
	case s.Seed != nil:
		r.scope.seed = *s.Seed
	default:
		r.scope.seed = newSeed()
	}
	return r
}

// newSeed returns a random seed of 32 bits, short enough to type.
func newSeed() uint64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// prepare checks the server's clock, makes the bins and resolves the target.
func (r *run) prepare(ctx context.Context) error {
	if len(r.scenario.Rows) > 0 {
		return errors.New("the scenario has rows: run each of its Cases")
	}
	if err := r.scenario.Permit(r.options); err != nil {
		return err
	}
	if err := r.makeParams(); err != nil {
		return err
	}
	clock, err := r.client.Clock(ctx)
	if err != nil {
		return err
	}
	if r.scenario.Subscribes() {
		mode := r.scenario.clock()
		r.isolated, err = r.client.BeginRun(ctx, mockserver.RunOptions{RealClock: mode == RealClock || mode == "" && !clock.Virtual, Start: r.scenario.Clock.Start})
		if err != nil {
			return err
		}
		r.client = r.isolated
		if clock, err = r.client.Clock(ctx); err != nil {
			return err
		}
	}
	if want := r.scenario.clock(); want == RealClock && clock.Virtual || want == VirtualClock && !clock.Virtual {
		return fmt.Errorf("the scenario needs a %s clock, which this server does not have: run it without a server, or start one with a %[1]s clock", want)
	}
	r.virtual = clock.Virtual
	if err := r.makeBins(ctx); err != nil {
		return err
	}
	if err := r.makeTarget(); err != nil {
		return err
	}
	r.effects = r.scenario.Effects
	r.journal, err = r.openJournal(r.options.Journal)
	return err
}

// Subscribes reports whether the scenario registers endpoints. Such a scenario runs isolated from
// other runs, with a clock of the mode that it asks for. Otherwise the consumer has registered
// itself, and the run shares the server's endpoints and clock.
func (s *Scenario) Subscribes() bool {
	return slices.ContainsFunc(s.all(), func(step *Step) bool { return step.Verb() == "subscribe" })
}

// clock returns the mode of clock that the scenario needs; "" is any.
func (s *Scenario) clock() ClockMode {
	if s.Clock.Mode == "" && slices.ContainsFunc(s.all(), func(s *Step) bool { return s.Verb() == "advance" }) {
		return VirtualClock
	}
	return s.Clock.Mode
}

// makeTarget sets the target URL: that of the options, that of the scenario, or that of the target
// bin.
func (r *run) makeTarget() error {
	t := r.scenario.Target
	if n := child(r.scenario.root, "target"); n != nil {
		if r.options.Target != "" {
			n = without(n, "url") // it may refer to variables that are not set
		}
		if err := r.decode(r.scenario.file, n, &t); err != nil {
			return err
		}
	}
	if r.options.Target != "" {
		t.URL = r.options.Target
	}
	if r.options.Secret != "" {
		t.Secret = r.options.Secret
	}
	r.targetURL = t.URL
	if t.URL == "" && t.Bin != "" {
		r.targetURL = r.bins[t.Bin].url
	}
	r.scope.target["url"], r.scope.target["secret"], r.scope.target["origin"] = r.targetURL, t.Secret, origin(r.targetURL)
	return nil
}

// hasTargetURL reports whether the run has a target other than the target bin.
func (r *run) hasTargetURL() bool {
	return r.options.Target != "" || r.scenario.Target.URL != "" || r.targetURL != "" && r.scenario.Target.Bin == ""
}

// redact removes the run's secrets from a text, because reports are stored and shared.
func (r *run) redact(text string) string {
	hide := func(secret string) {
		if len(secret) > 3 { // replacing shorter secrets would damage other words
			text = strings.ReplaceAll(text, secret, redact.Word)
		}
	}
	for _, e := range r.endpoints {
		for _, secret := range e.Secrets {
			hide(secret)
		}
	}
	for _, b := range r.bins {
		for _, secret := range b.secrets {
			hide(secret)
		}
	}
	if secret, ok := r.scope.target["secret"].(string); ok {
		hide(secret)
	}
	for _, secret := range r.secretParams() {
		hide(secret)
	}
	return text
}

// act runs the step's verb.
func (r *run) act(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	switch {
	case s.Subscribe != nil:
		return r.subscribe(ctx, s, record, v)
	case s.Journey != nil:
		return r.journey(ctx, s, record, v)
	case s.Deliver != nil:
		return r.deliver(ctx, s, record, v)
	case s.Advance != 0:
		return r.advance(ctx, s.Advance, v)
	case s.Respond != nil:
		return r.respond(ctx, s.Respond, v)
	case s.Replay != nil:
		return r.replay(ctx, s, record, v)
	case s.Burst != nil:
		return r.burst(ctx, s, record, v)
	case s.Call != nil:
		return r.call(ctx, s, record, v)
	case s.Restart:
		return r.restart(ctx, v)
	}
	return nil
}

// record begins the record of a step with the current position of every bin.
func (r *run) record(ctx context.Context, id string) (*stepRecord, error) {
	record := &stepRecord{cursors: map[string]uint64{}, before: len(r.deliveries)}
	for name, b := range r.bins {
		cursor, err := r.newest(ctx, b)
		if err != nil {
			return nil, err
		}
		record.cursors[name] = cursor
	}
	r.steps[id] = record
	return record, nil
}

// finish removes what the run registered and completes the report.
func (r *run) finish(ctx context.Context, report *Report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var failed []error
	report.Counts.Events, report.Counts.EventTypes, report.Counts.Deliveries = len(r.events), len(r.eventTypes), len(r.deliveries)
	// Deliveries are read before the run ends, which stops those that are pending.
	if err := r.countAttempts(ctx, report); err != nil {
		failed = append(failed, err)
	}
	if err := r.journal.end(ctx); err != nil {
		failed = append(failed, err)
	}
	if r.isolated != nil {
		if err := r.isolated.EndRun(ctx); err != nil {
			failed = append(failed, fmt.Errorf("the run could not be ended: %w", err))
		}
	}
	for _, b := range r.bins {
		if err := r.client.Configure(ctx, b.name, mockserver.Settings{}); err != nil {
			failed = append(failed, fmt.Errorf("bin %s could not be reset: %w", b.label, err))
		}
	}
	for _, b := range r.bins {
		summary, err := r.binSummary(ctx, b)
		if err != nil {
			failed = append(failed, err)
			break
		}
		report.Counts.Captures += summary.Count
	}
	if r.binSkipped {
		report.Notes = append(report.Notes, fmt.Sprintf("expectations on bin %s were not checked: the events went to %s instead", r.scenario.Target.Bin, r.targetURL))
	}
	if r.options.Target != "" && r.scenario.Target == (Target{}) && child(r.scenario.root, "target") == nil {
		report.Notes = append(report.Notes, "the scenario has no target: nothing was sent to "+r.options.Target)
	}
	for i, note := range report.Notes {
		report.Notes[i] = r.redact(redact.Quoted(note))
	}
	return errors.Join(failed...)
}

// decode decodes a node of a file with its references resolved.
func (r *run) decode(file string, n *yaml.Node, v any) error {
	resolved, err := expand(file, n, &r.scope)
	if err != nil {
		return err
	}
	return strictyaml.Decode(file, resolved, v, strictyaml.Options{}).Err()
}

// origin returns the scheme and the host of a URL; "" without them.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
