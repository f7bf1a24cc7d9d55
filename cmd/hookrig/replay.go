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
		Short: "Send captured requests again, byte for byte or signed anew",
		Long: `Reads captures from a file or from standard input (-): JSON Lines or HAR, as hookrig export and hookrig listen --json write
them, captures as the API answers them (one, a list, or {"items": […]}), or one raw HTTP request. Each goes to the URL as it was captured, but
for its target and Host, in the order of the file. --keep-path puts the recorded path and query behind those of the URL, as hookrig listen
--forward does: the name of the bin that recorded a capture is left out.

Without --speed the next one is sent when the one before is answered, unless --connections says more at once. With --speed each is sent at its
time, whether those before are answered or not: 1 keeps the pace at which they came, 10 is ten times as fast. The times are kept while one of
--connections (default ` + fmt.Sprint(mockserver.DefaultReplayConnections) + `) is free; how late captures were sent is printed. A capture without a time, or with an earlier one than
the capture before it, is due with that one. --max-gap shortens long pauses.

What is sent ends where its head says: a Content-Length or Transfer-Encoding that does not fit the body is corrected, and this is printed. A
file with a mistake is not sent at all, unless --skip-invalid leaves out what is wrong. What never was HTTP, such as a data: URL in a browser's
archive, is always left out. With --resign the signature is made anew, so that a consumer that looks at its time takes it.

Exit code 0: every answer was 2xx; 1: some were not; 2: the file or the command line is wrong; 3: interrupted.`,
		Example: `  hookrig replay captures.jsonl --to http://127.0.0.1:3000/hooks
  hookrig replay browser.har --to http://127.0.0.1:3000 --keep-path --skip-invalid
  hookrig replay inbox.har --to http://127.0.0.1:3000/hooks --resign --provider neostore --secret S --speed 1
  hookrig export inbox --format jsonl | hookrig replay - --to http://127.0.0.1:3000/hooks`,
		Args: exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return runReplay(cmd, w, args[0], &r) },
	}
	f := cmd.Flags()
	f.StringVar(&r.to, "to", "", "where to send them, an http or https `URL`")
	f.BoolVar(&r.resign, "resign", false, "sign each anew, as --provider does with --secret")
	f.StringVar(&r.provider, "provider", "", "the `PROVIDER` whose scheme signs")
	f.StringArrayVar(&r.secrets, "secret", nil, "the `SECRET` that signs; repeatable, newest first")
	f.StringVar(&r.url, "url", "", "the `URL` as registered, for providers that sign it (default: --to)")
	f.BoolVar(&r.keepPath, "keep-path", false, "put the recorded path and query behind those of --to")
	f.Float64Var(&r.speed, "speed", 0, "the recorded pace times a `NUMBER` (default: as fast as the answers come)")
	f.DurationVar(&r.maxGap, "max-gap", 0, "with --speed, wait at most a `DURATION` between two captures")
	f.IntVar(&r.connections, "connections", 0, fmt.Sprintf("a `NUMBER` of requests at once (default 1, with --speed %d)", mockserver.DefaultReplayConnections))
	f.BoolVar(&r.skipInvalid, "skip-invalid", false, "leave out records that cannot be sent, and send the others")
	f.DurationVar(&r.timeout, "timeout", 30*time.Second, "`DURATION` of one request")
	f.BoolVar(&r.asJSON, "json", false, "print each as one line of JSON: {capture, …} and what an attempt has")
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
		return misusef("--speed %v: want a number above 0, such as 1 for the pace at which they came", r.speed)
	}
	if r.speed == 0 && cmd.Flags().Changed("speed") {
		return misusef("--speed 0: want a number above 0; leave it out to send as fast as the answers come")
	}
	switch {
	case r.timeout <= 0:
		return misusef("--timeout %v: want a duration above 0, as in 30s", r.timeout)
	case r.maxGap < 0:
		return misusef("--max-gap %v: want a duration above 0, as in 10s", r.maxGap)
	case r.maxGap > 0 && r.speed == 0:
		return misusef("--max-gap shortens the pauses that --speed makes: give --speed too")
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
	left, err := file.check(w, r.skipInvalid, func(c *mockserver.Capture) ([]string, error) {
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
		how += ", signed anew as " + r.provider + " does"
	}
	w.Stderr.Printf("replaying to %s%s\n", r.to, how)
	run := &replaying{replayFlags: r, w: w, left: left}
	return run.all(cmd.Context(), file, client, change)
}

// maxReplayConnections bounds --connections: each is an open file.
const maxReplayConnections = 10_000

// change is what --resign asks for.
func (r *replayFlags) change() (*mockserver.ReplayChange, error) {
	if !r.resign {
		if r.provider != "" || len(r.secrets) > 0 || r.url != "" {
			return nil, misusef("--provider, --secret and --url are for --resign: give it too")
		}
		return &mockserver.ReplayChange{}, nil
	}
	known, err := r.knowledge.catalogue()
	if err != nil {
		return nil, err
	}
	if r.provider == "" {
		return nil, misusef("--resign: whose scheme? give --provider and --secret")
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
			return nil, misusef("--resign: %s signs with a secret: give --secret", p.Name)
		}
		return nil, misusef("--secret: %w", err)
	}
	return &mockserver.ReplayChange{Resign: &mockserver.ReplayResign{Provider: p, Secrets: r.secrets, URL: r.url}}, nil
}

