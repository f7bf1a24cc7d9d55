package burst

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latencies are kept in microseconds up to ten minutes, to three digits.
const (
	maxLatency = 600_000_000
	digits     = 3
)

// recorder counts the outcomes of several workers. Workers hand over a batch of samples at a time,
// so that the lock costs little, and there are few recorders, so that memory does not grow with the
// connections.
type recorder struct {
	mu                     sync.Mutex
	lag, service, response *hdrhistogram.Histogram
	outcomes               map[string]uint64
	statuses               map[int]uint64
	reasons                map[string]uint64
}

func newRecorder() *recorder {
	return &recorder{
		lag: hdrhistogram.New(1, maxLatency, digits), service: hdrhistogram.New(1, maxLatency, digits), response: hdrhistogram.New(1, maxLatency, digits),
		outcomes: map[string]uint64{}, statuses: map[int]uint64{}, reasons: map[string]uint64{},
	}
}

// sample is the result of one request.
type sample struct {
	lag, service, response int32 // microseconds
	status                 int16
	outcome                outcome
	reason                 string // why there is no status
}

// batch is how many samples a worker gathers before it hands them over.
const batch = 64

func (r *recorder) record(samples []sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range samples {
		s := &samples[i]
		_ = r.lag.RecordValue(int64(s.lag))
		_ = r.service.RecordValue(int64(s.service))
		_ = r.response.RecordValue(int64(s.response))
		r.outcomes[s.outcome.String()]++
		if s.status > 0 {
			r.statuses[int(s.status)]++
		}
		if s.reason != "" {
			count(r.reasons, s.outcome.String()+": "+s.reason, 1)
		}
	}
}

// merge adds what another recorder counted.
func (r *recorder) merge(other *recorder) {
	r.lag.Merge(other.lag)
	r.service.Merge(other.service)
	r.response.Merge(other.response)
	for outcome, n := range other.outcomes {
		r.outcomes[outcome] += n
	}
	for status, n := range other.statuses {
		r.statuses[status] += n
	}
	for reason, n := range other.reasons {
		count(r.reasons, reason, n)
	}
}

// The bounds of count: the number of different reasons, and the name for the rest.
const (
	maxReasons   = 50
	otherReasons = "other reasons"
)

// count adds n to a reason, within maxReasons.
func count(reasons map[string]uint64, reason string, n uint64) {
	if _, known := reasons[reason]; !known && len(reasons) >= maxReasons {
		reason = otherReasons
	}
	reasons[reason] += n
}

// microseconds returns a duration in the unit and within the range of a sample.
func microseconds(d time.Duration) int32 { return int32(min(max(d.Microseconds(), 1), maxLatency)) }
