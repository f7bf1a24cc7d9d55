package burst

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// Report is the result of a burst.
type Report struct {
	// Providers are whose events were sent, to URLs, rendered from Seed.
	Providers []string `json:"providers,omitempty"`
	// Recorded is how many recorded requests were sent in turn; 0 when the events were rendered.
	Recorded int      `json:"recorded,omitempty"`
	URLs     []string `json:"urls"`
	Seed     uint64   `json:"seed"`
	// Shape is the rate over time as ParseShape reads it, over Connections; WarmUpSeconds at the
	// start are not measured.
	Shape         Shape   `json:"shape"`
	Connections   int     `json:"connections"`
	WarmUpSeconds float64 `json:"warm_up_seconds,omitempty"`
	// Start is when the burst began.
	Start time.Time `json:"start"`

	// Intended is how many events the plan has.
	Intended uint64 `json:"intended"`
	// Sent is how many were written to a connection, whole or in part; Faulted of them had a fault.
	Sent    uint64 `json:"sent"`
	Faulted uint64 `json:"faulted,omitempty"`
	// Acknowledged is how many of the events without a fault got a 2xx.
	Acknowledged uint64 `json:"acknowledged"`
	// Copies is how many further requests repeated an event: the fault duplicate.
	Copies uint64 `json:"copies,omitempty"`
	// Outcomes counts the events without a fault: 2xx, 3xx, 4xx, 5xx, other, not_sent,
	// partly_written, no_reply, dropped.
	Outcomes map[string]uint64 `json:"outcomes"`
	// Statuses counts the responses to them by status.
	Statuses map[int]uint64 `json:"statuses"`
	// Reasons counts why events got no response, as "not_sent: connection refused". Of many
	// different ones the last are counted together.
	Reasons map[string]uint64 `json:"reasons"`
	// Faults are the events with a fault, which are in none of the counts above but Sent.
	Faults []FaultResult `json:"faults,omitempty"`

	// Seconds is how long the burst took, until the last response.
	Seconds float64 `json:"seconds"`
	// Rate is what was achieved after the warm-up, in events a second; RateShare is its ratio to
	// the intended rate, 1 without a rate.
	Rate      float64 `json:"rate"`
	RateShare float64 `json:"rate_share"`
	// Lag is how late requests started. Service is from then to the response; Response is from when
	// they were due to the response. All are after the warm-up, with faults.
	Lag      Latency `json:"lag_ms"`
	Service  Latency `json:"service_ms"`
	Response Latency `json:"response_ms"`
	// SuccessService and SuccessResponse are those of the requests with a 2xx.
	SuccessService  Latency `json:"success_service_ms"`
	SuccessResponse Latency `json:"success_response_ms"`
	// Generator is how well this machine kept to the plan.
	Generator Generator `json:"generator"`
	// Series are the seconds of the burst after the warm-up; StepSeconds is the time between two
	// points, 1 unless the burst is longer than an hour.
	Series      []Point `json:"series"`
	StepSeconds float64 `json:"step_seconds"`
	// Histograms have all latencies, to be merged with those of other bursts.
	Histograms Histograms `json:"histograms"`

	// Shards are the parts of a burst over several machines.
	Shards []ShardResult `json:"shards,omitempty"`

	// Accounting is set by Reconcile.
	Accounting *Accounting `json:"accounting,omitempty"`
	// Thresholds are set by Check.
	Thresholds []ThresholdResult `json:"thresholds,omitempty"`
	// Problems are why the burst could not go on as planned.
	Problems []string `json:"problems,omitempty"`

	load    *load // nil: read from a file
	measure *measure
	ran     ran
}

// ran is what a run has besides its measure.
type ran struct {
	start              time.Time
	took               time.Duration
	next               uint64 // one more than the highest index that was taken
	number             uint64 // of events that were taken
	sent, acknowledged *bitmap
	cpu                float64
	cores              int
	problems           []string
}

// ShardResult is what one shard of a burst did.
type ShardResult struct {
	// Number says which one it is, from 0; Node is the name of the process that sent it.
	Number int    `json:"number"`
	Node   string `json:"node"`
	// ClockOffset is how many milliseconds the clock of the node was behind that of the database
	// before the start, give or take ClockError. ClockOffsetEnd and ClockErrorEnd are those of the
	// last measurement: at the end, or up to ten seconds before the node died.
	ClockOffset    float64 `json:"clock_offset_ms"`
	ClockError     float64 `json:"clock_error_ms"`
	ClockOffsetEnd float64 `json:"clock_offset_end_ms"`
	ClockErrorEnd  float64 `json:"clock_error_end_ms"`
	// Start is when the shard began, in the clock of the database, give or take ClockError. It is
	// the same for all shards; the events of one that came late count as late.
	Start time.Time `json:"start,omitzero"`
	// Intended, Sent, Acknowledged and Late are those of Report and Generator. Sent and
	// Acknowledged count events with a fault too.
	Intended     uint64 `json:"intended"`
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged"`
	Late         uint64 `json:"late"`
	// Dead is set when the node was lost. Sent is then what it is known to have sent, and Uncertain
	// are further events that it may have sent: of the numbers from First to Last those that the
	// shard has. Unbounded means that nobody can tell which.
	Dead      bool      `json:"dead,omitempty"`
	Uncertain Uncertain `json:"uncertain,omitzero"`
	Unbounded bool      `json:"unbounded,omitempty"`
	// Problem is why the shard did not go on as planned.
	Problem string `json:"problem,omitempty"`
}

