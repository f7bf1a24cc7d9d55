package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/shell"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// checkProviderFlags are the flags of check-provider.
type checkProviderFlags struct {
	server    serverFlags
	knowledge knowledge
	options   sender.Options
	prepare   bool
	wait      time.Duration
	count     int
	level     string
	skip      []string
	known     []string
	baseline  string
	files     checkFiles
	all       bool
}

// standardWebhooks is the provider that a sender is compared with by default.
const standardWebhooks = "standard-webhooks"

func newCheckProvider(w World) *cobra.Command {
	c := checkProviderFlags{level: string(scenarios.Must)}
	cmd := &cobra.Command{
		Use:   "check-provider BIN|FILE|- [PROVIDER]",
		Short: "Check a program that sends webhooks: signatures, retries, order",
		Long: `Compares what a bin recorded from a sender with the file of a provider: how it signs, when it tries again and when it
stops. Without PROVIDER that is the Standard Webhooks specification. Your own policy is a provider.yaml
(--provider-dir, hookrig help providers). What the file marks assumed or unstated only warns.

A sender shows most when requests fail. --prepare makes the bin of a running server answer each event differently, and
lists what to send. --wait does that, waits until the events and their retries have come, and then checks them; your
sender may send an event every second meanwhile. Without either, the requests that the bin or the file has are
checked, with the responses that they got.

Exit code 0: passed; 1: a check failed; 2: a flag or a name is wrong; 3: there was nothing to check, or a check of level
must is inconclusive.`,
		Example: `  hookrig check-provider inbox --secret whsec_… --wait 2m
  hookrig check-provider inbox stripe --retry live --secret whsec_… --prepare
  hookrig check-provider inbox acme --provider-dir ./acme --secret S --junit report.xml --skip http-length=streamed
  hookrig export inbox --format jsonl | hookrig check-provider - github --secret S`,
		Args: checkProviderArgs,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return completeProvider(cmd, nil, typed)
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd, w, args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&c.options.Secrets, "secret", nil, "signing `SECRET` of the sender; repeatable")
	f.StringVar(&c.options.URL, "url", "", "registered `URL`, for providers that sign it")
	f.StringVar(&c.options.Retry, "retry", "", "retry `PROFILE` of the provider, or \"like NAME\" (default: the provider's)")
	f.BoolVar(&c.prepare, "prepare", false, "make the bin answer so that the sender shows what it does, and end")
	f.DurationVar(&c.wait, "wait", 0, "prepare the bin, wait up to a `DURATION` for the events and their retries, and check them")
	f.IntVar(&c.count, "count", 0, "with --wait, the `NUMBER` of events that will come (default: those that --prepare asks for)")
	f.DurationVar(&c.options.Late, "tolerance", 2*time.Second, "how much later than documented a retry may come, a `DURATION`, in addition to a tenth of the wait")
	f.StringVar(&c.level, "level", c.level, "lowest `LEVEL` whose failures count for the exit code: must, should or info")
	f.StringArrayVar(&c.skip, "skip", nil, "leave out a check: `ID=REASON`; repeatable")
	f.StringArrayVar(&c.known, "known", nil, "a check that is known to fail, and must: `ID=REASON`; repeatable")
	f.StringArrayVar(&c.options.Only, "only", nil, "make only the checks with this `ID|THEME|LEVEL`; repeatable")
	f.StringVar(&c.baseline, "baseline", "", "a former report (--json) in this `FILE`: only failures that it does not have count")
	f.BoolVar(&c.all, "all", false, "print every check, not only those that did not pass")
	c.files.add(f)
	c.server.add(cmd)
	c.knowledge.flags(cmd)
	return cmd
}

// checkProviderArgs wants a bin or file, and perhaps a provider.
func checkProviderArgs(cmd *cobra.Command, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return wrongArgs(cmd, "BIN, the bin that your sender sends to, and perhaps PROVIDER", args)
	}
	return nil
}

