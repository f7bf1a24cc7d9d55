package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	to, provider, url string
	secrets           []string
	knowledge         knowledge
	tls               trustFlags
	resign, asJSON    bool
	keepPath          bool
	skipInvalid       bool
	speed             float64
	maxGap, timeout   time.Duration
	connections       int
}

func newReplay(w World) *cobra.Command {
	var r replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE|- --to URL",
		Short: "Send captured requests again, unchanged or with a new signature",
		Long: `Reads captures from a file or from standard input (-): JSON Lines or HAR, as written by hookrig export and
hookrig listen --json, captures in the JSON form of the API (one, a list, or {"items": […]}), or one raw HTTP
request. The requests are sent in the order of the file, unchanged except for the request target and Host.
--keep-path appends the recorded path and query to the URL, without the name of the bin that recorded it, as
hookrig listen --forward does.

Without --speed, each request is sent after the response to the one before, or --connections requests are sent
concurrently. With --speed, each is sent at its recorded time, without waiting for responses: 1 is the recorded
pace, 10 is ten times as fast. If none of the --connections (default ` + fmt.Sprint(mockserver.DefaultReplayConnections) + `) is free, it is sent late; the lag is
printed. A capture without a time, or with an earlier time than the capture before it, is due at the same time as
that one. --max-gap shortens long pauses.

A Content-Length or Transfer-Encoding that does not match the body is corrected, and the correction is printed. If
the file has a mistake, nothing is sent, unless --skip-invalid skips the wrong records. Records that are not HTTP,
such as a data: URL in a browser's archive, are always skipped. --resign signs again, so that timestamp checks pass.

Exit code 0: every response was 2xx; 1: some were not; 2: the file or the command line is wrong; 3: interrupted.`,
		Example: `  hookrig replay captures.jsonl --to http://127.0.0.1:3000/hooks
  hookrig replay browser.har --to http://127.0.0.1:3000 --keep-path --skip-invalid
  hookrig replay inbox.har --to http://127.0.0.1:3000/hooks --resign --provider neostore --secret S --speed 1
  hookrig export inbox --format jsonl | hookrig replay - --to http://127.0.0.1:3000/hooks`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return runReplay(cmd, w, args[0], &r) },
	}
	f := cmd.Flags()
	f.StringVar(&r.to, "to", "", "http or https `URL` of the consumer")
	f.BoolVar(&r.resign, "resign", false, "sign each request again, with --provider and --secret")
	f.StringVar(&r.provider, "provider", "", "`PROVIDER` whose signature scheme is used")
	f.StringArrayVar(&r.secrets, "secret", nil, "signing `SECRET`; repeatable, newest first")
	f.StringVar(&r.url, "url", "", "registered `URL`, for providers that sign it (default: --to)")
	f.BoolVar(&r.keepPath, "keep-path", false, "append the recorded path and query to those of --to")
	f.Float64Var(&r.speed, "speed", 0, "recorded pace multiplied by a `NUMBER` (default: as fast as the consumer responds)")
	f.Var((*durationFlag)(&r.maxGap), "max-gap", "with --speed, longest `DURATION` between two captures")
	f.IntVar(&r.connections, "connections", 0, fmt.Sprintf("`NUMBER` of concurrent requests (default 1, with --speed %d)", mockserver.DefaultReplayConnections))
	f.BoolVar(&r.skipInvalid, "skip-invalid", false, "skip records that cannot be sent")
	r.timeout = 30 * time.Second
	f.Var((*durationFlag)(&r.timeout), "timeout", "time limit of one request, a `DURATION`")
	f.BoolVar(&r.asJSON, "json", false, "print each as one line of JSON: {capture, …} and the fields of an attempt")
	r.tls.add(f)
	r.knowledge.flags(cmd)
	completeFlag(cmd, "provider", completeProvider)
	return cmd
}

