package scenarios

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
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

// Options steer a run. The zero value is fine.
type Options struct {
	// Seed takes the place of the scenario's; nil is the scenario's or, without one, a new one.
	Seed *uint64
	// Target is the address of the consumer under test; "" is the scenario's own target. Secret is what it verifies with.
	Target, Secret string
	// Env looks up ${env:NAME}; nil is os.LookupEnv.
	Env func(name string) (string, bool)
	// Catalogue holds the providers; nil is fixtures.Builtin. It must be the server's.
	Catalogue *fixtures.Catalogue
	// Effects are the Go functions that effects with func name.
	Effects map[string]func(context.Context) (any, error)
	// Dial opens the connections of bursts and of effects that ask by HTTP; nil reaches loopback only.
	Dial burst.DialFunc
	// AllowExec lets effects run programs. Without it a scenario that has such an effect is not played.
	AllowExec bool
	// Trust decides which certificates are taken by bursts and by effects with http. That of deliveries is the server's: mockserver.Options.Trust.
	Trust mockserver.Trust
	// Progress is told every step once it is done.
	Progress func(StepReport)
	// Repeat are further words of the command line that repeats the run: --provider-dir, --option, --server.
	Repeat []string
}

// Run plays a scenario on a server and checks it. A wrong consumer is a Report; an error says that the server failed, so that
// nothing could be checked; the Report, whose status is then error, says how far it came. Run removes at its end what it registered
// and set; captures and deliveries stay.
func Run(ctx context.Context, client *mockserver.Client, s *Scenario, o Options) (Report, error) {
	start := time.Now()
	r := newRun(client, s, o)
	report := Report{Scenario: s.Name, File: s.file, Description: s.Description, Seed: r.scope.seed, Started: start.UTC()}

	failed := r.prepare(ctx)
	if failed != nil {
		failed = fmt.Errorf("scenario %s: %w", s.Name, failed)
		report.Steps = append(report.Steps, StepReport{ID: "prepare", Verb: "prepare", Status: Errored, Detail: failed.Error()})
	}
	for i := range s.Steps {
		var step StepReport
		if failed != nil {
			step = StepReport{ID: s.Steps[i].ID, Verb: s.Steps[i].Verb(), Status: Skipped, Detail: "not run: an error came before"}
		} else if step, failed = r.step(ctx, &s.Steps[i]); failed != nil {
			failed = fmt.Errorf("scenario %s, step %s: %w", s.Name, s.Steps[i].ID, failed)
		}
		report.Steps = append(report.Steps, step)
		if o.Progress != nil {
			o.Progress(step)
		}
	}
	if err := r.finish(ctx, &report); err != nil && failed == nil {
		failed = fmt.Errorf("scenario %s: %w", s.Name, err)
		report.Steps = append(report.Steps, StepReport{ID: "finish", Verb: "finish", Status: Errored, Detail: failed.Error()})
	}
	report.Target = r.redact(redact.URLs(r.targetWords()))
	report.Repeat = r.repeat()
	report.settle()
	report.TookMS = milliseconds(time.Since(start))
	return report, failed
}

// NotRun is the report on a scenario that was not played: its steps are skipped, and why says the reason.
func NotRun(s *Scenario, why string) Report {
	report := Report{Scenario: s.Name, File: s.file, Description: s.Description, Status: Errored}
	for i := range s.Steps {
		report.Steps = append(report.Steps, StepReport{ID: s.Steps[i].ID, Verb: s.Steps[i].Verb(), Status: Skipped, Detail: why})
	}
	return report
}

// run is the state of one run.
type run struct {
	client    *mockserver.Client
	own       *mockserver.Client // what client is then; nil: the run shares the server's endpoints and clock
	scenario  *Scenario
	options   Options
	catalogue *fixtures.Catalogue
	scope     scope
	targetURL string // where a target given to the run, or named by the scenario, is; the stand-in's address without one
	effects   map[string]Effect
	bins      map[string]*bin
	endpoints map[string]*endpoint   // by the id that the provider gave
	subs      map[string]*endpoint   // by the step's id
	journeys  map[string][]sent      // what journey steps rendered, by the step's id
	events    map[string]*sent       // what was sent, by body
	kinds     map[string]bool        // provider + event names sent
	steps     map[string]*stepRecord // by the step's id
	made      []made                 // all deliveries to the run's endpoints, in the order of sending
	byID      map[string]int         // where a delivery stands in made
	checked   map[string]bool        // deliveries that some expectation looked at
	replaced  bool                   // some expectation was about the bin in whose place the target stands
	reached   bool                   // some attempt of the run was sent
	seen      map[string]bool        // effects that had a value at least once
	variables map[string]string      // of the environment, that the file read
	sequence  int                    // of what was sent
	virtual   bool                   // the server's clock stands still by itself
	now       time.Time              // the earliest time that bodies speak of
}

