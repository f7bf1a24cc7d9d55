package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
)

// World is the environment of one run of the program. Tests replace it.
type World struct {
	Stdin io.Reader
	// Stdout and Stderr escape terminal control sequences; see package terminal.
	Stdout, Stderr *terminal.Writer
	// Environ returns the environment, as os.Environ does.
	Environ func() []string
	// Terminal reports whether Stdout is a terminal. Only a terminal gets live and coloured output.
	Terminal bool
}

func world() World {
	stdout := terminal.NewWriter(os.Stdout)
	return World{Stdin: os.Stdin, Stdout: stdout, Stderr: terminal.NewWriter(os.Stderr), Environ: os.Environ, Terminal: stdout.IsTerminal()}
}

// Getenv returns the value of an environment variable. It returns "" when it is not set.
func (w World) Getenv(name string) string {
	value, _ := w.LookupEnv(name)
	return value
}

// LookupEnv returns the value of an environment variable, and whether it is set. If the environment
// has several lines for one name, the last counts.
func (w World) LookupEnv(name string) (value string, set bool) {
	for _, line := range w.Environ() {
		if rest, ok := strings.CutPrefix(line, name+"="); ok {
			value, set = rest, true
		}
	}
	return value, set
}

// Color reports whether stdout may be coloured.
func (w World) Color() bool { return w.Terminal && w.coloured() }

// coloured reports whether the environment allows colours: NO_COLOR is not set, and TERM is not
// "dumb".
func (w World) coloured() bool { return w.Getenv("NO_COLOR") == "" && w.Getenv("TERM") != "dumb" }

// width returns the width of the terminal in columns, limited to 40 to 200. It returns 0 when
// stdout is not a terminal.
func (w World) width() int {
	f := w.Stdout.File()
	if f == nil || !w.Terminal {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return 0
	}
	return min(max(columns, 40), 200)
}

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, args []string, w World) int {
	root := newRoot(w)
	root.SetArgs(listAsJSON(args))
	root.SetIn(w.Stdin)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitPassed
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		// errors of cobra: unknown command, unknown flag, wrong number of arguments
		exit = misuse(err)
	}
	if text := strings.TrimSpace(exit.text()); text != "" {
		w.Stderr.Printf("hookrig: %s\n", terminal.Lines(text))
	}
	return exit.code
}

func newRoot(w World) *cobra.Command {
	root := &cobra.Command{
		Use:   "hookrig",
		Short: "Test webhooks: send signed events, capture requests, check consumers",
		Long: `hookrig acts as a webhook provider: it sends signed events with that provider's headers, retries
and faults. It captures requests byte for byte, runs scenario files against your consumer and
sends bursts of events.

Exit codes: 0 passed, 1 failed, 2 misuse, 3 inconclusive.
Results go to stdout, progress and logs to stderr.
Every flag can be set with an environment variable: --allow-target is HOOKRIG_ALLOW_TARGET.
Variables of repeatable flags take comma-separated values. Those of --secret, --set, --fault,
--option, --param, --only and --api-key take one value per line.`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkEnv(cmd.Root(), w); err != nil {
				return err
			}
			if err := flagsFromEnv(cmd.Flags(), w.LookupEnv); err != nil {
				return err
			}
			if err := checkGiven(cmd.Flags()); err != nil {
				return err
			}
			_, err := logLevel(cmd)
			return err
		},
	}
	root.SetVersionTemplate(versionText())
	root.SetFlagErrorFunc(explainFlag)
	pages := topics()
	root.SetHelpCommand(newHelp(root, w, pages))
	root.PersistentFlags().String("log-level", "warn", "log `LEVEL` on stderr: debug, info, warn or error")
	root.AddCommand(
		newRun(w), newCheck(w), newCheckProvider(w), newServe(w), newListen(w), newSend(w), newEvents(w), newVerify(w),
		newBurst(w), newWorker(w), newReplay(w), newExport(w), newImport(w), newCopy(w), newLearn(w), newLint(w),
		newFaults(w), newShow(w), newSchema(w), newNodes(w), newVersion(w), newHealthcheck(w),
	)
	explainCompletion(root)
	listTopics(root, pages)
	wrapHelp(root)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", helpWidth)))
	return root
}

// logger returns a logger that writes to stderr, in colour on a terminal.
func logger(cmd *cobra.Command, w World) (*slog.Logger, error) {
	level, err := logLevel(cmd)
	if err != nil {
		return nil, err
	}
	if w.Stderr.IsTerminal() && w.coloured() {
		return slog.New(tint.NewTextHandler(w.Stderr.Coloured(), &tint.Options{Level: level, TimeFormat: "15:04:05.000", ReplaceAttr: logged})), nil
	}
	return slog.New(slog.NewTextHandler(w.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: logged})), nil
}

// logged returns an attribute without secrets, on one line.
func logged(_ []string, attr slog.Attr) slog.Attr {
	switch attr.Value.Kind() {
	case slog.KindString, slog.KindAny:
		if _, level := attr.Value.Any().(slog.Level); level {
			return attr
		}
		text := attr.Value.String()
		if redact.Name(attr.Key) && text != "" {
			text = redact.Word
		}
		return slog.String(attr.Key, terminal.Line(redact.Quoted(text)))
	}
	return attr
}

func logLevel(cmd *cobra.Command) (slog.Level, error) {
	text, err := cmd.Flags().GetString("log-level")
	if err != nil {
		return 0, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, misusef("--log-level %q: want debug, info, warn or error", text)
	}
	return level, nil
}
