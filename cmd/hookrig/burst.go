package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// burstFlags are the flags of burst.
type burstFlags struct {
	plan             burst.Plan
	seed             seedFlag
	tenant, server   string
	token, jsonFile  string
	knowledge        knowledge
	tls              trustFlags
	noReconciliation bool
	minted           bool // the secret is made of the seed
	recordedFlags
}

func newBurst(w World) *cobra.Command {
	var b burstFlags
	cmd := &cobra.Command{
		Use:   "burst [PROVIDER] --to URL",
		Short: "Send many unique, signed events, and account for every one",
		Long: `Sends unique events, each rendered and signed for itself. With --rate the load is open: every event has its
time, and one that is late is counted from when it was due. When the URL is a bin of a running server, what was sent is
compared with what was captured: lost, duplicated, unexpected. Exit code 0: everything planned was acknowledged and, in
a bin, captured exactly once; 1: not; 3: the bin could not be read whole.

With --from recorded requests are sent as load, in turn and again from the first one, as hookrig replay sends them: a
file of captures (JSON Lines or HAR), or a bin of a running server. With PROVIDER and --secret each is signed anew when it is sent.`,
		Example: `  hookrig burst neostore --to http://127.0.0.1:8081/load --count 100000 --connections 64
  hookrig burst subscribfy --to http://127.0.0.1:3000/hooks --secret S --rate 500 --duration 30s
  hookrig burst --from captures.jsonl --to http://127.0.0.1:3000 --keep-path --rate 200 --duration 1m
  hookrig burst neostore --secret S --from orders --server http://127.0.0.1:8080 --to http://127.0.0.1:3000/hooks --count 10000`,
		Args:              atMostArgs("PROVIDER"),
		ValidArgsFunction: completeFirst(completeProvider, noFiles),
		RunE:              func(cmd *cobra.Command, args []string) error { return runBurst(cmd, w, args, &b) },
	}
	f := cmd.Flags()
	f.StringVar(&b.plan.URL, "to", "", "where to send them, an http or https `URL`")
	f.StringVar(&b.plan.Secret, "secret", "", "the `SECRET` that they are signed with (default: made of the seed)")
	f.StringVar(&b.tenant, "tenant", "", "the `NAME` of the tenant, store or project they come from")
	f.StringSliceVar(&b.plan.Events, "events", nil, "the events to send in turn: `PATTERNS`, comma-separated (default: all)")
	f.Float64Var(&b.plan.Rate, "rate", 0, "so many events a second, a `NUMBER` (default: as fast as the answers come)")
	f.StringVar(&b.from, "from", "", "send the recorded requests of this `FILE|BIN`, in turn")
	f.BoolVar(&b.keepPath, "keep-path", false, "with --from, put the recorded path and query behind those of --to")
	f.BoolVar(&b.skipInvalid, "skip-invalid", false, "with --from, leave out records that cannot be sent, and send the others")
	f.Uint64Var(&b.plan.Count, "count", 0, "stop after a `NUMBER` of events (default without --duration 1000, or each recorded request once)")
	f.DurationVar(&b.plan.Duration, "duration", 0, "stop after a `DURATION`")
	f.IntVar(&b.plan.Connections, "connections", burst.DefaultConnections, "a `NUMBER` of connections, and so of requests at once")
	f.DurationVar(&b.plan.Timeout, "timeout", 0, "`DURATION` of one request (default: the provider's)")
	f.Var(&b.seed, "seed", "the `NUMBER` that fixes the events (default: random, and printed)")
	f.StringVar(&b.server, "server", "", "the dashboard's `URL` of the server whose bin --to is (default: asked of --to)")
	f.StringVar(&b.token, "token", "", "the server's `TOKEN`")
	f.StringVar(&b.jsonFile, "json", "", "write the report as JSON to `FILE` (- is standard output)")
	f.BoolVar(&b.noReconciliation, "no-reconcile", false, "do not hold what was sent against the bin")
	b.tls.add(f)
	b.knowledge.flags(cmd)
	completeFlag(cmd, "events", completeEvents)
	return cmd
}

