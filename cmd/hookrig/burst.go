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
	generated        bool // the secret is generated from the seed
	recordedFlags
}

func newBurst(w World) *cobra.Command {
	var b burstFlags
	cmd := &cobra.Command{
		Use:   "burst [PROVIDER] --to URL",
		Short: "Send many unique signed events, and check that every one arrived",
		Long: `Sends unique events, each rendered and signed separately. With --rate, every event is due at a fixed time, and its
response time counts from then, also if it is sent late (open model). If the URL is a bin of a running server, the
events are compared with the bin's captures: lost, duplicated, unexpected. Exit code 0: every planned event was
acknowledged and, in a bin, captured exactly once; 1: it was not; 3: not all captures of the bin could be read.

With --from, recorded requests are sent instead, in rotation and like hookrig replay: those of a file (JSON Lines or
HAR), or those of a bin of a running server. With PROVIDER and --secret, each is signed again when it is sent.`,
		Example: `  hookrig burst neostore --to http://127.0.0.1:8081/load --count 100000 --connections 64
  hookrig burst subscribfy --to http://127.0.0.1:3000/hooks --secret S --rate 500 --duration 30s
  hookrig burst --from captures.jsonl --to http://127.0.0.1:3000 --keep-path --rate 200 --duration 1m
  hookrig burst neostore --secret S --from orders --server http://127.0.0.1:8080 --to http://127.0.0.1:3000/hooks --count 10000`,
		Args:              atMostArgs("PROVIDER"),
		ValidArgsFunction: completeFirst(completeProvider, noFiles),
		RunE:              func(cmd *cobra.Command, args []string) error { return runBurst(cmd, w, args, &b) },
	}
	f := cmd.Flags()
	f.StringVar(&b.plan.URL, "to", "", "http or https `URL` of the consumer")
	f.StringVar(&b.plan.Secret, "secret", "", "signing `SECRET` (default: generated from the seed)")
	f.StringVar(&b.tenant, "tenant", "", "`NAME` of the tenant, store or project of the events")
	f.StringSliceVar(&b.plan.Events, "events", nil, "events to send in rotation: `PATTERNS`, comma-separated (default: all)")
	f.Float64Var(&b.plan.Rate, "rate", 0, "`NUMBER` of events per second (default: as fast as the consumer responds)")
	f.StringVar(&b.from, "from", "", "send the recorded requests of this `FILE|BIN`, in rotation")
	f.BoolVar(&b.keepPath, "keep-path", false, "with --from, append the recorded path and query to those of --to")
	f.BoolVar(&b.skipInvalid, "skip-invalid", false, "with --from, skip records that cannot be sent")
	f.Uint64Var(&b.plan.Count, "count", 0, "`NUMBER` of events to send (default without --duration: 1000, or each recorded request once)")
	f.Var((*durationFlag)(&b.plan.Duration), "duration", "longest `DURATION` of the burst")
	f.IntVar(&b.plan.Connections, "connections", burst.DefaultConnections, "`NUMBER` of connections, which is the number of concurrent requests")
	f.Var((*durationFlag)(&b.plan.Timeout), "timeout", "time limit of one request, a `DURATION` (default: the provider's)")
	f.Var(&b.seed, "seed", "`NUMBER` that determines the events (default: random, and printed)")
	f.StringVar(&b.server, "server", "", "dashboard `URL` of the server with the bin of --to (default: --to is asked for it)")
	f.StringVar(&b.token, "token", "", "`TOKEN` of the server")
	f.StringVar(&b.jsonFile, "json", "", "write the report as JSON to `FILE` (- is standard output)")
	f.BoolVar(&b.noReconciliation, "no-reconcile", false, "do not compare the events with the bin")
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
		b.generated = true
		b.plan.Secret = p.MintSecret(fixtures.Draw{Seed: b.plan.Seed, Stream: "secret"})
	}
	return sendBurst(ctx, w, b)
}

// sendBurst runs the plan, compares the events with the captures of the bin, and prints the report.
func sendBurst(ctx context.Context, w World, b *burstFlags) error {
	bin, err := findBin(ctx, b)
	if err != nil {
		return err
	}
	if b.plan.Recording == nil {
		if b.generated {
			w.Stderr.Printf("secret %s (generated; set it with --secret)\n", b.plan.Secret)
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
		// An interrupt ends the burst but not the comparison.
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

// printBurst prints a report for people. It omits the lag without a rate, because nothing is late
// then, and the order with several connections, because events may overtake each other. The JSON
// report contains both.
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

// statusesOf lists the statuses in a class other than 2xx, with the number of responses.
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

// byCount returns the reasons, the most frequent first.
func byCount(reasons map[string]uint64) []string {
	list := slices.Sorted(maps.Keys(reasons))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(reasons[b], reasons[a]) })
	return list
}

// liveProgress returns a function that updates one line on a terminal. It returns nil if stderr is
// not a terminal.
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

// burstBin is the bin that receives a burst.
type burstBin struct {
	name   string
	client *mockserver.Client
	before mockserver.BinSummary // before the burst
}

// findBin returns the bin of --to, or nil if --to is not a bin of a server.
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
		return nil, inconclusive(fmt.Errorf("%w\nthe capture address names this dashboard URL: set a reachable one with --server, or use --no-reconcile", err))
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
		return nil, inconclusive(fmt.Errorf("read bin %[2]q of the server at %[1]s: %[3]w", server, name, err))
	}
	return bin, nil
}

// askForDashboard asks a capture address for the URL of its dashboard. It returns "" if the address
// is not that of a server.
func askForDashboard(ctx context.Context, target *url.URL, trust mockserver.Trust) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.Scheme+"://"+target.Host+"/.well-known/hookrig", nil)
	if err != nil {
		return ""
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust.Config(), DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req) // RoundTrip follows no redirects
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

// since yields the captures since the burst began, oldest first. It ends with an error if some were
// evicted.
func (b *burstBin) since(ctx context.Context) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		for c, err := range allOf(ctx, b.client, b.name, b.before.Last) {
			if !yield(c, err) || err != nil {
				return
			}
		}
		after, err := b.now(ctx)
		if err == nil && after.Evicted > b.before.Evicted {
			err = fmt.Errorf("%w: the bin evicted %d captures during the burst", burst.ErrIncomplete, after.Evicted-b.before.Evicted)
		}
		if err != nil {
			yield(mockserver.Capture{}, err)
		}
	}
}
