package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/sqlread"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// runFlags are the flags of run.
type runFlags struct {
	target, secret string
	seed           seedFlag
	junit, json    string
	html           string
	server, token  string
	allow          []string
	params         []string
	allowExec      bool
	allowSQL       bool
	knowledge      knowledge
	tls            trustFlags
}

func newRun(w World) *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run FILE|DIR...",
		Short: "Play scenario files and check the consumer",
		Long: `Plays each scenario on a new server (in memory, on loopback), or on the running server at --server, and prints
every step and its result. Instead of a file you can give the name of a scenario that comes with hookrig, such as
"tour".

Read a scenario file that you did not write before you run it. It can send requests to loopback, to the target and
to hosts of --allow-target. It can read environment variables (${env:NAME}); with --allow-exec it can run programs, with
--allow-sql read databases.

Exit code 0: all scenarios passed; 1: one failed; 2: a file has mistakes, which are all printed; 3: inconclusive,
something could not be checked.`,
		Example: `  hookrig run scenarios/library/tour.yaml
  hookrig run tests/webhooks --target http://127.0.0.1:3000/hooks --secret S --junit report.xml`,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(noScenario("--json", r.json), noScenario("--junit", r.junit), noScenario("--html", r.html)); err != nil {
				return misuse(err)
			}
			if len(args) == 0 {
				return misusef("run wants a scenario file, a folder of scenario files, or a name: %s", strings.Join(libraryNames(), ", "))
			}
			known, err := r.knowledge.catalogue()
			if err != nil {
				return err
			}
			list, err := loadScenarios(args, known)
			if err != nil {
				return err
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
	f.StringVar(&r.server, "server", "", "`URL` of the dashboard of a running server")
	f.StringVar(&r.token, "token", "", "`TOKEN` of that server")
	f.StringArrayVar(&r.params, "param", nil, "set a parameter of the scenarios: `NAME=VALUE`; repeatable")
	f.StringSliceVar(&r.allow, "allow-target", nil, "also permit requests to this `CIDR|HOST`, not only to the target; repeatable")
	f.BoolVar(&r.allowExec, "allow-exec", false, "permit effects that run programs (exec)")
	f.BoolVar(&r.allowSQL, "allow-sql", false, "permit effects that read databases (sql)")
	r.tls.add(f)
	r.knowledge.flags(cmd)
	return cmd
}