func runReplay(cmd *cobra.Command, w World, name string, r *replayFlags) error {
	_, guard, err := target("--to", &r.to)
	if err != nil {
		return err
	}
	change, err := r.change()
	if err != nil {
		return err
	}
	if r.speed < 0 || math.IsNaN(r.speed) || math.IsInf(r.speed, 0) {
		return misusef("--speed %v: want a number above 0, such as 1 for the recorded pace", r.speed)
	}
	if r.speed == 0 && cmd.Flags().Changed("speed") {
		return misusef("--speed 0: want a number above 0; omit it to send as fast as the consumer responds")
	}
	switch {
	case r.timeout <= 0:
		return misusef("--timeout %v: want a duration above 0, as in 30s", r.timeout)
	case r.maxGap < 0:
		return misusef("--max-gap %v: want a duration above 0, as in 10s", r.maxGap)
	case r.maxGap > 0 && r.speed == 0:
		return misusef("--max-gap needs --speed")
	case r.connections < 0 || r.connections == 0 && cmd.Flags().Changed("connections") || r.connections > maxReplayConnections:
		return misusef("--connections %d: want 1 to %d", r.connections, maxReplayConnections)
	}
	trust, err := r.tls.trust(cmd, w)
	if err != nil {
		return err
	}
	change.KeepPath = r.keepPath
	file, err := openCaptures(w, name)
	if err != nil {
		return err
	}
	defer file.Close()
	skipped, err := file.check(w, r.skipInvalid, func(c *mockserver.Capture) ([]string, error) {
		_, notes, err := change.Apply(c.Message, r.to, c.At, time.Now())
		return notes, err
	})
	if err != nil {
		return err
	}
	client := &mockserver.HTTPClient{Dial: guard.Dial, Trust: trust}
	defer client.CloseIdle()
	how := ""
	if r.keepPath {
		how = ", each to its recorded path"
	}
	if r.resign {
		how += ", signed again with the scheme of " + r.provider
	}
	w.Stderr.Printf("replaying to %s%s\n", r.to, how)
	run := &replayRun{replayFlags: r, w: w, skipped: skipped}
	return run.all(cmd.Context(), file, client, change)
}

// maxReplayConnections is the largest value of --connections. Each connection is an open file.
const maxReplayConnections = 10_000

// change returns the changes that the flags ask for.
func (r *replayFlags) change() (*mockserver.ReplayChange, error) {
	if !r.resign {
		if r.provider != "" || len(r.secrets) > 0 || r.url != "" {
			return nil, misusef("--provider, --secret and --url need --resign")
		}
		return &mockserver.ReplayChange{}, nil
	}
	known, err := r.knowledge.catalogue()
	if err != nil {
		return nil, err
	}
	if r.provider == "" {
		return nil, misusef("--resign needs --provider and --secret")
	}
	p, err := known.Provider(r.provider)
	if err != nil {
		return nil, misuse(err)
	}
	if err := canCheck(p); err != nil {
		return nil, err
	}
	if _, err := signature.NewSigner(&p.Signing, r.secrets...); err != nil {
		if len(r.secrets) == 0 {
			return nil, misusef("--resign: %s signs with a secret: add --secret", p.Name)
		}
		return nil, misusef("--secret: %w", err)
	}
	return &mockserver.ReplayChange{Resign: &mockserver.ReplayResign{Provider: p, Secrets: r.secrets, URL: r.url}}, nil
}

// replayRun is one run of replay.
type replayRun struct {
	*replayFlags
	w       World
	skipped int // number of records skipped
}

