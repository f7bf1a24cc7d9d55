package burst

import (
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Merge returns the report of a burst from those of its shards, each from Run or Shards.Read. It
// adds their counts and histograms, so that its percentiles are those of all samples, and joins
// their sets of events, so that Reconcile is exact. Some shards may be missing: the report then has
// what the others did, of the events that the whole plan has. Point n of the series has the same
// time of all shards, because they share a start. Merge returns ErrPlan for reports that are not of
// different shards of one burst.
func Merge(shards ...*Report) (*Report, error) {
	if len(shards) == 0 {
		return nil, fmt.Errorf("%w: no shard to merge", ErrPlan)
	}
	var numbers []int
	for _, r := range shards {
		if r.load == nil {
			return nil, fmt.Errorf("%w: a report that no Run made cannot be merged", ErrPlan)
		}
		shard, first := r.load.plan.Shard, shards[0].load.plan
		if shard.Of != first.Shard.Of || r.load.plan.Seed != first.Seed || slices.Contains(numbers, shard.Number) {
			return nil, fmt.Errorf("%w: shard %d of %d with seed %d and shard %d of %d with seed %d are not two parts of one burst",
				ErrPlan, first.Shard.Number, first.Shard.Of, first.Seed, shard.Number, shard.Of, r.load.plan.Seed)
		}
		numbers = append(numbers, shard.Number)
	}
	l := shards[0].load.as(Shard{})
	m, run := newMeasure(l), ran{sent: &bitmap{}, acknowledged: &bitmap{}}
	m.series.kept = map[int]keptPoint{}
	for _, r := range shards {
		if err := m.join(r.measure); err != nil {
			return nil, err
		}
		run.join(&r.ran)
	}
	r := newReport(l, m, run)
	r.Check(l.plan.Thresholds)
	return r, nil
}

// join adds what another shard ran. The processor is that of the busiest machine.
func (r *ran) join(other *ran) {
	if r.start.IsZero() || !other.start.IsZero() && other.start.Before(r.start) {
		r.start = other.start
	}
	r.took = max(r.took, other.took)
	r.next, r.number = max(r.next, other.next), r.number+other.number
	if other.cpu >= r.cpu {
		r.cpu, r.cores = other.cpu, other.cores
	}
	r.sent.union(other.sent)
	r.acknowledged.union(other.acknowledged)
	for _, problem := range other.problems {
		if !slices.Contains(r.problems, problem) {
			r.problems = append(r.problems, problem)
		}
	}
}

// join adds what another shard measured.
func (m *measure) join(other *measure) error {
	other.mu.Lock()
	defer other.mu.Unlock()
	for _, h := range []struct{ to, from *hdrhistogram.Histogram }{
		{m.lag, other.lag}, {m.service, other.service}, {m.response, other.response}, {m.goodService, other.goodService}, {m.goodResponse, other.goodResponse},
	} {
		h.to.Merge(h.from)
	}
	if other.measured > 0 {
		if m.measured == 0 {
			m.firstDue = other.firstDue
		}
		m.firstDue, m.lastDue, m.lastBegin = min(m.firstDue, other.firstDue), max(m.lastDue, other.lastDue), max(m.lastBegin, other.lastBegin)
	}
	m.late, m.queued = m.late+other.late, m.queued+other.queued
	m.measured, m.measuredSent = m.measured+other.measured, m.measuredSent+other.measuredSent
	m.sent, m.acknowledged, m.copies = m.sent+other.sent, m.acknowledged+other.acknowledged, m.copies+other.copies
	for o, n := range other.outcomes {
		m.outcomes[o] += n
	}
	for status, n := range other.statuses {
		m.statuses[status] += n
	}
	for reason, n := range other.reasons {
		count(m.reasons, reason, n)
	}
	if len(m.faults) != len(other.faults) {
		return fmt.Errorf("%w: the shards have different faults", ErrPlan)
	}
	for k := range other.faults {
		to, from := &m.faults[k], &other.faults[k]
		to.sent, to.impossible = to.sent+from.sent, to.impossible+from.impossible
		for o, n := range from.outcomes {
			to.outcomes[o] += n
		}
		if from.why != "" {
			to.why = from.why
		}
	}
	m.series.join(&other.series)
	return nil
}

// join adds the points of another shard. Where a point has its histograms, the percentiles are
// those of all samples; otherwise the larger ones count.
func (s *series) join(other *series) {
	points := other.states()
	for step := other.step; step < s.step; step *= 2 {
		points = halved(points)
	}
	for s.step < other.step {
		s.merge()
	}
	for at, p := range points {
		for len(s.points) <= at {
			s.points = append(s.points, Point{Seconds: (s.from + time.Duration(len(s.points))*s.step).Seconds()})
		}
		s.points[at].add(&p.Point)
		k := keptPoint{p.Response, p.Lag}
		if k.response == "" {
			continue
		}
		k = s.kept[at].join(k)
		s.kept[at] = k
		k.write(&s.points[at])
	}
}

// states returns the points with their histograms.
func (s *series) states() []pointState {
	list := make([]pointState, len(s.points))
	for i := range s.open {
		s.write(&s.open[i])
	}
	for at := range list {
		list[at] = pointState{s.points[at], s.kept[at].response, s.kept[at].lag}
	}
	if s.kept == nil {
		return list
	}
	for _, o := range s.open {
		k := s.kept[o.at].join(keptPoint{encoded(o.response), encoded(o.lag)})
		list[o.at].Response, list[o.at].Lag = k.response, k.lag
	}
	return list
}

// halved makes one point of two.
func halved(points []pointState) []pointState {
	var half []pointState
	for i, p := range points {
		if i%2 == 0 {
			half = append(half, p)
			continue
		}
		last := &half[len(half)-1]
		last.Point.add(&p.Point)
		k := keptPoint{last.Response, last.Lag}.join(keptPoint{p.Response, p.Lag})
		last.Response, last.Lag = k.response, k.lag
	}
	return half
}

// add adds the counts of a point. Of the percentiles it keeps the larger ones.
func (p *Point) add(q *Point) {
	p.Sent, p.Acknowledged, p.Failed, p.Dropped = p.Sent+q.Sent, p.Acknowledged+q.Acknowledged, p.Failed+q.Failed, p.Dropped+q.Dropped
	p.ResponseP50, p.ResponseP99, p.ResponseMax, p.LagP99 = max(p.ResponseP50, q.ResponseP50), max(p.ResponseP99, q.ResponseP99), max(p.ResponseMax, q.ResponseMax), max(p.LagP99, q.LagP99)
}

// join returns the histograms of both. One that cannot be read is left out.
func (k keptPoint) join(other keptPoint) keptPoint {
	return keptPoint{joined(k.response, other.response), joined(k.lag, other.lag)}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	to, err := decoded(a)
	if err != nil {
		return b
	}
	if from, err := decoded(b); err == nil {
		to.Merge(from)
	}
	return encoded(to)
}

// write puts the percentiles of the histograms into a point.
func (k keptPoint) write(p *Point) {
	response, err := decoded(k.response)
	if err != nil {
		return
	}
	lag, err := decoded(k.lag)
	if err != nil {
		return
	}
	o := openPoint{response: response, lag: lag}
	p.ResponseP50, p.ResponseP99, p.ResponseMax, p.LagP99 = 0, 0, 0, 0
	o.write(p)
}

// MergeProgress returns the progress of a burst from the merged report so far and the progress of
// each shard.
func MergeProgress(merged *Report, shards ...Progress) Progress {
	p := Progress{
		Intended: merged.Intended, Sent: merged.Sent - merged.Faulted, Acknowledged: merged.Acknowledged, Dropped: merged.Outcomes[dropped.String()],
		Outcomes: merged.Outcomes, Response: merged.Response, Lag: merged.Lag,
	}
	for _, shard := range shards {
		p.Elapsed, p.Left, p.InFlight = max(p.Elapsed, shard.Elapsed), max(p.Left, shard.Left), p.InFlight+shard.InFlight
		if shard.Last.Seconds > p.Last.Seconds {
			p.Last.Seconds = shard.Last.Seconds
		}
	}
	for _, shard := range shards {
		p.Last.add(&shard.Last)
		p.Last.Intended = max(p.Last.Intended, shard.Last.Intended)
	}
	return p
}
