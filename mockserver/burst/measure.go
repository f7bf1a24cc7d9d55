package burst

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// measure counts and measures what the workers did. They hand over a batch of samples at a time, so
// that the lock costs little and memory does not grow with the connections.
type measure struct {
	mu sync.Mutex
	// of all requests after the warm-up, and of those that got a 2xx
	lag, service, response    *hdrhistogram.Histogram
	goodService, goodResponse *hdrhistogram.Histogram
	late, queued              uint64        // started more than lateAfter after they were due: the worker woke late, or none was free
	measured, measuredSent    uint64        // samples in the histograms, and those that were written
	firstDue, lastDue         time.Duration // of the measured ones
	lastBegin                 time.Duration

	sent, acknowledged, copies uint64 // good events, and further copies of events
	outcomes                   [outcomes]uint64
	statuses                   map[int]uint64
	reasons                    map[string]uint64
	faults                     []faultCount
	series                     series
}

// faultCount is what became of the events with one fault.
type faultCount struct {
	sent, impossible uint64
	outcomes         [outcomes]uint64
	why              string // it was impossible
}

// lateAfter is how long after an event was due its request may start and count as on time: twice
// the granularity of the clocks that wake a goroutine.
const lateAfter = 2 * time.Millisecond

func newMeasure(l *load) *measure {
	m := &measure{
		lag: newHistogram(), service: newHistogram(), response: newHistogram(), goodService: newHistogram(), goodResponse: newHistogram(),
		statuses: map[int]uint64{}, reasons: map[string]uint64{}, faults: make([]faultCount, len(l.faults.list)),
		series: series{step: time.Second, from: l.plan.WarmUp},
	}
	if !l.plan.Shard.whole() {
		m.series.kept = map[int]keptPoint{}
	}
	return m
}

// sample is the result of one request.
type sample struct {
	end                    time.Duration // after the start of the burst
	lag, service, response int32         // microseconds
	status                 int16
	fault                  int16 // -1 is none
	outcome                outcome
	warmUp                 bool
	waited                 bool   // the worker was there before the event was due
	reason                 string // why there is no status
}

// A worker hands its samples over when it has a batch, and after a time that divides a second, so
// that the progress shows them.
const (
	batch    = 64
	handOver = 100 * time.Millisecond
)

func (m *measure) record(samples []sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range samples {
		m.add(&samples[i])
	}
}

func (m *measure) add(s *sample) {
	if s.fault >= 0 {
		f := &m.faults[s.fault]
		f.sent++
		f.outcomes[s.outcome]++
	} else {
		m.outcomes[s.outcome]++
		if s.status > 0 {
			m.statuses[int(s.status)]++
		}
		if s.outcome != notSent && s.outcome != dropped {
			m.sent++
		}
		if s.outcome == success {
			m.acknowledged++
		}
		if s.reason != "" {
			count(m.reasons, s.outcome.String()+": "+s.reason, 1)
		}
	}
	if s.warmUp {
		return
	}
	m.series.add(s)
	if s.outcome == dropped {
		return
	}
	begin := s.end - time.Duration(s.service)*time.Microsecond
	due := begin - time.Duration(s.lag)*time.Microsecond
	if m.measured == 0 {
		m.firstDue = due
	}
	m.lastBegin = max(m.lastBegin, begin)
	m.firstDue, m.lastDue = min(m.firstDue, due), max(m.lastDue, due)
	m.measured++
	if s.outcome != notSent {
		m.measuredSent++
	}
	if time.Duration(s.lag)*time.Microsecond > lateAfter {
		if s.waited {
			m.late++
		} else {
			m.queued++
		}
	}
	_ = m.lag.RecordValue(int64(s.lag))
	_ = m.service.RecordValue(int64(s.service))
	_ = m.response.RecordValue(int64(s.response))
	if s.outcome == success {
		_ = m.goodService.RecordValue(int64(s.service))
		_ = m.goodResponse.RecordValue(int64(s.response))
	}
}

// impossible counts an event that could not have the fault that was chosen for it.
func (m *measure) impossible(k int, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.faults[k]
	f.impossible++
	f.why = why
}

// further counts a request that repeats one.
func (m *measure) further() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.copies++
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
