package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// burstFlags are the flags of burst.
type burstFlags struct {
	plan                                  burst.Plan
	seed                                  seedFlag
	secrets, events, journeys             []string
	faults, thresholds                    []string
	tenant, server, token                 string
	rate, overload, indexes               string
	population                            int
	strict                                bool
	effect                                string
	jsonFile, htmlFile, junitFile         string
	csvFile, hgrmFile, lostFile, compared string
	metrics                               string
	knowledge                             knowledge
	tls                                   trustFlags
	noReconciliation                      bool
	on                                    string
	shards                                int
	join                                  time.Duration
	recordedFlags
}

func newBurst(w World) *cobra.Command {
	var b burstFlags
	cmd := &cobra.Command{
		Use:   "burst [PROVIDER[=WEIGHT]]... --to URL",
		Short: "Send many unique signed events, and check that every one arrived",
		Long: `Sends the events of a population of entities, each rendered and signed separately: a pass is created before it is
installed. With --rate, every event is due at a fixed time, and its response time counts from then, also if it is
sent late (open model). If the URL is a bin of a running server, the events are compared with the bin's captures:
lost, duplicated, unexpected, corrupted. With --effect, they are compared with the ids that your consumer lists.

Exit code 0: every event was sent and acknowledged and, in a bin, captured exactly once, or every --threshold holds;
1: not; 3: nobody can tell, because the burst was interrupted, or the bin or the effect could not be read.
"hookrig help load" describes shapes of the load, thresholds and the report.

With --from, recorded requests are sent instead, in rotation and like hookrig replay: those of a file (JSON Lines or
HAR), or those of a bin of a running server. With PROVIDER and --secret, each is signed again when it is sent.

With --on and --shards, the burst is sent by several machines, on each of which "hookrig worker" runs.`,
		Example: `  hookrig burst neostore --to http://127.0.0.1:8081/load --count 100000 --connections 64
  hookrig burst subscribfy --to http://127.0.0.1:3000/hooks --secret S --rate 500 --duration 30s --html report.html
  hookrig burst neostore=3 stripe --to http://127.0.0.1:3000/hooks --rate 'ramp(0,500,30s) hold(500,2m)'
  hookrig burst neostore --to http://127.0.0.1:3000/hooks --secret S --rate 200 --duration 1m \
    --threshold 'p99<250ms' --threshold 'status.5xx<0.1%' --fault signature:missing=1%
  hookrig burst --from captures.jsonl --to http://127.0.0.1:3000 --keep-path --rate recorded
  hookrig burst neostore --secret S --from orders --server http://127.0.0.1:8080 --to http://127.0.0.1:3000/hooks --count 10000
  hookrig burst neostore --to http://consumer.internal/hooks --secret S --rate 20000 --duration 1m \
    --on postgres://hookrig:PASSWORD@db.internal/hookrig --shards 4`,
		ValidArgsFunction: completeProvider,
		RunE:              func(cmd *cobra.Command, args []string) error { return runBurst(cmd, w, args, &b) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&b.plan.URLs, "to", nil, "http or https `URL` of the consumer; several share the events")
	f.StringArrayVar(&b.secrets, "secret", nil, "signing `SECRET`, or PROVIDER=SECRET (default: generated from the seed)")
	f.StringVar(&b.tenant, "tenant", "", "`NAME` of the tenant, store or project of the events")
	f.StringSliceVar(&b.events, "events", nil, "independent events to send in rotation: `PATTERNS`, comma-separated, with a weight: Pass:Created=5 (default: journeys)")
	f.StringSliceVar(&b.journeys, "journeys", nil, "journeys of the population: `NAMES`, comma-separated, with a weight: pass=3 (default: all)")
	f.IntVar(&b.population, "population", 0, "`NUMBER` of entities that live at a time (default: enough for the connections)")
	f.StringVar(&b.rate, "rate", "", "events per second: a number, or a `SHAPE` such as 'ramp(0,500,30s) hold(500,2m)' (default: as fast as the consumer responds)")
	f.StringVar(&b.overload, "overload", "", "what happens to events that cannot start in time: `POLICY` delay, drop or abort, with a time: drop:500ms (default: delay)")
	f.StringVar(&b.from, "from", "", "send the recorded requests of this `FILE|BIN`, in rotation")
	f.BoolVar(&b.keepPath, "keep-path", false, "with --from, append the recorded path and query to those of --to")
	f.BoolVar(&b.skipInvalid, "skip-invalid", false, "with --from, skip records that cannot be sent")
	f.Uint64Var(&b.plan.Count, "count", 0, "`NUMBER` of events to send (default without an end: 1000, or each recorded request once)")
	f.Var((*durationFlag)(&b.plan.Duration), "duration", "longest `DURATION` of the burst")
	f.Var((*durationFlag)(&b.plan.WarmUp), "warm-up", "`DURATION` at the start that is left out of the figures")
	f.IntVar(&b.plan.Connections, "connections", burst.DefaultConnections, "`NUMBER` of connections, which is the number of concurrent requests")
	f.BoolVar(&b.plan.Reconnect, "reconnect", false, "open a connection for each request")
	f.StringArrayVar(&b.faults, "fault", nil, "do a fault to a share of the events: `FAULT=SHARE`, such as signature:missing=1%")
	f.StringArrayVar(&b.thresholds, "threshold", nil, "fail unless this `CONDITION` holds: p99<250ms, lost==0, status.5xx<0.1%, abort:status.5xx<50%")
	f.BoolVar(&b.strict, "strict", false, "exit with 3 when this machine was too slow to keep to the plan")
	f.Var((*durationFlag)(&b.plan.Timeout), "timeout", "time limit of one request, a `DURATION` (default: the provider's)")
	f.Var(&b.seed, "seed", "`NUMBER` that determines the events (default: random, and printed)")
	f.StringVar(&b.indexes, "indexes", "", "send only the events whose numbers are in this `FILE`: the one that --lost wrote")
	f.StringVar(&b.server, "server", "", "dashboard `URL` of the server with the bin of --to (default: --to is asked for it)")
	f.StringVar(&b.token, "token", "", "`TOKEN` of the server")
	f.BoolVar(&b.noReconciliation, "no-reconcile", false, "do not compare the events with the bin")
	f.StringVar(&b.effect, "effect", "", "compare the events with the list of ids at this `URL`: a JSON list, or {\"ids\": [...]}")
	f.StringVar(&b.jsonFile, "json", "", "write the report as JSON to `FILE` (- is standard output)")
	f.StringVar(&b.htmlFile, "html", "", "write the report as one HTML page with plots to `FILE`")
	f.StringVar(&b.junitFile, "junit", "", "write the thresholds as JUnit XML to `FILE`")
	f.StringVar(&b.csvFile, "csv", "", "write one line for each second to `FILE`")
	f.StringVar(&b.hgrmFile, "hgrm", "", "write the percentiles of the response times to `FILE`, for the plotter of HdrHistogram")
	f.StringVar(&b.lostFile, "lost", "", "write the numbers and ids of lost events to `FILE`")
	f.StringVar(&b.compared, "compare", "", "compare with the report of an earlier burst: the `FILE` of its --json")
	f.StringVar(&b.on, "on", "", "send from the workers on this PostgreSQL database: `URL` postgres://USER:PASSWORD@HOST/DATABASE")
	f.IntVar(&b.shards, "shards", 0, "with --on, the `NUMBER` of parts that the burst is divided into")
	f.Var((*durationFlag)(&b.join), "join", "with --on, how long to wait for workers, a `DURATION` (default: 30s)")
	f.StringVar(&b.metrics, "metrics", "", "serve Prometheus metrics at this `HOST:PORT` while the burst runs")
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
	if err := b.checkShards(); err != nil {
		return err
	}
	if err := b.readPlan(args); err != nil {
		return err
	}
	for i := range b.plan.URLs {
		_, guard, err := target("--to", &b.plan.URLs[i])
		if err != nil {
			return err
		}
		b.plan.Dial = guardedDial(b.plan.Dial, guard.Dial)
	}
	before, err := b.checkOutputs()
	if err != nil {
		return err
	}
	if b.plan.Trust, err = b.tls.trust(cmd, w); err != nil {
		return err
	}
	if b.from != "" {
		if err := b.record(ctx, w); err != nil {
			return err
		}
	}
	if b.plan.Count == 0 && b.plan.Duration == 0 && b.plan.Shape.Duration() == 0 {
		b.plan.Count = 1000
		if b.plan.Recording != nil {
			b.plan.Count = uint64(b.plan.Recording.Len())
		}
	}
	return sendBurst(ctx, w, b, before)
}

// sendBurst runs the plan, compares the events with what arrived, and writes the reports.
func sendBurst(ctx context.Context, w World, b *burstFlags, before *burst.Report) error {
	bin, err := findBin(ctx, b)
	if err != nil {
		return err
	}
	had, err := b.idsBefore(ctx, bin)
	if err != nil {
		return err
	}
	for _, p := range b.plan.Parts {
		if p.Secret != "" && !b.given(p.Provider.Name) {
			w.Stderr.Printf("secret %s (generated for %s; set it with --secret)\n", p.Secret, p.Provider.Name)
		}
	}
	if b.plan.Recording == nil {
		w.Stderr.Printf("seed %d\n", b.plan.Seed)
	}
	watch, end, err := watchBurst(w, b)
	if err != nil {
		return err
	}
	report, err := b.run(ctx, w, watch)
	end()
	if report == nil {
		return err
	}
	if errors.Is(err, burst.ErrNoConsumer) {
		if err := b.write(w, report, before); err != nil {
			return err
		}
		return inconclusive(err)
	}
	interrupted := err != nil
	// An interrupt ends the burst but not the comparison.
	if err := b.reconcile(context.WithoutCancel(ctx), report, bin, had); err != nil {
		return inconclusive(err)
	}
	if err := b.write(w, report, before); err != nil {
		return err
	}
	switch {
	case interrupted:
		return inconclusive(fmt.Errorf("interrupted after %d of %d events", report.Sent, report.Intended))
	case report.Incomplete():
		return inconclusive(fmt.Errorf("a worker died, and its part of the burst was not sent again%s", lostShards(report)))
	case report.Unknown():
		return inconclusive(errors.New("the value of a threshold is not known"))
	case !report.OK():
		return failed()
	case b.strict && report.Generator.Slow():
		return inconclusive(fmt.Errorf("this machine was too slow: %s", report.Generator))
	}
	return nil
}

// burstBin is the bin that receives a burst.
type burstBin struct {
	name   string
	client *mockserver.Client
	before mockserver.BinSummary // before the burst
}

// findBin returns the bin of --to, or nil if --to is not a bin of a server.
func findBin(ctx context.Context, b *burstFlags) (*burstBin, error) {
	if b.noReconciliation || b.effect != "" || len(b.plan.URLs) > 1 {
		return nil, nil
	}
	target, err := url.Parse(b.plan.URLs[0])
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
		return nil, misusef("--to %q is a server's capture address: name a bin of it, as in %s", b.plan.URLs[0], target.JoinPath("load"))
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

// since yields the digests of the captures since the burst began, oldest first. It ends with an
// error if some were evicted.
func (b *burstBin) since(ctx context.Context) iter.Seq2[mockserver.Digest, error] {
	return func(yield func(mockserver.Digest, error) bool) {
		for d, err := range b.client.Digests(ctx, b.name, b.before.Last) {
			if !yield(d, err) || err != nil {
				return
			}
		}
		after, err := b.now(ctx)
		if err == nil && after.Evicted > b.before.Evicted {
			err = fmt.Errorf("%w: the bin evicted %d captures during the burst", burst.ErrIncomplete, after.Evicted-b.before.Evicted)
		}
		if err != nil {
			yield(mockserver.Digest{}, err)
		}
	}
}

// capture returns a function that reads one capture.
func (b *burstBin) capture(ctx context.Context) func(id string) (mockserver.Capture, error) {
	return func(id string) (mockserver.Capture, error) { return b.client.Capture(ctx, id) }
}
