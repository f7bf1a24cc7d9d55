package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/internal/sqlread"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// checkFlags are the flags of check.
type checkFlags struct {
	secret, oldSecret string
	event             string
	effect, state     string
	restart           string
	skip, known, only []string
	gate, level       string
	seed              seedFlag
	timeout           time.Duration
	within, settle    time.Duration
	language          string
	baseline          string
	files             checkFiles
	server, token     string
	allow             []string
	list, all, strict bool
	knowledge         knowledge
	tls               trustFlags
}

func newCheck(w World) *cobra.Command {
	var c checkFlags
	cmd := &cobra.Command{
		Use:   "check URL PROVIDER",
		Short: "Examine a consumer: what it does wrong, and how to fix it",
		Long: `Plays the provider against your consumer, well and badly, and grades what it does: forged and stale signatures,
duplicates, another order, unknown events, broken bodies, slow connections. Each check has a good delivery before and
after it. The consumer goes on running.

The answers alone do not show what the consumer did. --effect reads a number that counts it: the rows of a table, the
calls of another service. --state reads the state of one entity, whose key
replaces ${entity}.

Exit code 0: no check of the level failed; 1: one failed; 2: the command line has mistakes; 3: the exam could not tell:
nothing listens there, the consumer refuses good deliveries too, --effect is of no use, or there was no response in
time. A check that needs more than the command gives, such as --effect, is inconclusive and changes no exit code; with
--strict it fails.`,
		Example: `  hookrig check http://127.0.0.1:3000/hooks stripe --secret whsec_S
  hookrig check http://127.0.0.1:3000/hooks github --secret S --effect 'http http://127.0.0.1:3000/count .body.handled'
  hookrig check 3000 neostore --secret S --effect 'sql sqlite:app.db SELECT count(*) FROM passes'
  hookrig check 3000 stripe --secret S --state 'http http://127.0.0.1:3000/customers/${entity} .body.status' --only order
  hookrig check --list`,
		Args: func(_ *cobra.Command, args []string) error {
			if c.list || len(args) == 2 {
				return nil
			}
			return misusef("check wants URL PROVIDER, as in hookrig check http://127.0.0.1:3000/hooks stripe --secret S")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.list {
				return c.printList(w)
			}
			return c.run(cmd, w, args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.secret, "secret", "", "`SECRET` that the consumer verifies signatures with")
	f.StringVar(&c.oldSecret, "old-secret", "", "a second `SECRET` that the consumer accepts, as while the secret is replaced")
	f.StringVar(&c.event, "event", "", "deliver events of this `TYPE` (default: the first of the provider's that the consumer accepts)")
	f.StringVar(&c.effect, "effect", "", "`HOW` to read the number of things that the consumer did: 'http URL JQ', 'exec COMMAND', 'sql DSN QUERY' or 'sink BIN'")
	f.StringVar(&c.state, "state", "", "`HOW` to read the state of one entity, as for --effect, with ${entity} in the place of its key")
	f.StringVar(&c.restart, "restart", "", "`COMMAND` that restarts the consumer, for the checks that need it")
	f.StringArrayVar(&c.skip, "skip", nil, "leave out a check: `ID=REASON`; repeatable")
	f.StringArrayVar(&c.known, "known", nil, "a check that is known to fail, and must: `ID=REASON`; repeatable")
	f.StringArrayVar(&c.only, "only", nil, "make only the checks with this `ID|THEME|LEVEL`; repeatable")
	f.StringVar(&c.gate, "gate", "", "make only the check that this `VENDOR` makes when an endpoint is registered: xero, discord or shopify")
	f.StringVar(&c.level, "level", string(scenarios.Must), "lowest `LEVEL` whose failures count for the exit code: must, should or info")
	f.BoolVar(&c.strict, "strict", false, "a check that is inconclusive fails")
	f.Var(&c.seed, "seed", "`NUMBER` that determines every event (default: random, and printed)")
	f.DurationVar(&c.timeout, "timeout", 0, "time limit of one request (default: 5s, or that of the provider if it is shorter)")
	f.DurationVar(&c.within, "within", 0, "how long an effect may take (default: 2s)")
	f.DurationVar(&c.settle, "settle", 0, "how long an effect must stay as it is before it counts (default: 50ms, longer for slow effects)")
	f.StringVar(&c.language, "language", "", "`LANGUAGE` of code examples for the fixes: go, node, python or php")
	f.StringVar(&c.baseline, "baseline", "", "a former report (--json) in this `FILE`: only failures that it does not have count")
	c.files.add(f)
	f.StringVar(&c.server, "server", "", "`URL` of the dashboard of a running server, which sends the events")
	f.StringVar(&c.token, "token", "", "`TOKEN` of that server")
	f.StringSliceVar(&c.allow, "allow-target", nil, "also permit --effect and --state to read from this `CIDR|HOST`; repeatable")
	f.BoolVar(&c.list, "list", false, "list the checks instead of making them")
	f.BoolVar(&c.all, "all", false, "print every check; each that is wrong with its request as curl, and the command that repeats it")
	c.tls.add(f)
	c.knowledge.flags(cmd)
	return cmd
}

// run examines the consumer and writes the reports.
func (c *checkFlags) run(cmd *cobra.Command, w World, url, provider string) error {
	if !slices.Contains(exam.Levels(), scenarios.Level(c.level)) {
		return misusef("--level %q: want must, should or info", c.level)
	}
	consumer, err := c.consumer(cmd, w, url, provider)
	if err != nil {
		return err
	}
	if c.language != "" && !slices.Contains(exam.Languages(), c.language) {
		return misusef("--language %q: want %s", c.language, strings.Join(exam.Languages(), ", "))
	}
	before, err := formerReport(c.baseline)
	if err != nil {
		return err
	}
	if err := c.files.check(); err != nil {
		return misuse(err)
	}
	var client *mockserver.Client
	if c.server != "" {
		if client, err = dialServer(c.server, c.token, consumer.Trust); err != nil {
			return err
		}
	}
	view := newLive(w)
	if view != nil {
		consumer.Steps = view.progress
		consumer.Progress = func(r exam.Result) { view.clear(r.ID) }
	}
	report, err := exam.Run(cmd.Context(), client, consumer)
	view.end()
	if errors.Is(err, exam.ErrConsumer) {
		return misuse(err)
	}
	if err != nil && cmd.Context().Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil && len(report.Checks) == 0 {
		return inconclusive(err)
	}
	if err != nil {
		report.Notes = append(slices.Clone(report.Notes), fmt.Sprintf("the exam ended early, the checks that it made are %d: %v", len(report.Checks), err))
	}
	if before != nil {
		report.ApplyBaseline(*before)
	}
	if err := c.files.writeAll(w, report, scenarios.Level(c.level), exam.TextOptions{Color: w.Color(), All: c.all, Language: c.language}); err != nil {
		return err
	}
	switch {
	case len(report.Failures(scenarios.Level(c.level))) > 0:
		return failed()
	case err != nil:
		return inconclusive(err)
	case report.EffectProblem != "":
		return inconclusive(errors.New("the effect is of no use: see the report"))
	case report.Score.Graded() == 0:
		return inconclusive(errors.New("nothing could be graded: see the report"))
	}
	if unjudged := report.Unjudged(scenarios.Level(c.level)); len(unjudged) > 0 {
		return inconclusive(fmt.Errorf("inconclusive checks, although nothing was missing: %d, such as %s; see the report, or leave them out with --skip", len(unjudged), unjudged[0].ID))
	}
	return nil
}

// consumer returns what the flags say of the consumer.
func (c *checkFlags) consumer(cmd *cobra.Command, w World, url, provider string) (exam.Consumer, error) {
	consumer := exam.Consumer{
		Provider: provider, Secret: c.secret, OldSecret: c.oldSecret, Event: c.event, Only: c.only, Gate: scenarios.Gate(c.gate), Strict: c.strict,
		Timeout: c.timeout, Within: c.within, Settle: c.settle, SQL: sqlread.Query, AllowTargets: c.allow,
	}
	if _, _, err := target("URL", &url); err != nil {
		return consumer, err
	}
	consumer.URL = url
	var err error
	if consumer.Catalogue, err = c.knowledge.catalogue(); err != nil {
		return consumer, err
	}
	if consumer.Effect, err = effectFlag("--effect", c.effect); err != nil {
		return consumer, err
	}
	if consumer.State, err = effectFlag("--state", c.state); err != nil {
		return consumer, err
	}
	if consumer.Skip, err = reasons("--skip", c.skip); err != nil {
		return consumer, err
	}
	if consumer.Known, err = reasons("--known", c.known); err != nil {
		return consumer, err
	}
	if c.seed.given {
		consumer.Seed = *c.seed.value()
	}
	if c.restart != "" {
		if consumer.Restart, err = restarter(c.restart, url); err != nil {
			return consumer, misusef("--restart: %w", err)
		}
	}
	if consumer.Trust, err = c.tls.trust(cmd, w); err != nil {
		return consumer, err
	}
	consumer.Repeat = c.repeatWords()
	return consumer, nil
}

// effectFlag reads the value of --effect and --state.
func effectFlag(flag, text string) (*scenarios.Effect, error) {
	if text == "" {
		return nil, nil
	}
	e, err := exam.ParseEffect(text)
	if err != nil {
		return nil, misusef("%s: %w", flag, err)
	}
	return e, nil
}

// reasons reads the values of --skip and --known.
func reasons(flag string, values []string) (map[string]string, error) {
	list := map[string]string{}
	for _, value := range values {
		id, reason, _ := strings.Cut(value, "=")
		if id == "" || strings.TrimSpace(reason) == "" {
			return nil, misusef("%s %q: want ID=REASON, as in %s order-reversed='we read the state from the API'", flag, value, flag)
		}
		list[id] = reason
	}
	return list, nil
}

// formerReport reads the report of --baseline; nil is none.
func formerReport(name string) (*exam.Report, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, misusef("--baseline: %w", err)
	}
	before, err := exam.ParseReport(data)
	if err != nil {
		return nil, misusef("--baseline %s: %w", name, err)
	}
	return &before, nil
}

// repeatWords returns the flags that repeat the checks, in addition to those that every command
// has.
func (c *checkFlags) repeatWords() []string {
	var words []string
	for _, f := range []struct{ flag, value string }{
		{"--event", c.event}, {"--effect", c.effect}, {"--state", c.state}, {"--restart", c.restart}, {"--server", c.server},
	} {
		if f.value != "" {
			words = append(words, f.flag, f.value)
		}
	}
	for _, f := range []struct{ flag, secret, variable string }{
		{"--old-secret", c.oldSecret, "$HOOKRIG_OLD_SECRET"}, {"--token", c.token, "$HOOKRIG_TOKEN"},
	} {
		if f.secret != "" {
			words = append(words, f.flag, f.variable)
		}
	}
	for _, f := range []struct {
		flag  string
		value time.Duration
	}{{"--timeout", c.timeout}, {"--within", c.within}, {"--settle", c.settle}} {
		if f.value != 0 {
			words = append(words, f.flag, f.value.String())
		}
	}
	for _, f := range []struct {
		flag   string
		values []string
	}{{"--option", c.knowledge.options}, {"--provider-dir", c.knowledge.folders}, {"--cacert", c.tls.files}, {"--allow-target", c.allow}} {
		for _, value := range f.values {
			words = append(words, f.flag, value)
		}
	}
	for _, f := range []struct {
		flag  string
		given bool
	}{{"--skip-verify", c.tls.skip}, {"--strict", c.strict}} {
		if f.given {
			words = append(words, f.flag)
		}
	}
	return words
}

// printList prints the checks.
func (c *checkFlags) printList(w World) error {
	checks, err := exam.Checks()
	if err == nil {
		checks, err = exam.Select(checks, c.only...)
	}
	if err != nil {
		return misuse(err)
	}
	if c.files.json != "" {
		return c.files.writeList(w, checks)
	}
	for _, one := range checks {
		w.Stdout.Printf("%-6s  %-10s  %-32s  %s\n", one.Level, one.Theme, one.ID, one.Title)
	}
	if err := w.Stdout.Err(); err != nil {
		return inconclusive(err)
	}
	return nil
}
