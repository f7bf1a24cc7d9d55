package burst

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Backup returns what a running shard has done so far, for a copy that survives its machine. One
// goroutine at a time uses it.
type Backup struct {
	burst *burst
	step  time.Duration
	given []pointState // the points that State has returned, of that step
}

// Backup returns the source of copies of the burst; nil in a Progress that no Run made.
func (p Progress) Backup() *Backup { return p.backup }

// Chunk is a part of a set of event numbers: those that were sent, or those with a 2xx.
type Chunk struct {
	// Acknowledged says which of the two sets it is a part of.
	Acknowledged bool
	// Number is where the chunk begins: at event Number × 65536. Bits has a bit for each event from
	// there, the lowest bit of the first byte first.
	Number int
	Bits   []byte
}

// Changes returns the chunks that changed since the last call.
func (l *Backup) Changes() []Chunk {
	var list []Chunk
	// The acknowledged ones first: what is acknowledged was sent, also in a copy of both.
	for number, words := range l.burst.acknowledged.all(true) {
		list = append(list, Chunk{true, number, words})
	}
	for number, words := range l.burst.sent.all(true) {
		list = append(list, Chunk{false, number, words})
	}
	return list
}

// SeriesPoint is a point of the series of a shard, with its histograms.
type SeriesPoint struct {
	// Step is the time between two points. It doubles in a long burst; the points of a shorter step
	// are then void.
	Step time.Duration
	// Number is the place in the series, from 0.
	Number int
	// Data is what Shards.Read reads.
	Data []byte
}

// State returns the figures so far, whose size does not grow with the burst, and the points of the
// series that changed since the last call, for Shards.Read.
func (l *Backup) State() (figures []byte, points []SeriesPoint, err error) {
	r := l.burst.report(l.burst.elapsed())
	r.measure.mu.Lock()
	s, all := r.state(), r.measure.series.states()
	r.measure.mu.Unlock()
	if l.step != s.Step {
		l.step, l.given = s.Step, nil
	}
	for number, p := range all {
		if number < len(l.given) && p == l.given[number] {
			continue
		}
		data, err := json.Marshal(p)
		if err != nil {
			return nil, nil, err
		}
		points = append(points, SeriesPoint{s.Step, number, data})
	}
	l.given = all
	figures, err = json.Marshal(s)
	return figures, points, err
}

// State returns the figures of a report of Run, with the series, for Shards.Read.
func (r *Report) State() ([]byte, error) {
	if r.load == nil {
		return nil, errNoPlan
	}
	r.measure.mu.Lock()
	s := r.state()
	s.Points = r.measure.series.states()
	r.measure.mu.Unlock()
	return json.Marshal(s)
}

// state is what a measure and a run have, without the sets of events.
type state struct {
	Shard                        Shard
	Start                        time.Time
	Took                         time.Duration
	Next, Number                 uint64
	CPU                          float64
	Cores                        int
	Problems                     []string `json:",omitempty"`
	Lag, Service, Response       string
	GoodService, GoodResponse    string
	Late, Queued                 uint64
	Measured, MeasuredSent       uint64
	FirstDue, LastDue, LastBegin time.Duration
	Sent, Acknowledged, Copies   uint64
	Outcomes                     [outcomes]uint64
	Statuses                     map[int]uint64
	Reasons                      map[string]uint64
	Faults                       []faultState  `json:",omitempty"`
	From, Step                   time.Duration // of the series
	Points                       []pointState  `json:",omitempty"`
}

type faultState struct {
	Sent, Impossible uint64
	Outcomes         [outcomes]uint64
	Why              string
}

type pointState struct {
	Point         Point
	Response, Lag string
}

// state returns the state without the points. The measure is locked.
func (r *Report) state() state {
	m := r.measure
	s := state{
		Shard: r.load.plan.Shard, Start: r.ran.start, Took: r.ran.took, Next: r.ran.next, Number: r.ran.number, CPU: r.ran.cpu, Cores: r.ran.cores, Problems: r.ran.problems,
		Lag: encoded(m.lag), Service: encoded(m.service), Response: encoded(m.response), GoodService: encoded(m.goodService), GoodResponse: encoded(m.goodResponse),
		Late: m.late, Queued: m.queued, Measured: m.measured, MeasuredSent: m.measuredSent,
		FirstDue: m.firstDue, LastDue: m.lastDue, LastBegin: m.lastBegin,
		Sent: m.sent, Acknowledged: m.acknowledged, Copies: m.copies,
		Outcomes: m.outcomes, Statuses: maps.Clone(m.statuses), Reasons: maps.Clone(m.reasons), From: m.series.from, Step: m.series.step,
	}
	for _, f := range m.faults {
		s.Faults = append(s.Faults, faultState{f.sent, f.impossible, f.outcomes, f.why})
	}
	return s
}

