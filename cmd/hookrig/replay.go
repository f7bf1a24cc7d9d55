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
	"github.com/hookrig/hookrig/mockserver/export"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/replay"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	to, provider, url string
	secrets           []string
	knowledge         knowledge
	resign, asJSON    bool
	speed             float64
	timeout           time.Duration
}

func newReplay(w World) *cobra.Command {
	var r replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE|- --to URL",
		Short: "Send captured requests again, byte for byte or signed anew",
		Long: `Reads captures from a file or from standard input (-): JSON Lines or HAR, as hookrig export and hookrig listen --json write
them, or one raw HTTP request. Each goes to the URL as it was captured, but for its target and Host, in the order of the file: the next
one when the one before is answered. With --speed it is not sent before its time either: 1 keeps the pace at which they came, 10 is
ten times as fast. With --resign the signature is made anew, so that a consumer that looks at its time takes it. A file with a mistake is
not sent at all. Exit code 0: every answer was 2xx; 1: some were not; 2: the file or the command line is wrong; 3: interrupted.`,
		Example: `  hookrig replay captures.jsonl --to http://127.0.0.1:3000/hooks
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
	f.Float64Var(&r.speed, "speed", 0, "the recorded pace times a `NUMBER` (default: as fast as the answers come)")
	f.DurationVar(&r.timeout, "timeout", 30*time.Second, "`DURATION` of one request")
	f.BoolVar(&r.asJSON, "json", false, "print each as one line of JSON: {capture, …} and what an attempt has")
	r.knowledge.flags(cmd)
	completeFlag(cmd, "provider", completeProvider)
	return cmd
}

func runReplay(cmd *cobra.Command, w World, name string, r *replayFlags) error {
	_, guard, err := target("--to", r.to)
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
	if r.timeout <= 0 {
		return misusef("--timeout %v: want a duration above 0, as in 30s", r.timeout)
	}
	file, err := openCaptures(w, name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.check(w); err != nil {
		return err
	}
	client := &wire.Client{Dial: guard.Dial}
	defer client.CloseIdle()
	how := ""
	if r.resign {
		how = ", signed anew as " + r.provider + " does"
	}
	fmt.Fprintf(w.Stderr, "replaying to %s%s\n", r.to, how)
	run := &replaying{replayFlags: r, w: w, client: client, change: change}
	return run.all(cmd.Context(), file)
}

// change is what --resign asks for.
func (r *replayFlags) change() (*replay.Change, error) {
	if !r.resign {
		if r.provider != "" || len(r.secrets) > 0 || r.url != "" {
			return nil, misusef("--provider, --secret and --url are for --resign: give it too")
		}
		return &replay.Change{}, nil
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
	if err := canJudge(p); err != nil {
		return nil, err
	}
	if _, err := signature.NewSigner(&p.Signing, r.secrets...); err != nil {
		if len(r.secrets) == 0 {
			return nil, misusef("--resign: %s signs with a secret: give --secret", p.Name)
		}
		return nil, misusef("--secret: %w", err)
	}
	return &replay.Change{Resign: &replay.Resign{Provider: p, Secrets: r.secrets, URL: r.url}}, nil
}

// replaying is a run of replay.
type replaying struct {
	*replayFlags
	w      World
	client *wire.Client
	change *replay.Change

	sent, good int
	began      time.Time // when the first was sent
	first      time.Time // when that was captured
	warned     bool
}

// all sends the captures of the file in their order.
func (r *replaying) all(ctx context.Context, file *captureFile) error {
	for record := range file.records() {
		if record.Err != nil { // it was read before, and was fine
			return noVerdict(record.Err)
		}
		c := &record.Capture
		if !r.wait(ctx, c.At) {
			break
		}
		if !r.warned && strings.Contains(string(wire.Append(nil, c.Message)), export.Redacted) {
			r.warned = true
			fmt.Fprintf(r.w.Stderr, "line %d: %s stands where a secret stood: the export leaves them out unless told --secrets keep\n", record.Line, export.Redacted)
		}
		attempt, err := r.send(ctx, c)
		if err != nil {
			return err
		}
		if ctx.Err() != nil && attempt.Outcome != wire.GotStatus {
			break
		}
		if err := r.print(c, attempt); err != nil {
			return noVerdict(err)
		}
	}
	if !r.asJSON {
		if _, err := fmt.Fprintf(r.w.Stdout, "sent  %d, answered with 2xx %d\n", r.sent, r.good); err != nil {
			return noVerdict(err)
		}
	}
	switch {
	case ctx.Err() != nil:
		return noVerdict(fmt.Errorf("interrupted after %d captures", r.sent))
	case r.good < r.sent:
		return failed()
	}
	return nil
}

// wait waits for the time of a capture, at the pace asked for; false when it was interrupted.
func (r *replaying) wait(ctx context.Context, at time.Time) bool {
	if r.began.IsZero() {
		r.began, r.first = time.Now(), at
	}
	if r.speed == 0 {
		return ctx.Err() == nil
	}
	due := r.began.Add(time.Duration(float64(at.Sub(r.first)) / r.speed))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// send sends a capture. The error is for the whole run.
func (r *replaying) send(ctx context.Context, c *journal.Capture) (journal.Attempt, error) {
	now := time.Now()
	a := journal.Attempt{N: 1, Due: now, At: now, Outcome: wire.NotSent}
	r.sent++
	m, err := r.change.Apply(c.Message, r.to, c.At, now)
	if err != nil {
		a.Error = err.Error()
		return a, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	result := r.client.Send(ctx, r.to, m)
	if errors.Is(result.Err, wire.ErrForbidden) {
		return a, misuse(result.Err)
	}
	a.Sent, a.Outcome, a.Status = m, result.Outcome, result.Status
	a.TookMS = math.Round(float64(result.Took)/float64(time.Microsecond)) / 1000
	if result.Err != nil {
		a.Error = result.Err.Error()
	}
	if result.Outcome == wire.GotStatus {
		a.Reply = &result.Reply
	}
	if a.Status >= 200 && a.Status <= 299 {
		r.good++
	}
	return a, nil
}

// replayed is what is printed of one capture as JSON.
type replayed struct {
	Capture string `json:"capture"` // its id in the file
	journal.Attempt
}

// beginning is the first words of a reply's body, on one line.
func beginning(body []byte) string {
	const longest = 120
	text := strings.Join(strings.Fields(string(body[:min(len(body), 4*longest)])), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + " …"
	}
	return printable(text)
}

func (r *replaying) print(c *journal.Capture, a journal.Attempt) error {
	if r.asJSON {
		return writeLine(r.w, replayed{c.ID, a})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-9s  %s %s, %d bytes → ", c.ID, printable(c.Method), printable(c.Target), len(a.Sent.Body))
	if a.Status != 0 {
		fmt.Fprintf(&b, "%d", a.Status)
	} else {
		b.WriteString(string(a.Outcome))
	}
	fmt.Fprintf(&b, " in %.1f ms", a.TookMS)
	switch {
	case a.Error != "":
		fmt.Fprintf(&b, ": %s", printable(a.Error))
	case a.Reply != nil && (a.Status < 200 || a.Status > 299) && len(a.Reply.Body) > 0:
		fmt.Fprintf(&b, ": %s", beginning(a.Reply.Body))
	}
	_, err := fmt.Fprintln(r.w.Stdout, b.String())
	return err
}
