package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/sqlread"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// runFlags are the flags of run.
type runFlags struct {
	target, secret string
	seed           seedFlag
	junit, json    string
	journal        string
	html           string
	server, token  string
	allow          []string
	params, only   []string
	parallel       int
	repeat         int
	timeout        time.Duration
	watch, list    bool
	allowExec      bool
	allowSQL       bool
	knowledge      knowledge
	tls            trustFlags
}

func newRun(w World) *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run FILE|DIR|NAME...",
		Short: "Play scenario files and check the consumer",
		Long: `Plays each scenario on a new server (in memory, on loopback), or on the running server at --server, and prints
every step and its result. Instead of a file you can give the name of a scenario that comes with hookrig, such as
"tour"; --list shows them.

Read a scenario file that you did not write before you run it. It can send requests to the host of the target and to
hosts of --allow-target. It can read environment variables (${env:NAME}); with --allow-exec it can run programs, with
--allow-sql read databases. What a file may not do is refused before anything is sent.

Exit code 0: all scenarios passed; 1: one failed; 2: a file has mistakes, which are all printed, or needs a flag; 3:
something could not be checked: the consumer is down, an effect cannot be read, a time limit was reached.`,
		Example: `  hookrig run scenarios/library/tour.yaml
  hookrig run tests/webhooks --target http://127.0.0.1:3000/hooks --secret S --junit report.xml
  hookrig run tests/webhooks --parallel 4 --timeout 2m --only tag:quick --param count=3
  hookrig run tests/webhooks/order.yaml --watch
  hookrig run --list --json`,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(noScenario("--json", r.json), noScenario("--junit", r.junit), noScenario("--html", r.html), noScenario("--journal", r.journal)); err != nil {
				return misuse(err)
			}
			if len(args) == 0 && r.list {
				args = libraryNames()
			}
			if len(args) == 0 {
				return misusef("run wants a scenario file, a folder of scenario files, or a name: %s", strings.Join(libraryNames(), ", "))
			}
			known, err := r.knowledge.catalogue()
			if err != nil {
				return err
			}
			if r.watch {
				return r.runAgain(cmd, w, args, known)
			}
			list, err := loadScenarios(args, known)
			if err != nil {
				return err
			}
			if r.list {
				return r.printList(w, list)
			}
			return r.run(cmd, w, list, known)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.target, "target", "", "`URL` of the consumer under test; overrides the scenario's target")
	f.StringVar(&r.secret, "secret", "", "`SECRET` that the consumer verifies signatures with")
	f.Var(&r.seed, "seed", "`NUMBER` that determines every event (default: the scenario's seed, or random, and printed)")
	f.StringVar(&r.junit, "junit", "", "write a JUnit report to `FILE`")
	f.StringVar(&r.json, "json", "", "write the report as JSON to `FILE` (- is standard output, instead of the text report)")
	f.StringVar(&r.html, "html", "", "write the report as an HTML page to `FILE`")
	f.StringVar(&r.journal, "journal", "", "write everything that is sent and received to `FILE`, as JSON Lines")
	f.StringVar(&r.server, "server", "", "`URL` of the dashboard of a running server")
	f.StringVar(&r.token, "token", "", "`TOKEN` of that server")
	f.StringArrayVar(&r.only, "only", nil, "play only the scenarios, tags or steps of this `NAME` (name:, tag: or step: before it says which); repeatable")
	f.IntVar(&r.parallel, "parallel", 1, "play `N` scenarios at the same time, each on its own server")
	f.IntVar(&r.repeat, "repeat", 1, "play every scenario `N` times, each time with the next seed, to find results that change")
	f.DurationVar(&r.timeout, "timeout", 0, "time limit of the whole run; what is then unfinished is inconclusive (default: none)")
	f.BoolVar(&r.watch, "watch", false, "run again whenever a scenario file or a file that it includes is saved; Ctrl-C ends")
	f.BoolVar(&r.list, "list", false, "list the scenarios instead of playing them; without arguments those that come with hookrig")
	f.StringArrayVar(&r.params, "param", nil, "set a parameter of the scenarios: `NAME=VALUE`; repeatable")
	f.StringSliceVar(&r.allow, "allow-target", nil, "also permit requests to this `CIDR|HOST`, not only to the target; repeatable")
	f.BoolVar(&r.allowExec, "allow-exec", false, "permit effects that run programs (exec)")
	f.BoolVar(&r.allowSQL, "allow-sql", false, "permit effects that read databases (sql)")
	r.tls.add(f)
	r.knowledge.flags(cmd)
	return cmd
}