// stepRecord is what later steps may look back on.
type stepRecord struct {
	cursors    map[string]uint64 // of each bin when the step began
	before     int               // deliveries of the run when it began
	deliveries []string          // ids of those that the step made
	burst      *burst.Report
	checked    []string             // deliveries that an expectation of the step looked at
	captures   []mockserver.Capture // the first of those that one looked at
	captured   int                  // how many these were
}

// made is a delivery that the run had made.
type made struct {
	id     string
	seq    uint64
	url    string
	step   string // the step that made it
	number int    // among those of its step, from 1
	event  string
	faults []string
}

// sent is one event of the run and its place in the life it belongs to.
type sent struct {
	fixtures.Event
	life  string // the journey and its number; unique to the event when it belongs to none
	place int    // in that life
	rank  int    // in the order of sending, from 1; 0 is never
}

func newRun(client *mockserver.Client, s *Scenario, o Options) *run {
	r := &run{
		client: client, scenario: s, options: o, catalogue: o.Catalogue,
		scope:     scope{env: o.Env, target: map[string]any{}, bins: map[string]any{}, steps: map[string]any{}},
		bins:      map[string]*bin{},
		endpoints: map[string]*endpoint{},
		subs:      map[string]*endpoint{},
		journeys:  map[string][]sent{},
		events:    map[string]*sent{},
		kinds:     map[string]bool{},
		steps:     map[string]*stepRecord{},
		byID:      map[string]int{},
		checked:   map[string]bool{},
		seen:      map[string]bool{},
		variables: map[string]string{},
		now:       s.Clock.Start,
	}
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

// newSeed draws a seed short enough to be typed again.
func newSeed() uint64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// prepare looks at the server's clock, makes the bins and resolves the target.
func (r *run) prepare(ctx context.Context) error {
	if programs := r.scenario.Programs(); len(programs) > 0 && !r.options.AllowExec {
		return fmt.Errorf("%w: effect %s would run %s", ErrExec, programs[0], strings.Join(r.scenario.Effects[programs[0]].Exec, " "))
	}
	clock, err := r.client.Clock(ctx)
	if err != nil {
		return err
	}
	if r.scenario.subscribes() {
		mode := r.scenario.clock()
		r.own, err = r.client.BeginRun(ctx, mockserver.RunOptions{RealClock: mode == RealClock || mode == "" && !clock.Virtual, Start: r.scenario.Clock.Start})
		if err != nil {
			return err
		}
		r.client = r.own
		if clock, err = r.client.Clock(ctx); err != nil {
			return err
		}
	}
	if want := r.scenario.clock(); want == RealClock && clock.Virtual || want == VirtualClock && !clock.Virtual {
		return fmt.Errorf("the scenario needs a %s clock, which this server does not have: play it on a server of its own, or on one started with such a clock", want)
	}
	r.virtual = clock.Virtual
	if err := r.makeBins(ctx); err != nil {
		return err
	}
	if err := r.makeTarget(); err != nil {
		return err
	}
	r.effects = r.scenario.Effects
	return nil
}

// subscribes says whether the scenario registers endpoints. Then it plays in its own run, which sees no other. Without, the consumer has
// registered itself, and the run is the server's.
func (s *Scenario) subscribes() bool {
	return slices.ContainsFunc(s.Steps, func(step Step) bool { return step.Verb() == "subscribe" })
}

// clock is the clock that the scenario cannot do without; "" is none: it takes the server's.
func (s *Scenario) clock() ClockMode {
	if s.Clock.Mode == "" && slices.ContainsFunc(s.Steps, func(s Step) bool { return s.Verb() == "advance" }) {
		return VirtualClock
	}
	return s.Clock.Mode
}

// makeTarget settles where the events go: to the address given to the run, to the scenario's, or to the bin that stands in.
func (r *run) makeTarget() error {
	t := r.scenario.Target
	if n := child(r.scenario.root, "target"); n != nil {
		if r.options.Target != "" {
			n = without(n, "url") // it may refer to variables that the run does not need
		}
		if err := r.again(n, &t); err != nil {
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
	r.scope.target["url"], r.scope.target["secret"] = r.targetURL, t.Secret
	return nil
}

// given says whether the run has a target other than the bin that stands in for one.
func (r *run) given() bool {
	return r.options.Target != "" || r.scenario.Target.URL != "" || r.targetURL != "" && r.scenario.Target.Bin == ""
}

// step takes one step and checks it. The error is the server's.
func (r *run) step(ctx context.Context, s *Step) (StepReport, error) {
	start := time.Now()
	report := StepReport{ID: s.ID, Verb: s.Verb()}
	v := &result{}
	err := r.take(ctx, s, v)
	report.Status, report.Detail = v.status(), v.detail()
	if err != nil {
		report.Status, report.Detail = Errored, strings.Join(append(v.failures, err.Error()), "\n")
	}
	report.Detail = r.redact(redact.Quoted(report.Detail))
	report.TookMS = milliseconds(time.Since(start))
	return report, err
}

// redact takes the secrets that the run knows out of a text: reports are kept and shown around.
func (r *run) redact(text string) string {
	hide := func(secret string) {
		if len(secret) > 3 { // shorter ones would tear words apart, and hide nothing
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
	return text
}

func (r *run) take(ctx context.Context, s *Step, v *result) error {
	if s.When == WhenTarget && !r.given() || s.When == WhenBin && r.given() {
		v.skip("only against a %s", s.When)
		return nil
	}
	if s.node != nil {
		resolved := Step{node: s.node}
		if err := r.again(s.node, &resolved); err != nil {
			return err
		}
		s = &resolved
	}
	record, err := r.record(ctx, s.ID)
	if err != nil {
		return err
	}
	if err := r.act(ctx, s, record, v); err != nil {
		return err
	}
	for i := range s.Expect {
		if err := r.expect(ctx, s, &s.Expect[i], record, v); err != nil {
			return err
		}
	}
	return nil
}

// act does what the step's verb says.
func (r *run) act(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	switch {
	case s.Subscribe != nil:
		return r.subscribe(ctx, s, v)
	case s.Journey != nil:
		return r.journey(ctx, s, record, v)
	case s.Deliver != nil:
		return r.deliver(ctx, s, record, v)
	case s.Advance != 0:
		return r.advance(ctx, s.Advance, v)
	case s.Respond != nil:
		return r.response(ctx, s.Respond, v)
	case s.Replay != nil:
		return r.replay(ctx, s, record, v)
	case s.Burst != nil:
		return r.burst(ctx, s, record, v)
	}
	return nil
}

// record opens the record of a step: what is captured from now on came after its start.
func (r *run) record(ctx context.Context, id string) (*stepRecord, error) {
	record := &stepRecord{cursors: map[string]uint64{}, before: len(r.made)}
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

// finish removes what the run registered and counts what it did.
func (r *run) finish(ctx context.Context, report *Report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var failed []error
	if r.own != nil {
		if err := r.own.EndRun(ctx); err != nil {
			failed = append(failed, fmt.Errorf("the run could not be ended: %w", err))
		}
	}
	for _, b := range r.bins {
		if err := r.client.Configure(ctx, b.name, mockserver.Settings{}); err != nil {
			failed = append(failed, fmt.Errorf("bin %s could not be reset: %w", b.label, err))
		}
	}
	report.Counts.Events, report.Counts.EventTypes, report.Counts.Deliveries = len(r.events), len(r.kinds), len(r.made)
	if err := r.countAttempts(ctx, report); err != nil {
		failed = append(failed, err)
	}
	for _, b := range r.bins {
		n, err := r.count(ctx, b)
		if err != nil {
			failed = append(failed, err)
			break
		}
		report.Counts.Captures += n
	}
	if r.replaced {
		report.Notes = append(report.Notes, fmt.Sprintf("what is expected of bin %s was not checked: the events went to %s instead", r.scenario.Target.Bin, r.targetURL))
	}
	if r.options.Target != "" && r.scenario.Target == (Target{}) && child(r.scenario.root, "target") == nil {
		report.Notes = append(report.Notes, "the scenario has no target: nothing was sent to "+r.options.Target)
	}
	for i, note := range report.Notes {
		report.Notes[i] = r.redact(redact.Quoted(note))
	}
	return errors.Join(failed...)
}

// again decodes a part of the file once more, its references resolved.
func (r *run) again(n *yaml.Node, v any) error {
	resolved, err := expand(r.scenario.file, n, r.scope.resolve)
	if err != nil {
		return err
	}
	return strictyaml.Decode(r.scenario.file, resolved, v, strictyaml.Options{}).Err()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