// all sends the valid captures of the file.
func (r *replayRun) all(ctx context.Context, file *captureFile, client *mockserver.HTTPClient, change *mockserver.ReplayChange) error {
	plan := mockserver.ReplayPlan{
		To: r.to, Change: *change, Client: client, Timeout: r.timeout, Connections: r.connections, Speed: r.speed, MaxGap: r.maxGap,
		Waiting: r.waiting, Sent: r.print,
	}
	sum, err := plan.Run(ctx, file.sendable(r.w, change, r.to))
	if printErr := r.summary(&sum); printErr != nil {
		return inconclusive(printErr)
	}
	switch {
	case ctx.Err() != nil:
		return inconclusive(fmt.Errorf("interrupted after %d captures", sum.Sent))
	case errors.Is(err, mockserver.ErrForbidden):
		return misuse(err)
	case err != nil:
		return inconclusive(err)
	case sum.Acknowledged < sum.Sent:
		return failed()
	}
	return nil
}

// waiting prints a long wait.
func (r *replayRun) waiting(wait time.Duration) {
	const long = 5 * time.Second
	if wait >= long {
		r.w.Stderr.Printf("next in %v\n", wait.Round(time.Second))
	}
}

// replayed is the JSON output for one capture.
type replayed struct {
	Capture string `json:"capture"` // its id in the file
	mockserver.Attempt
	LagMS *float64 `json:"lag_ms,omitempty"` // delay after its due time, with --speed
	Notes []string `json:"notes,omitempty"`  // corrections of its head
}

// replaySummary is the last line of JSON, with --speed.
type replaySummary struct {
	Sent         int      `json:"sent"`
	Acknowledged int      `json:"acknowledged"`
	Skipped      int      `json:"skipped"`
	LagMS        lagTimes `json:"lag_ms"`
}

type lagTimes struct {
	P50 float64 `json:"p50"`
	Max float64 `json:"max"`
}

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

func (r *replayRun) summary(sum *mockserver.ReplaySummary) error {
	lag := lagTimes{milliseconds(sum.LagP50), milliseconds(sum.LagMax)}
	if r.asJSON {
		if r.speed == 0 {
			return nil
		}
		return writeLine(r.w, struct {
			Summary replaySummary `json:"summary"`
		}{replaySummary{sum.Sent, sum.Acknowledged, r.skipped, lag}})
	}
	line := fmt.Sprintf("sent  %d, acknowledged with 2xx %d", sum.Sent, sum.Acknowledged)
	if r.skipped > 0 {
		line += fmt.Sprintf(", skipped %d", r.skipped)
	}
	if r.speed > 0 {
		line += fmt.Sprintf("\nlag   p50 %.1f ms, max %.1f ms", lag.P50, lag.Max)
	}
	r.w.Stdout.Printf("%s\n", terminal.Lines(line))
	return r.w.Stdout.Err()
}

// beginning returns the first words of a response's body, on one line.
func beginning(body []byte) string {
	const longest = 120
	text := strings.Join(strings.Fields(string(body[:min(len(body), 4*longest)])), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + " …"
	}
	return text
}

// print prints an exchange.
func (r *replayRun) print(e mockserver.ReplayExchange) error {
	a := &e.Attempt
	if r.asJSON {
		line := replayed{Capture: e.Capture.ID, Attempt: *a, Notes: e.Notes}
		if r.speed > 0 {
			lag := milliseconds(e.Lag)
			line.LagMS = &lag
		}
		return writeLine(r.w, line)
	}
	var b terminal.Builder
	b.Printf("%-9s  %s %s, %d bytes → ", e.Capture.ID, a.Sent.Method, a.Sent.Target, len(a.Sent.Body))
	if a.Status != 0 {
		b.Printf("%d", a.Status)
	} else {
		b.Printf("%s", a.Outcome)
	}
	b.Printf(" in %.1f ms", a.TookMS)
	switch {
	case a.Error != "":
		b.Printf(": %s", a.Error)
	case a.Response != nil && (a.Status < 200 || a.Status > 299) && len(a.Response.Body) > 0:
		b.Printf(": %s", beginning(a.Response.Body))
	}
	r.w.Stdout.Printf("%s\n", terminal.Lines(b.String()))
	return r.w.Stdout.Err()
}