// replaying is a run of replay.
type replaying struct {
	*replayFlags
	w    World
	left int // records that are left out
}

// all sends the captures of the file that can be sent.
func (r *replaying) all(ctx context.Context, file *captureFile, client *mockserver.HTTPClient, change *mockserver.ReplayChange) error {
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

// waiting prints a wait that is long.
func (r *replaying) waiting(wait time.Duration) {
	const long = 5 * time.Second
	if wait >= long {
		r.w.Stderr.Printf("next in %v\n", wait.Round(time.Second))
	}
}

// replayed is what is printed of one capture as JSON.
type replayed struct {
	Capture string `json:"capture"` // its id in the file
	mockserver.Attempt
	LagMS *float64 `json:"lag_ms,omitempty"` // how late it was sent, with --speed
	Notes []string `json:"notes,omitempty"`  // what of its head was corrected or left out
}

// replaySummary is the last line of JSON, with --speed.
type replaySummary struct {
	Sent         int      `json:"sent"`
	Acknowledged int      `json:"acknowledged"`
	LeftOut      int      `json:"left_out"`
	LagMS        lagTimes `json:"lag_ms"`
}

type lagTimes struct {
	P50 float64 `json:"p50"`
	Max float64 `json:"max"`
}

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

func (r *replaying) summary(sum *mockserver.ReplaySummary) error {
	lag := lagTimes{milliseconds(sum.LagP50), milliseconds(sum.LagMax)}
	if r.asJSON {
		if r.speed == 0 {
			return nil
		}
		return writeLine(r.w, struct {
			Summary replaySummary `json:"summary"`
		}{replaySummary{sum.Sent, sum.Acknowledged, r.left, lag}})
	}
	line := fmt.Sprintf("sent  %d, answered with 2xx %d", sum.Sent, sum.Acknowledged)
	if r.left > 0 {
		line += fmt.Sprintf(", left out %d", r.left)
	}
	if r.speed > 0 {
		line += fmt.Sprintf("\nlag   p50 %.1f ms, max %.1f ms", lag.P50, lag.Max)
	}
	r.w.Stdout.Printf("%s\n", terminal.Lines(line))
	return r.w.Stdout.Err()
}

// beginning is the first words of a response's body, on one line.
func beginning(body []byte) string {
	const longest = 120
	text := strings.Join(strings.Fields(string(body[:min(len(body), 4*longest)])), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + " …"
	}
	return text
}

// print prints an exchange.
func (r *replaying) print(e mockserver.ReplayExchange) error {
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