// noScenario returns an error if the name of a report file is that of a scenario, which was
// probably meant to be played and would be overwritten.
func noScenario(flag, value string) error {
	ext := filepath.Ext(value)
	if ext != ".yaml" && ext != ".yml" && !slices.Contains(libraryNames(), value) {
		return nil
	}
	return fmt.Errorf("%s %s: this is a scenario, but %s wants an output file: write %s - for standard output, or ./%s for a file of this name",
		flag, value, flag, flag, strings.TrimSuffix(value, ext))
}

func mistakes(n int) string {
	if n == 1 {
		return "1 mistake"
	}
	return fmt.Sprintf("%d mistakes", n)
}

// run plays scenarios and writes the reports.
func (r *runFlags) run(cmd *cobra.Command, w World, list []*scenarios.Scenario, known *fixtures.Catalogue) error {
	selected, err := scenarios.Select(list, r.only...)
	if err != nil {
		return misuse(fmt.Errorf("--only: %w", err))
	}
	suite, err := r.suite(cmd, w, selected, known)
	if err != nil {
		return err
	}
	suite.Known = list
	if err := suite.Check(); err != nil {
		return misuse(err)
	}
	// Check that the reports can be written before anything is played.
	if err := errors.Join(checkOut(r.json), checkOut(r.junit), checkOut(r.html), checkOut(r.journal)); err != nil {
		return misuse(err)
	}
	github := newGithub(w, r.json == "-")
	defer github.resume()
	view := newLive(w)
	if view != nil {
		suite.Options.Progress = view.progress
	}
	var unwritten error
	suite.Done = func(report scenarios.Report) {
		view.clear(report.Scenario)
		if r.json != "-" && !report.Started.IsZero() && (r.repeat == 1 || report.Status != scenarios.Passed) {
			// Print each report when its scenario ends. The total comes last. What was not played
			// is in the files only.
			unwritten = cmp.Or(unwritten, scenarios.WriteText(w.Stdout, []scenarios.Report{report}, r.text(w)))
		}
	}
	reports, broken, err := r.play(cmd.Context(), w, suite)
	view.end()
	if err != nil {
		return inconclusive(err)
	}
	if err := cmp.Or(unwritten, r.write(w, reports)); err != nil {
		return inconclusive(err)
	}
	github.report(
		func(out io.Writer) error {
			return scenarios.WriteAnnotations(out, reports, w.Getenv("GITHUB_WORKSPACE"))
		},
		func(out io.Writer) error { return scenarios.WriteSummary(out, reports) },
	)
	return r.result(cmd.Context(), reports, broken)
}

// play plays the scenarios and writes their journal.
func (r *runFlags) play(ctx context.Context, w World, suite *scenarios.Suite) (reports []scenarios.Report, broken, err error) {
	if r.journal == "" {
		reports, broken = suite.Run(ctx)
		return reports, broken, nil
	}
	err = writeExport(w, r.journal, func(out io.Writer) error {
		suite.Options.Journal = out
		reports, broken = suite.Run(ctx)
		return nil
	})
	return reports, broken, err
}

// result returns the error with the exit code of the reports.
func (r *runFlags) result(ctx context.Context, reports []scenarios.Report, broken error) error {
	switch worst := scenarios.Worst(reports); {
	case ctx.Err() != nil:
		return inconclusive(errors.New("interrupted: see the report"))
	case errors.Is(broken, mockserver.ErrInvalid): // such as a fault that this provider's requests cannot have
		return misuse(broken)
	case broken != nil && r.json == "-":
		return inconclusive(broken) // the reports contain all errors
	case broken != nil:
		return inconclusive(errors.New("inconclusive: see the report"))
	case worst == scenarios.Failed:
		return failed()
	case worst == scenarios.Inconclusive, worst == scenarios.Errored:
		return inconclusive(errors.New("some checks could not be made: see the report"))
	}
	return nil
}