func (c *checkProviderFlags) run(cmd *cobra.Command, w World, args []string) error {
	if err := c.set(args); err != nil {
		return err
	}
	before, err := formerReport(c.baseline)
	if err != nil {
		return err
	}
	var report exam.Report
	switch {
	case c.wait > 0:
		report, err = c.provoke(cmd, w, args[0])
	case c.prepare:
		return c.prepareOnly(cmd, w, args)
	default:
		report, err = c.grade(cmd, w, args[0])
	}
	if err != nil {
		return checkProviderError(err)
	}
	if before != nil {
		report.ApplyBaseline(*before)
	}
	if err := c.files.writeAll(w, report, scenarios.Level(c.level), exam.TextOptions{Color: w.Color(), All: c.all}); err != nil {
		return err
	}
	return c.result(cmd.Context(), report)
}

// set checks the flags and sets the options.
func (c *checkProviderFlags) set(args []string) error {
	known, err := c.knowledge.catalogue()
	if err != nil {
		return err
	}
	c.options.Catalogue = known
	name := standardWebhooks
	if len(args) == 2 {
		name = args[1]
	}
	if c.options.Provider, err = known.Provider(name); err != nil {
		return misuse(err)
	}
	if _, _, err := c.options.Provider.RulesFor(c.options.Retry); err != nil {
		return misusef("--retry: %w", err)
	}
	if c.options.Skip, err = reasons("--skip", c.skip); err != nil {
		return err
	}
	if c.options.Known, err = reasons("--known", c.known); err != nil {
		return err
	}
	switch {
	case (c.prepare || c.wait > 0) && isFile(args[0]):
		return misusef("--prepare and --wait need a bin of a running server, and %s is a file", inputName(args[0]))
	case !slices.Contains(exam.Levels(), scenarios.Level(c.level)):
		return misusef("--level %q: want must, should or info", c.level)
	case c.wait < 0:
		return misusef("--wait %v: want a duration above 0, such as 2m", c.wait)
	case c.options.Late <= 0:
		return misusef("--tolerance %v: want a duration above 0, such as 2s", c.options.Late)
	case c.count < 0:
		return misusef("--count %d: want 1 or more", c.count)
	case c.count > 0 && c.wait == 0:
		return misusef("--count needs --wait")
	}
	if err := c.files.check(); err != nil {
		return misuse(err)
	}
	return nil
}

// prepareOnly prepares the bin and says what to do then.
func (c *checkProviderFlags) prepareOnly(cmd *cobra.Command, w World, args []string) error {
	plan, err := sender.NewPlan(c.options, 0)
	if err != nil {
		return checkProviderError(err)
	}
	client, err := c.server.dial(cmd, w)
	if err != nil {
		return err
	}
	if _, err := plan.Prepare(cmd.Context(), client, args[0]); err != nil {
		return captureError(err)
	}
	c.printPlan(w, client, args[0], plan)
	w.Stdout.Printf("then: %s\n", c.checkCommand(cmd, args))
	return captureErrorOrNil(w.Stdout.Err())
}

// checkCommand is the command that checks the bin that was prepared, with the flags that were
// given. Secrets are variables.
func (c *checkProviderFlags) checkCommand(cmd *cobra.Command, args []string) string {
	words := []string{"hookrig", "check-provider"}
	for _, arg := range args {
		words = append(words, shell.Word(arg))
	}
	several := false
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		switch secret := f.Name == "secret" || f.Name == "token"; {
		case f.Name == "prepare":
		case secret && len(values) > 1:
			several = true
		case secret:
			words = append(words, "--"+f.Name, `"$`+envName(f.Name)+`"`)
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name+"="+values[0])
		default:
			for _, value := range values {
				word := shell.Word(value)
				if (f.Name == "url" || f.Name == "server") && redact.URL(value) != value {
					word = `"$` + envName(f.Name) + `"`
				}
				words = append(words, "--"+f.Name, word)
			}
		}
	})
	line := strings.Join(words, " ")
	if several {
		line += "    # with the secrets in HOOKRIG_SECRET, one a line"
	}
	return line
}