func runBurst(cmd *cobra.Command, w World, args []string, b *burstFlags) error {
	ctx := cmd.Context()
	if err := b.checkFrom(args); err != nil {
		return err
	}
	known, err := b.knowledge.catalogue()
	if err != nil {
		return err
	}
	var p *fixtures.Provider
	if len(args) > 0 {
		if p, err = known.Provider(args[0]); err != nil {
			return misuse(err)
		}
	}
	_, guard, err := target("--to", &b.plan.URL)
	if err != nil {
		return err
	}
	if err := checkOut(b.jsonFile); err != nil {
		return misuse(err)
	}
	b.plan.Dial = guard.Dial
	if b.plan.Trust, err = b.tls.trust(cmd, w); err != nil {
		return err
	}
	if b.from != "" {
		if err := b.record(ctx, w, p); err != nil {
			return err
		}
		if b.plan.Count == 0 && b.plan.Duration == 0 {
			b.plan.Count = uint64(b.plan.Recording.Len())
		}
		return sendBurst(ctx, w, b)
	}
	b.plan.Provider, b.plan.Seed = p, *b.seed.value()
	b.plan.Options.Tenant = b.tenant
	if b.plan.Count == 0 && b.plan.Duration == 0 {
		b.plan.Count = 1000
	}
	if b.plan.Secret == "" && p.Subscription.Secret.Minted == "provider" {
		b.minted = true
		b.plan.Secret = p.MintSecret(fixtures.Draw{Seed: b.plan.Seed, Stream: "secret"})
	}
	return sendBurst(ctx, w, b)
}

// sendBurst sends the plan, compares what was sent with what the bin has, and prints the report.
func sendBurst(ctx context.Context, w World, b *burstFlags) error {
	bin, err := findBin(ctx, b)
	if err != nil {
		return err
	}
	if b.plan.Recording == nil {
		if b.minted {
			w.Stderr.Printf("secret %s (minted; give --secret to choose it)\n", b.plan.Secret)
		}
		w.Stderr.Printf("seed %d\n", b.plan.Seed)
	}

	report, err := burst.Run(ctx, b.plan, liveProgress(w))
	if report == nil {
		return misuse(err)
	}
	if errors.Is(err, burst.ErrNoConsumer) {
		if err := writeReport(w, b, report); err != nil {
			return err
		}
		return inconclusive(err)
	}
	interrupted := err != nil
	if bin != nil {
		// An interrupt ends the sending, not the accounting.
		if err := report.Reconcile(bin.since(context.WithoutCancel(ctx))); err != nil {
			return inconclusive(fmt.Errorf("reconcile with bin %q: %w", bin.name, err))
		}
	}
	if err := writeReport(w, b, report); err != nil {
		return err
	}
	switch {
	case interrupted:
		return inconclusive(fmt.Errorf("interrupted after %d of %d events", report.Sent, report.Intended))
	case !report.OK():
		return failed()
	}
	return nil
}

func writeReport(w World, b *burstFlags, report *burst.Report) error {
	file := b.jsonFile
	if file == "-" {
		return w.Stdout.JSON(report, "  ")
	}
	printBurst(w.Stdout, &b.plan, report)
	if file == "" {
		return nil
	}
	return writeOut(file, func(out io.Writer) error { return writeJSON(out, report) })
}

// printBurst prints a report for people. Without a rate nothing is ever late, and with several connections some events
// overtake others: neither says anything, and is left to the JSON.
func printBurst(out *terminal.Writer, plan *burst.Plan, r *burst.Report) {
	out.Printf("sent          %d of %d in %.2f s, %.0f/s\n", r.Sent, r.Intended, r.Seconds, r.Rate)
	out.Printf("acknowledged  %d\n", r.Acknowledged)
	for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
		out.Printf("  %-12s%d%s\n", outcome, r.Outcomes[outcome], statusesOf(r, outcome))
	}
	if len(r.Reasons) > 0 {
		out.Printf("reasons\n")
		for _, reason := range byCount(r.Reasons) {
			out.Printf("  %-8d %s\n", r.Reasons[reason], reason)
		}
	}
	if r.Sent == 0 {
		return // nothing was measured
	}
	line := func(name string, l burst.Latency) {
		out.Printf("%-13s p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms\n", name, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	if plan.Rate > 0 {
		line("lag", r.Lag)
		line("service", r.Service)
	}
	line("response", r.Response)
	if a := r.Accounting; a != nil {
		out.Printf("captured      %d, lost %d, duplicated %d, unexpected %d", a.Captured, a.Lost, a.Duplicated, a.Unexpected)
		if a.Unacknowledged > 0 {
			out.Printf(", without a response %d", a.Unacknowledged)
		}
		if plan.Connections == 1 {
			out.Printf(", out of order %d", a.OutOfOrder)
		}
		out.Printf("\n")
	}
	for _, problem := range r.Problems {
		out.Printf("problem       %s\n", problem)
	}
}

// statusesOf lists the statuses of a class other than 2xx, with how many responses had each.
func statusesOf(r *burst.Report, outcome string) string {
	class, ok := strings.CutSuffix(outcome, "xx")
	if !ok || class == "2" {
		return ""
	}
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		if strconv.Itoa(status/100) == class {
			parts = append(parts, fmt.Sprintf("%d × %d", r.Statuses[status], status))
		}
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// byCount lists the reasons, the most frequent first.
func byCount(reasons map[string]uint64) []string {
	list := slices.Sorted(maps.Keys(reasons))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(reasons[b], reasons[a]) })
	return list
}