// Shards reads and merges what the shards of a burst have done, on a machine that sends nothing.
// One goroutine at a time uses it.
type Shards struct{ load *load }

// NewShards returns the n shards of a plan. The limits of this machine do not count. It returns
// ErrPlan as Run does.
func NewShards(plan Plan, n int) (*Shards, error) {
	plan.Shard = Shard{Of: n}
	if err := plan.complete(); err != nil {
		return nil, err
	}
	l, err := newLoad(&plan)
	if err != nil {
		return nil, err
	}
	return &Shards{l}, nil
}

// Read returns the report of a shard from what State returned on another machine, and from the
// chunks that Changes returned, of which a later one has all that an earlier one has. The points
// count if the figures have no series. Of those with the same step and number the last one counts.
// Errors say what is wrong with the state.
func (of *Shards) Read(data []byte, chunks []Chunk, points []SeriesPoint) (*Report, error) {
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("state of a shard: %w", err)
	}
	l := of.load.as(s.Shard)
	if err := s.Shard.check(l.plan); err != nil {
		return nil, err
	}
	if len(s.Faults) != len(l.faults.list) {
		return nil, fmt.Errorf("state of a shard: %d faults, and the plan has %d", len(s.Faults), len(l.faults.list))
	}
	m := newMeasure(l)
	var err error
	for _, h := range []struct {
		to   **hdrhistogram.Histogram
		text string
	}{{&m.lag, s.Lag}, {&m.service, s.Service}, {&m.response, s.Response}, {&m.goodService, s.GoodService}, {&m.goodResponse, s.GoodResponse}} {
		if *h.to, err = decoded(h.text); err != nil {
			return nil, fmt.Errorf("state of a shard: %w", err)
		}
	}
	m.late, m.queued, m.measured, m.measuredSent = s.Late, s.Queued, s.Measured, s.MeasuredSent
	m.firstDue, m.lastDue, m.lastBegin = s.FirstDue, s.LastDue, s.LastBegin
	m.sent, m.acknowledged, m.copies, m.outcomes = s.Sent, s.Acknowledged, s.Copies, s.Outcomes
	for status, n := range s.Statuses {
		m.statuses[status] += n
	}
	for reason, n := range s.Reasons {
		count(m.reasons, reason, n)
	}
	for k, f := range s.Faults {
		m.faults[k] = faultCount{f.Sent, f.Impossible, f.Outcomes, f.Why}
	}
	m.series.step = max(s.Step, time.Second)
	if s.Points == nil {
		if s.Points, err = m.series.read(points); err != nil {
			return nil, fmt.Errorf("state of a shard: %w", err)
		}
	}
	for at, p := range s.Points {
		m.series.points = append(m.series.points, p.Point)
		if p.Response != "" {
			m.series.kept[at] = keptPoint{p.Response, p.Lag}
		}
	}
	run := ran{start: s.Start, took: s.Took, next: s.Next, number: s.Number, cpu: s.CPU, cores: s.Cores, problems: s.Problems, sent: &bitmap{}, acknowledged: &bitmap{}}
	for _, c := range chunks {
		if c.Acknowledged {
			run.acknowledged.join(c.Number, c.Bits)
		} else {
			run.sent.join(c.Number, c.Bits)
		}
	}
	return newReport(l, m, run), nil
}

// read returns the points of the step of the series.
func (s *series) read(points []SeriesPoint) (list []pointState, err error) {
	for _, p := range points {
		if p.Step != s.step || p.Number < 0 || p.Number >= maxPoints {
			continue
		}
		for len(list) <= p.Number {
			at := s.from + time.Duration(len(list))*s.step
			list = append(list, pointState{Point: Point{Seconds: at.Seconds()}})
		}
		list[p.Number] = pointState{}
		if err := json.Unmarshal(p.Data, &list[p.Number]); err != nil {
			return nil, fmt.Errorf("point %d: %w", p.Number, err)
		}
	}
	return list, nil
}

// Unknown returns the report of a shard that nothing is known of.
func (of *Shards) Unknown(number int) *Report {
	l := of.load.as(Shard{number, of.load.plan.Shard.Of})
	return newReport(l, newMeasure(l), ran{sent: &bitmap{}, acknowledged: &bitmap{}})
}