// printPlan says what to send, and what that gets.
func (c *checkProviderFlags) printPlan(w World, client *mockserver.Client, bin string, plan sender.Plan) {
	out := w.Stdout
	if c.wait > 0 {
		out = w.Stderr
	}
	out.Printf("%s is ready: let your sender send %d different events to it\n", client.BinURL(bin), len(plan.Events))
	for i, e := range plan.Events {
		out.Printf("%3d  gets %s\n", i+1, e.Shows)
	}
	if plan.Last != nil && c.wait == 0 {
		out.Printf("%3d  gets %s: send it when the others are delivered\n", len(plan.Events)+1, plan.Last.Shows)
	}
	for _, note := range plan.Notes {
		out.Printf("note: %s\n", note)
	}
}

// provoke prepares the bin, waits and grades.
func (c *checkProviderFlags) provoke(cmd *cobra.Command, w World, bin string) (exam.Report, error) {
	client, err := c.server.dial(cmd, w)
	if err != nil {
		return exam.Report{}, err
	}
	line := ""
	return sender.Provoke(cmd.Context(), client, bin, c.options, sender.Watch{
		Events: c.count, Limit: c.wait,
		Prepared: func(plan sender.Plan) { c.printPlan(w, client, bin, plan) },
		Last:     func(last sender.Provocation) { w.Stderr.Printf("now send one more event: it gets %s\n", last.Shows) },
		Progress: func(events, of int, until time.Time) {
			if next := progressLine(events, of, until); next != line {
				line = next
				w.Stderr.Printf("%s\n", line)
			}
		},
	})
}

// progressLine says how far the events of a plan are.
func progressLine(events, of int, until time.Time) string {
	switch {
	case events < of:
		return fmt.Sprintf("%d of %d events", events, of)
	case until.IsZero():
		return fmt.Sprintf("%d of %d events; one is left without a response until the sender gives up", events, of)
	}
	return fmt.Sprintf("%d of %d events; retries may come until %s", events, of, until.Format(time.TimeOnly))
}

// grade grades what the bin or the file has.
func (c *checkProviderFlags) grade(cmd *cobra.Command, w World, from string) (exam.Report, error) {
	if !isFile(from) {
		client, err := c.server.dial(cmd, w)
		if err != nil {
			return exam.Report{}, err
		}
		return sender.GradeBin(cmd.Context(), client, from, c.options)
	}
	captures, closing, err := recorded(cmd, w, from, &c.server)
	if err != nil {
		return exam.Report{}, err
	}
	defer closing()
	var list []mockserver.Capture
	for one, err := range captures {
		if err != nil {
			return exam.Report{}, err
		}
		list = append(list, one)
	}
	o := c.options
	o.Bin, o.Now = from, time.Now()
	if info, err := os.Stat(from); err == nil {
		o.Now = info.ModTime() // what came later is not in the file
	}
	return sender.Grade(list, o)
}

// result returns the error with the exit code of the report.
func (c *checkProviderFlags) result(ctx context.Context, r exam.Report) error {
	switch must := r.Score.Must.Inconclusive; {
	case len(r.Failures(scenarios.Level(c.level))) > 0:
		return failed()
	case ctx.Err() != nil:
		return inconclusive(errors.New("interrupted: see the report"))
	case r.Score.Graded() == 0:
		return inconclusive(errors.New("nothing could be graded: see the report"))
	case must > 0:
		return inconclusive(fmt.Errorf("inconclusive checks of level must: %d; see the report, or leave them out with --skip", must))
	}
	return nil
}

// checkProviderError returns an error with its exit code.
func checkProviderError(err error) error {
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		return err
	case errors.Is(err, sender.ErrOptions), errors.Is(err, fixtures.ErrUnknownRetry):
		return misuse(err)
	}
	return captureError(err)
}