// liveProgress draws one line over and over on a terminal; elsewhere there is none.
func liveProgress(w World) func(burst.Progress) {
	if !w.Stderr.IsTerminal() {
		return nil
	}
	return func(p burst.Progress) {
		rate := float64(p.Sent) / max(p.Elapsed.Seconds(), 0.001)
		w.Stderr.Redraw()
		w.Stderr.Printf("%6.1f s  %d sent  %d acknowledged  %.0f/s ", p.Elapsed.Seconds(), p.Sent, p.Acknowledged, rate)
	}
}

// burstBin is the bin that a burst goes to, as it stood before.
type burstBin struct {
	name   string
	client *mockserver.Client
	before mockserver.BinSummary
}

// findBin returns the bin that --to names, or nil when --to is no bin of a server.
func findBin(ctx context.Context, b *burstFlags) (*burstBin, error) {
	if b.noReconciliation {
		return nil, nil
	}
	target, err := url.Parse(b.plan.URL)
	if err != nil {
		return nil, misuse(err)
	}
	server := b.server
	if server == "" {
		if server = askForDashboard(ctx, target, b.plan.Trust); server == "" {
			return nil, nil
		}
	}
	client, err := dialServer(server, b.token, b.plan.Trust)
	if err != nil && b.server == "" {
		return nil, inconclusive(fmt.Errorf("%w\nthe capture address named that dashboard: give the address to reach it by with --server, or --no-reconcile", err))
	}
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(target.EscapedPath(), "/"), "/")
	if name == "" {
		return nil, misusef("--to %q is a server's capture address: name a bin of it, as in %s", b.plan.URL, target.JoinPath("load"))
	}
	bin := &burstBin{name: name, client: client}
	if bin.before, err = bin.now(ctx); err != nil {
		return nil, inconclusive(fmt.Errorf("ask the server at %s for bin %q: %w", server, name, err))
	}
	return bin, nil
}

// askForDashboard asks the capture address where its dashboard is; "" when it is none of a server.
func askForDashboard(ctx context.Context, target *url.URL, trust mockserver.Trust) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.Scheme+"://"+target.Host+"/.well-known/hookrig", nil)
	if err != nil {
		return ""
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust.Config(), DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req) // one request: no redirect is followed
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var answer struct {
		Name      string `json:"name"`
		Dashboard string `json:"dashboard"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 4096)).Decode(&answer) != nil || answer.Name != "hookrig" {
		return ""
	}
	return answer.Dashboard
}

func (b *burstBin) now(ctx context.Context) (mockserver.BinSummary, error) {
	bins, err := b.client.Bins(ctx)
	if err != nil {
		return mockserver.BinSummary{}, err
	}
	for _, bin := range bins {
		if bin.Name == b.name {
			return bin, nil
		}
	}
	return mockserver.BinSummary{Name: b.name}, nil
}

// since yields what the bin has captured since the burst began, oldest first; an error when some of it is gone.
func (b *burstBin) since(ctx context.Context) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		for c, err := range allOf(ctx, b.client, b.name, b.before.Last) {
			if !yield(c, err) || err != nil {
				return
			}
		}
		after, err := b.now(ctx)
		if err == nil && after.Evicted > b.before.Evicted {
			err = fmt.Errorf("%w: its ring dropped %d captures during the burst", burst.ErrIncomplete, after.Evicted-b.before.Evicted)
		}
		if err != nil {
			yield(mockserver.Capture{}, err)
		}
	}
}