// suite returns what plays the scenarios: each on a new server, or all on the running server at
// --server.
func (r *runFlags) suite(cmd *cobra.Command, w World, list []*scenarios.Scenario, known *fixtures.Catalogue) (*scenarios.Suite, error) {
	if r.parallel < 1 || r.repeat < 1 {
		return nil, misusef("--parallel %d, --repeat %d: want numbers from 1", r.parallel, r.repeat)
	}
	if r.timeout < 0 {
		return nil, misusef("--timeout %s: want a positive duration", r.timeout)
	}
	o := scenarios.Options{Secret: r.secret, Catalogue: known, Env: w.LookupEnv, AllowExec: r.allowExec, AllowTargets: r.allow, Params: map[string]string{}}
	if r.allowSQL {
		o.SQL = sqlread.Query
	}
	if r.seed.given {
		o.Seed = r.seed.value()
	}
	for _, param := range r.params {
		name, value, ok := strings.Cut(param, "=")
		if _, twice := o.Params[name]; !ok || name == "" || twice {
			return nil, misusef("--param %q: want NAME=VALUE, each name once", param)
		}
		o.Params[name] = value
	}
	allow := r.allow
	if r.target != "" {
		host, _, err := target("--target", &r.target)
		if err != nil {
			return nil, err
		}
		allow = append(slices.Clone(allow), host)
	}
	if _, err := mockserver.NewGuard(allow); err != nil {
		return nil, misusef("--allow-target: %w", err)
	}
	var err error
	if o.Trust, err = r.tls.trust(cmd, w); err != nil {
		return nil, err
	}
	o.Target, o.Repeat = r.target, r.repeatWords()
	suite := &scenarios.Suite{Scenarios: list, Options: o, Parallel: r.parallel, Repeat: r.repeat, Timeout: r.timeout}
	if r.server != "" {
		if err := r.tls.checkServer(w, r.server, slices.ContainsFunc(list, makesRequests)); err != nil {
			return nil, err
		}
		client, err := dialServer(r.server, r.token, o.Trust)
		suite.Shared = true
		suite.Start = func(context.Context, *scenarios.Scenario, uint64) (*mockserver.Client, func(), error) {
			return client, func() {}, nil
		}
		return suite, err
	}
	log, err := logger(cmd, w)
	suite.Start = func(ctx context.Context, s *scenarios.Scenario, seed uint64) (*mockserver.Client, func(), error) {
		// The server continues after an interrupt, so that the report contains the steps so far.
		server, err := mockserver.Start(context.WithoutCancel(ctx), mockserver.Options{
			RealClock: s.Clock.Mode == scenarios.RealClock, Start: s.Clock.Start, AllowTargets: allow, Log: log, Catalogue: o.Catalogue,
			Trust: o.Trust, Seed: seed,
		})
		if err != nil {
			return nil, nil, err
		}
		return server.Client(), func() { server.Close() }, nil
	}
	return suite, err
}

func (r *runFlags) text(w World) scenarios.TextOptions {
	return scenarios.TextOptions{Color: w.Color(), Timings: w.Terminal, Width: w.width()}
}

// repeatWords returns the flags that repeat this run, without those that every report contains.
func (r *runFlags) repeatWords() []string {
	var words []string
	for _, dir := range r.knowledge.folders {
		words = append(words, "--provider-dir", dir)
	}
	for _, option := range r.knowledge.options {
		words = append(words, "--option", option)
	}
	for _, file := range r.tls.files {
		words = append(words, "--cacert", file)
	}
	if r.tls.skip {
		words = append(words, "--skip-verify")
	}
	if r.server != "" {
		words = append(words, "--server", r.server)
	}
	for _, host := range r.allow {
		words = append(words, "--allow-target", host)
	}
	if r.allowExec {
		words = append(words, "--allow-exec")
	}
	if r.allowSQL {
		words = append(words, "--allow-sql")
	}
	return words
}

// makesRequests reports whether a run of the scenario makes requests itself, instead of the server.
func makesRequests(s *scenarios.Scenario) bool {
	requests := func(step scenarios.Step) bool { return step.Verb() == "burst" || step.Verb() == "call" }
	return slices.ContainsFunc(slices.Concat(s.Setup, s.Steps, s.Teardown), requests) ||
		slices.ContainsFunc(slices.Collect(maps.Values(s.Effects)), func(e scenarios.Effect) bool { return e.HTTP != nil })
}

// write writes the reports to the files of the flags.
func (r *runFlags) write(w World, reports []scenarios.Report) error {
	if len(reports) > 1 && r.repeat == 1 && r.json != "-" {
		if err := scenarios.WriteTotal(w.Stdout, reports); err != nil {
			return inconclusive(err)
		}
	}
	if r.repeat > 1 && r.json != "-" {
		if err := scenarios.WriteRepeats(w.Stdout, scenarios.Repeats(reports)); err != nil {
			return inconclusive(err)
		}
	}
	if r.json == "-" {
		if err := scenarios.WriteJSON(w.Stdout, reports); err != nil {
			return inconclusive(err)
		}
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer, []scenarios.Report) error
	}{{r.json, scenarios.WriteJSON}, {r.junit, scenarios.WriteJUnit}, {r.html, scenarios.WriteHTML}} {
		if file.name == "" || file.name == "-" {
			continue
		}
		if err := writeOut(file.name, func(out io.Writer) error { return file.write(out, reports) }); err != nil {
			return err
		}
	}
	return nil
}
