package burst

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Report is what a burst did.
type Report struct {
	Provider string `json:"provider"`
	URL      string `json:"url"`
	Seed     uint64 `json:"seed"`
	// Intended is how many events the plan called for.
	Intended uint64 `json:"intended"`
	// Sent is how many were begun; Acknowledged how many of them got a 2xx.
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged"`
	// Outcomes counts every event sent: 2xx, 3xx, 4xx, 5xx, not_sent, partly_written, no_reply.
	Outcomes map[string]uint64 `json:"outcomes"`
	Seconds  float64           `json:"seconds"`
	// Rate is what was achieved, in events a second.
	Rate float64 `json:"rate"`
	// Lag is how late events were begun; Service is from then to the answer; Response from when they were due to the answer.
	Lag      Latency `json:"lag_ms"`
	Service  Latency `json:"service_ms"`
	Response Latency `json:"response_ms"`
	// Accounting is set by Reconcile.
	Accounting *Accounting `json:"accounting,omitempty"`
	// Problems are what kept the burst from going on as planned.
	Problems []string `json:"problems,omitempty"`

	plan           Plan
	names          []string
	end            uint64   // one more than the highest index sent
	unacknowledged []uint32 // indexes that were taken and got no 2xx, ascending
}

// Latency sums up durations in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func newReport(plan Plan, workers []*worker, took time.Duration) *Report {
	r := &Report{
		Provider: plan.Provider.Name, URL: plan.URL, Seed: plan.Seed, Outcomes: map[string]uint64{},
		Seconds: took.Seconds(), plan: plan,
	}
	r.names, _ = plan.names()
	lag, service, response := merged(workers)
	for _, w := range workers {
		r.Sent += w.taken.Load()
		r.Acknowledged += w.acknowledged.Load()
		for outcome, n := range w.outcomes {
			r.Outcomes[outcome] += n
		}
		r.end = max(r.end, w.end)
		r.unacknowledged = append(r.unacknowledged, w.unacknowledged...)
		if w.err != nil && !slices.Contains(r.Problems, w.err.Error()) {
			r.Problems = append(r.Problems, w.err.Error())
		}
	}
	slices.Sort(r.unacknowledged)
	r.Intended = plan.Count
	if plan.Count == math.MaxUint32 { // no count was given
		r.Intended = r.Sent
		if plan.Rate > 0 {
			r.Intended = uint64(math.Ceil(plan.Rate * plan.Duration.Seconds()))
		}
	}
	r.Rate = float64(r.Sent) / took.Seconds()
	r.Lag, r.Service, r.Response = latency(lag), latency(service), latency(response)
	return r
}

func merged(workers []*worker) (lag, service, response *hdrhistogram.Histogram) {
	lag = hdrhistogram.New(1, longest, digits)
	service = hdrhistogram.New(1, longest, digits)
	response = hdrhistogram.New(1, longest, digits)
	for _, w := range workers {
		lag.Merge(w.lag)
		service.Merge(w.service)
		response.Merge(w.response)
	}
	return lag, service, response
}

func latency(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Latency{
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

// OK says whether every event that was planned was sent and acknowledged and, if reconciled, captured exactly once.
func (r *Report) OK() bool {
	return len(r.Problems) == 0 && r.Sent == r.Intended && r.Acknowledged == r.Sent && (r.Accounting == nil || r.Accounting.OK())
}

var errNoPlan = errors.New("a report that no Run made cannot be reconciled")