// loadScenarios loads all files of the arguments. The error contains all mistakes in all files.
func loadScenarios(args []string, known *fixtures.Catalogue) ([]*scenarios.Scenario, error) {
	var (
		list     []*scenarios.Scenario
		problems strictyaml.Problems
	)
	add := func(s *scenarios.Scenario, err error) error {
		var wrong strictyaml.Problems
		switch {
		case errors.As(err, &wrong):
			problems = append(problems, wrong...)
		case err != nil:
			return misuse(err)
		default:
			list = append(list, s)
		}
		return nil
	}
	for _, arg := range args {
		files, err := scenarios.Files(arg)
		if errors.Is(err, fs.ErrNotExist) {
			name, data, err := libraryFile(arg)
			if err != nil {
				return nil, misusef("%s: no such file or folder, and %w", arg, err)
			}
			if err := add(scenarios.Parse(name, data, known)); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, misuse(err)
		}
		if len(files) == 0 {
			return nil, misusef("%s contains no scenario: scenario files end in .yaml or .yml", arg)
		}
		for _, file := range files {
			if err := add(scenarios.LoadWith(file, known)); err != nil {
				return nil, err
			}
		}
	}
	if len(problems) > 0 {
		return nil, misuse(fmt.Errorf("%s in the scenario files:\n%w", mistakes(len(problems)), problems))
	}
	return list, nil
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

func (r *runFlags) run(cmd *cobra.Command, w World, list []*scenarios.Scenario, known *fixtures.Catalogue) error {
	ctx := cmd.Context()
	o := scenarios.Options{Secret: r.secret, Catalogue: known, Env: w.LookupEnv, AllowExec: r.allowExec, AllowTargets: r.allow}
	if r.allowSQL {
		o.SQL = sqlread.Query
	}
	if r.seed.given {
		o.Seed = r.seed.value()
	}
	allow := r.allow
	if r.target != "" {
		host, _, err := target("--target", &r.target)
		if err != nil {
			return err
		}
		allow = append(slices.Clone(allow), host)
	}
	if _, err := mockserver.NewGuard(allow); err != nil {
		return misusef("--allow-target: %w", err)
	}
	var err error
	if o.Trust, err = r.tls.trust(cmd, w); err != nil {
		return err
	}
	if r.server != "" {
		if err := r.tls.checkServer(w, r.server, slices.ContainsFunc(list, makesRequests)); err != nil {
			return err
		}
	}
	o.Target, o.Repeat = r.target, r.repeat()
	if w.Stderr.IsTerminal() && !w.Terminal {
		// The report goes to a file or pipe: show the progress on the terminal.
		o.Progress = func(p scenarios.Progress) {
			if p.Done != nil {
				w.Stderr.Printf("%s %s\n", p.Done.Status, p.Step)
			}
		}
	}
	given, err := r.permitted(list, o)
	if err != nil {
		return err
	}
	var client *mockserver.Client
	if r.server != "" {
		if client, err = dialServer(r.server, r.token, o.Trust); err != nil {
			return err
		}
	}
	// Check that the reports can be written before anything is played.
	if err := errors.Join(checkOut(r.json), checkOut(r.junit), checkOut(r.html)); err != nil {
		return misuse(err)
	}
	github := newGithub(w, r.json == "-")
	defer github.resume()
	var (
		reports []scenarios.Report
		broken  []error
	)
	for i, s := range list {
		o.Params = paramsOf(s, given)
		report, err := r.play(cmd, w, client, s, o, allow)
		var misused *exitError
		if errors.As(err, &misused) && misused.code == exitMisuse {
			return err
		}
		if err != nil {
			broken = append(broken, err)
		}
		reports = append(reports, report)
		if r.json != "-" {
			// Print each report when its scenario ends. The total comes last.
			if err := scenarios.WriteText(w.Stdout, []scenarios.Report{report}, r.text(w)); err != nil {
				return inconclusive(err)
			}
		}
		why := ""
		switch {
		case ctx.Err() != nil:
			why = "not run: interrupted"
		case errors.Is(err, scenarios.ErrNoConsumer) && r.target != "":
			why = "not run: the target cannot be reached" // no further scenario can reach it either
		}
		if why != "" {
			for _, rest := range list[i+1:] {
				reports = append(reports, scenarios.NotRun(rest, why))
			}
			break
		}
	}
	if err := r.write(w, reports); err != nil {
		return err
	}
	github.report(reports)
	switch worst := scenarios.Worst(reports); {
	case len(broken) > 0:
		if ctx.Err() != nil {
			return inconclusive(errors.New("interrupted: see the report"))
		}
		if r.json == "-" {
			return inconclusive(broken[0]) // the reports contain all errors
		}
		return inconclusive(errors.New("inconclusive: see the report"))
	case worst == scenarios.Failed:
		return failed()
	case worst == scenarios.Inconclusive, worst == scenarios.Errored:
		return inconclusive(errors.New("data that some checks need is missing: see the report"))
	}
	return nil
}

// permitted checks before anything is played that every scenario may do what it does, and that its
// parameters have values.
func (r *runFlags) permitted(list []*scenarios.Scenario, o scenarios.Options) (map[string]string, error) {
	given, err := r.given(list)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, s := range list {
		o.Params = paramsOf(s, given)
		problems = append(problems, s.CheckParams(o.Params), s.Permit(o))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, misuse(err)
	}
	return given, nil
}

// given returns the parameters of the flags. Every name must be a parameter of some scenario.
func (r *runFlags) given(list []*scenarios.Scenario) (map[string]string, error) {
	given := map[string]string{}
	var known []string
	for _, s := range list {
		known = append(known, slices.Collect(maps.Keys(s.Params))...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, param := range r.params {
		name, value, ok := strings.Cut(param, "=")
		if !ok || name == "" {
			return nil, misusef("--param %q: want NAME=VALUE", param)
		}
		if _, twice := given[name]; twice {
			return nil, misusef("--param %s: %s is set twice", param, name)
		}
		if !slices.Contains(known, name) {
			hint := "known: " + strings.Join(known, ", ")
			if near := strictyaml.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			} else if len(known) == 0 {
				hint = "no scenario of this run has parameters"
			}
			return nil, misusef("--param %s: unknown parameter %q; %s", param, name, hint)
		}
		given[name] = value
	}
	return given, nil
}

// paramsOf returns the given parameters that a scenario has.
func paramsOf(s *scenarios.Scenario, given map[string]string) map[string]string {
	own := map[string]string{}
	for name, value := range given {
		if _, ok := s.Params[name]; ok {
			own[name] = value
		}
	}
	return own
}

func (r *runFlags) text(w World) scenarios.TextOptions {
	return scenarios.TextOptions{Color: w.Color(), Timings: w.Terminal, Width: w.width()}
}

// repeat returns the flags that repeat this run, without those that every report contains.
func (r *runFlags) repeat() []string {
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
	return slices.ContainsFunc(s.Steps, func(step scenarios.Step) bool { return step.Verb() == "burst" }) ||
		slices.ContainsFunc(slices.Collect(maps.Values(s.Effects)), func(e scenarios.Effect) bool { return e.HTTP != nil })
}

// play runs one scenario on a new server, or on the running server of client.
func (r *runFlags) play(
	cmd *cobra.Command, w World, client *mockserver.Client, s *scenarios.Scenario, o scenarios.Options, allow []string,
) (scenarios.Report, error) {
	ctx := cmd.Context()
	if client != nil {
		return scenarios.Run(ctx, client, s, o)
	}
	log, err := logger(cmd, w)
	if err != nil {
		return scenarios.Report{}, err
	}
	// The server continues after an interrupt, so that the report contains the steps so far.
	server, err := mockserver.Start(context.WithoutCancel(ctx), mockserver.Options{
		RealClock: s.Clock.Mode == scenarios.RealClock, Start: s.Clock.Start, AllowTargets: allow, Log: log, Catalogue: o.Catalogue,
		Trust: o.Trust,
	})
	if err != nil {
		return scenarios.NotRun(s, "not run: "+err.Error()), err
	}
	defer server.Close()
	return scenarios.Run(ctx, server.Client(), s, o)
}

// write writes the reports to the files of the flags.
func (r *runFlags) write(w World, reports []scenarios.Report) error {
	if len(reports) > 1 && r.json != "-" {
		if err := scenarios.WriteTotal(w.Stdout, reports); err != nil {
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