// Known returns the numbers of events that were sent and acknowledged, with those that have a
// fault.
func (r *Report) Known() (sent, acknowledged uint64) {
	if r.load == nil {
		return r.Sent, r.Acknowledged
	}
	return r.ran.sent.len(), r.ran.acknowledged.len()
}

// Incomplete reports whether a shard died, so that nobody knows all that was sent.
func (r *Report) Incomplete() bool {
	return slices.ContainsFunc(r.Shards, func(s ShardResult) bool { return s.Dead })
}

// FaultResult is how the events with one fault ended.
type FaultResult struct {
	FaultShare
	// Sent is how many were sent, or dropped by the fault drop.
	Sent uint64 `json:"sent"`
	// Outcomes are those of Report, for these events.
	Outcomes map[string]uint64 `json:"outcomes"`
	// Forged is set when the consumer should have refused these events: their signature is wrong.
	// Accepted is how many got a 2xx.
	Forged   bool   `json:"forged"`
	Accepted uint64 `json:"accepted"`
	// Impossible is how many events could not have the fault, for the reason Why. They were sent
	// without it.
	Impossible uint64 `json:"impossible,omitempty"`
	Why        string `json:"why,omitempty"`
}

// Generator is how well the machine that sends kept to the plan.
type Generator struct {
	// Late is how many of the Measured requests started more than 2 ms after they were due although
	// a connection was free: the machine was too slow. Queued is how many started late because no
	// connection was free: the consumer is slow, or there are too few connections.
	Late     uint64 `json:"late"`
	Queued   uint64 `json:"queued"`
	Measured uint64 `json:"measured"`
	// CPU is the share of this machine's cores that the process used, from 0 to 1; 0 where it
	// cannot be measured.
	CPU float64 `json:"cpu"`
	// Cores is how many it may use.
	Cores int `json:"cores"`
}

// The limits of Slow.
const (
	maxLateShare = 0.01
	maxCPU       = 0.95
)

// Slow reports whether the figures are also those of the machine that sends: more than one request
// in a hundred started late although a connection was free, or the processor was busy all the time.
func (g Generator) Slow() bool {
	return float64(g.Late) > maxLateShare*float64(g.Measured) || g.CPU > maxCPU
}

// report returns the report of a burst that took a time.
func (b *burst) report(took time.Duration) *Report {
	r := ran{start: b.start, took: took, sent: &b.sent, acknowledged: &b.acknowledged, cores: runtime.GOMAXPROCS(0), problems: b.troubles()}
	r.next, r.number = b.schedule.taken()
	if spent := processorTime() - b.cpu; spent > 0 && took > 0 && b.cpu > 0 {
		r.cpu = math.Min(1, spent.Seconds()/took.Seconds()/float64(r.cores))
	}
	b.measure.mu.Lock()
	defer b.measure.mu.Unlock()
	return newReport(b.load, b.measure, r)
}

func newReport(l *load, m *measure, run ran) *Report {
	plan, took := l.plan, run.took
	r := &Report{
		URLs: plan.URLs, Seed: plan.Seed, Shape: plan.Shape, Connections: plan.connections(), WarmUpSeconds: plan.WarmUp.Seconds(), Start: run.start,
		Sent: m.sent, Acknowledged: m.acknowledged, Copies: m.copies, Outcomes: counts(m.outcomes), Statuses: maps.Clone(m.statuses), Reasons: maps.Clone(m.reasons),
		Seconds: took.Seconds(), RateShare: 1,
		Lag: latency(m.lag), Service: latency(m.service), Response: latency(m.response),
		SuccessService: latency(m.goodService), SuccessResponse: latency(m.goodResponse),
		Generator: Generator{Late: m.late, Queued: m.queued, Measured: m.measured, CPU: run.cpu, Cores: run.cores},
		Series:    m.series.all(plan.Shape), StepSeconds: m.series.step.Seconds(),
		Histograms: m.histograms(), Problems: run.problems,
		load: l, measure: m, ran: run,
	}
	if plan.Recording != nil {
		r.Recorded = plan.Recording.Len()
	}
	for i := range l.parts {
		r.Providers = append(r.Providers, l.parts[i].provider.Name)
	}
	for k := range l.faults.list {
		f, c := &l.faults.list[k], &m.faults[k]
		result := FaultResult{FaultShare: f.FaultShare, Sent: c.sent, Outcomes: counts(c.outcomes), Forged: f.forges, Accepted: c.outcomes[success], Impossible: c.impossible, Why: c.why}
		r.Faults = append(r.Faults, result)
		written := c.sent - c.outcomes[notSent] - c.outcomes[dropped]
		r.Sent += written
		r.Faulted += written
	}
	var known bool
	if r.Intended, known = l.ofShard(); !known {
		r.Intended = run.number
	}
	if span := (m.lastBegin - m.firstDue).Seconds(); span > 0 {
		r.Rate = float64(m.measuredSent-1) / span
		if planned := (m.lastDue - m.firstDue).Seconds(); !plan.Shape.Closed() && planned > 0 {
			r.RateShare = planned / span * float64(m.measuredSent) / float64(m.measured+m.outcomes[dropped])
		}
	} else if took > 0 {
		r.Rate = float64(r.Sent) / took.Seconds()
	}
	return r
}

// RatePercent is RateShare in percent.
func (r *Report) RatePercent() float64 { return r.RateShare * 100 }

// provider returns the first provider; nil for a recording.
func (l *load) provider() *fixtures.Provider {
	if len(l.parts) == 0 {
		return nil
	}
	return l.parts[0].provider
}
