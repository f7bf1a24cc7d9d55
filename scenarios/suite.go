package scenarios

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// Suite plays several scenarios, one after the other or side by side. The events of a run depend on
// its scenario and its seed only, not on the number of runs at the same time.
type Suite struct {
	// Scenarios to play. Those with rows are played once for each row.
	Scenarios []*Scenario
	// Options of every run. A scenario gets those Params that it has. The journals of all runs are
	// written one after the other, in the order of the scenarios.
	Options Options
	// Known are further scenarios, which are not played but whose Params may be set too.
	Known []*Scenario
	// Start returns the client of a server for one run with that seed, and a function that ends its
	// use.
	Start func(ctx context.Context, s *Scenario, seed uint64) (*mockserver.Client, func(), error)
	// Shared means that Start returns the same server for every run. Scenarios without a subscribe
	// step use its endpoints and its clock, so nothing else is then played at the same time.
	Shared bool
	// Parallel is the number of runs at the same time; 0 is one.
	Parallel int
	// Repeat is how often each scenario is played; 0 is once. Each time has another seed: the next
	// number.
	Repeat int
	// Timeout is the time limit of all runs together; 0 is no limit.
	Timeout time.Duration
	// Done is called with every report, in the order of the scenarios, as soon as those before it
	// are complete.
	Done func(Report)
}

// unit is one run of a suite.
type unit struct {
	scenario *Scenario
	options  Options
	report   Report
	journal  *bytes.Buffer // of a run beside others; nil writes to Options.Journal
	err      error
	done     chan struct{}
}

// Check checks before a run whether the options are correct: every parameter is one of a scenario
// and has its type, no parameter without a default lacks a value, and the scenarios are permitted
// to do what they do. The error names all mistakes.
func (s *Suite) Check() error {
	problems := []error{s.checkParams()}
	for _, one := range s.Scenarios {
		o := s.optionsOf(one)
		if err := one.CheckParams(o.Params); err != nil {
			problems = append(problems, err)
			continue
		}
		problems = append(problems, one.Permit(o))
	}
	return errors.Join(problems...)
}

// Run plays the scenarios and returns their reports, in the order of the scenarios. It returns the
// error of the first run whose server failed. A run that was interrupted, and those that were then
// not played, have reports too.
func (s *Suite) Run(ctx context.Context) ([]Report, error) {
	ctx, cancel := withLimit(ctx, Duration(s.Timeout), "of all runs")
	defer cancel()
	units := s.units()
	next := make(chan *unit)
	var (
		workers sync.WaitGroup
		alone   sync.RWMutex
		stop    stopReason
	)
	for range min(max(s.Parallel, 1), max(len(units), 1)) {
		workers.Go(func() {
			for u := range next {
				s.play(ctx, u, &alone, &stop)
				close(u.done)
			}
		})
	}
	workers.Go(func() {
		defer close(next)
		for _, u := range units {
			next <- u
		}
	})
	var reports []Report
	var failed error
	for _, u := range units {
		<-u.done
		reports = append(reports, u.report)
		failed = cmp.Or(failed, u.err)
		if u.journal != nil {
			_, err := s.Options.Journal.Write(u.journal.Bytes())
			failed, u.journal = cmp.Or(failed, err), nil
		}
		if s.Done != nil {
			s.Done(u.report)
		}
	}
	workers.Wait()
	return reports, failed
}

// units returns all runs, in the order of their reports.
func (s *Suite) units() []*unit {
	var units []*unit
	for _, scenario := range s.Scenarios {
		o := s.optionsOf(scenario)
		seed := cmp.Or(o.Seed, scenario.Seed)
		if seed == nil {
			random := newSeed()
			seed = &random
		}
		for _, one := range scenario.Cases() {
			for k := range max(s.Repeat, 1) {
				u := &unit{scenario: one, options: o, done: make(chan struct{})}
				own := *seed + uint64(k)
				u.options.Seed = &own
				if o.Journal != nil && s.Parallel > 1 {
					u.journal = &bytes.Buffer{}
					u.options.Journal = u.journal
				}
				units = append(units, u)
			}
		}
	}
	return units
}

// optionsOf returns the options of a scenario's runs.
func (s *Suite) optionsOf(scenario *Scenario) Options {
	o := s.Options
	o.Params = map[string]string{}
	for name, value := range s.Options.Params {
		if _, ok := scenario.Params[name]; ok {
			o.Params[name] = value
		}
	}
	return o
}

// stopReason is why no further scenario is played.
type stopReason struct {
	mu  sync.Mutex
	why string
}

func (s *stopReason) set(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why = cmp.Or(s.why, why)
}

func (s *stopReason) get() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// play plays one run.
func (s *Suite) play(ctx context.Context, u *unit, alone *sync.RWMutex, stop *stopReason) {
	if s.Shared && u.scenario.Subscribes() {
		alone.RLock()
		defer alone.RUnlock()
	} else if s.Shared {
		alone.Lock()
		defer alone.Unlock()
	}
	if ctx.Err() != nil {
		stop.set(whyEnded(ctx))
	}
	if why := stop.get(); why != "" {
		u.report = NotRun(u.scenario, why)
		return
	}
	client, end, err := s.Start(ctx, u.scenario, *u.options.Seed)
	if err != nil {
		u.report, u.err = NotRun(u.scenario, "not run: "+err.Error()), err
		u.report.Started = time.Now().UTC()
		return
	}
	defer end()
	u.report, u.err = Run(ctx, client, u.scenario, u.options)
	if errors.Is(u.err, ErrNoConsumer) && s.Options.Target != "" {
		stop.set("not run: the target cannot be reached") // no further scenario can reach it either
	}
}

// whyEnded returns why a context ended.
func whyEnded(ctx context.Context) string {
	if limit := limitOf(ctx); limit != nil {
		return "not run: " + limit.Error()
	}
	return "not run: interrupted"
}

// checkParams returns an error for parameters that no scenario has.
func (s *Suite) checkParams() error {
	var known []string
	for _, one := range slices.Concat(s.Scenarios, s.Known) {
		known = append(known, keys(one.Params)...)
	}
	all := &Scenario{Params: map[string]Param{}}
	for _, name := range known {
		all.Params[name] = Param{}
	}
	var problems []error
	for _, name := range keys(s.Options.Params) {
		if _, ok := all.Params[name]; !ok {
			problems = append(problems, all.unknownParam(name))
		}
	}
	return errors.Join(problems...)
}
