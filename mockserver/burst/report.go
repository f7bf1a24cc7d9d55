package burst

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is the result of a burst.
type Report struct {
	// Provider is whose events were sent, to URL, rendered from Seed.
	Provider string `json:"provider,omitempty"`
	// Recorded is how many recorded requests were sent in turn; 0 when the events were rendered.
	Recorded int    `json:"recorded,omitempty"`
	URL      string `json:"url"`
	Seed     uint64 `json:"seed"`
	// Intended is how many events the plan called for.
	Intended uint64 `json:"intended"`
	// Sent is how many were written to a connection, wholly or partly; Acknowledged how many of
	// them got a 2xx.
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged"`
	// Outcomes counts every event that was due: 2xx, 3xx, 4xx, 5xx, not_sent, partly_written,
	// no_reply.
	Outcomes map[string]uint64 `json:"outcomes"`
	// Statuses counts the responses by their status.
	Statuses map[int]uint64 `json:"statuses"`
	// Reasons counts why events got no response, as "not_sent: connection refused". Of many
	// different ones the last are counted together.
	Reasons map[string]uint64 `json:"reasons"`
	// Seconds is how long the burst took.
	Seconds float64 `json:"seconds"`
	// Rate is what was achieved, in events a second.
	Rate float64 `json:"rate"`
	// Lag is how late requests started. Service is from then to the response; Response is from when
	// they were due to the response.
	Lag      Latency `json:"lag_ms"`
	Service  Latency `json:"service_ms"`
	Response Latency `json:"response_ms"`
	// Accounting is set by Reconcile.
	Accounting *Accounting `json:"accounting,omitempty"`
	// Problems are why the burst could not go on as planned.
	Problems []string `json:"problems,omitempty"`

	plan           Plan
	names          []string
	end            uint64   // one more than the highest index sent
	unacknowledged []uint32 // indexes that were taken and got no 2xx, ascending
}

// Latency has the percentiles of durations, in milliseconds: P50 is the median, P90 and P99 are the
// 90th and 99th percentiles, P999 is the 99.9th, Max the longest.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func newReport(plan Plan, workers []*worker, recorders []*recorder, took time.Duration) *Report {
	all := newRecorder()
	for _, r := range recorders {
		all.merge(r)
	}
	r := &Report{
		URL: plan.URL, Seed: plan.Seed, Outcomes: all.outcomes, Statuses: all.statuses, Reasons: all.reasons,
		Seconds: took.Seconds(), plan: plan, Lag: latency(all.lag), Service: latency(all.service), Response: latency(all.response),
	}
	if plan.Recording != nil {
		r.Recorded = plan.Recording.Len()
	} else {
		r.Provider = plan.Provider.Name
	}
	r.names, _ = plan.names()
	for _, w := range workers {
		r.Sent += w.sent.Load()
		r.Acknowledged += w.acknowledged.Load()
		r.end = max(r.end, w.end)
		r.unacknowledged = append(r.unacknowledged, w.unacknowledged...)
		if w.err != nil && !slices.Contains(r.Problems, w.err.Error()) {
			r.Problems = append(r.Problems, w.err.Error())
		}
	}
	slices.Sort(r.unacknowledged)
	r.Intended = plan.Count
	if plan.Count == math.MaxUint32 { // no count was given
		r.Intended = r.Sent + r.Outcomes[notSent.String()]
		if plan.Rate > 0 {
			r.Intended = uint64(math.Ceil(plan.Rate * plan.Duration.Seconds()))
		}
	}
	if took > 0 {
		r.Rate = float64(r.Sent) / took.Seconds()
	}
	return r
}

func latency(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Latency{
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

// OK says whether every planned event was sent and acknowledged and, if reconciled, captured
// exactly once.
func (r *Report) OK() bool {
	return len(r.Problems) == 0 && r.Sent == r.Intended && r.Acknowledged == r.Sent && (r.Accounting == nil || r.Accounting.OK())
}

var errNoPlan = errors.New("a report that no Run made cannot be reconciled")
