package burst

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Point is one second of a burst, or the longer Step of a Report of a long burst. An event counts
// when its response came.
type Point struct {
	// Seconds after the start of the burst, at the beginning of the step.
	Seconds float64 `json:"t"`
	// Intended is the rate that the shape gives, in events a second; 0 without a rate.
	Intended float64 `json:"intended"`
	// Sent, Acknowledged and Failed count events: those with any response or none, those with 2xx,
	// and those without. Dropped counts events that were not sent.
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged"`
	Failed       uint64 `json:"failed"`
	Dropped      uint64 `json:"dropped"`
	// ResponseP50, ResponseP99, ResponseMax and LagP99 are percentiles in milliseconds.
	ResponseP50 float64 `json:"response_p50"`
	ResponseP99 float64 `json:"response_p99"`
	ResponseMax float64 `json:"response_max"`
	LagP99      float64 `json:"lag_p99"`
}

// series gathers points. Its memory is bounded: when there are maxPoints, two are merged into one,
// and the step doubles. It is guarded by the measure.
type series struct {
	from   time.Duration // the first point begins here
	step   time.Duration
	points []Point
	open   []openPoint // the newest ones, whose samples may still come
	free   []openPoint
	kept   map[int]keptPoint // of the points that are not open; nil when they are not kept
}

// keptPoint has the histograms of a point of a shard, encoded, to be merged with those of others.
type keptPoint struct{ response, lag string }

// openPoint is a point that is being measured.
type openPoint struct {
	at            int // in points
	response, lag *hdrhistogram.Histogram
}

// The bounds of a series: points, and open ones. A sample that is older than all open ones is
// counted, but not in the percentiles.
const (
	maxPoints = 3600
	maxOpen   = 8
)

func (s *series) add(r *sample) {
	at := int(max(0, r.end-s.from) / s.step)
	for at >= maxPoints {
		s.merge()
		at = int(max(0, r.end-s.from) / s.step)
	}
	for len(s.points) <= at {
		s.points = append(s.points, Point{Seconds: (s.from + time.Duration(len(s.points))*s.step).Seconds()})
	}
	p := &s.points[at]
	switch {
	case r.outcome == dropped:
		p.Dropped++
		return
	case r.outcome == success:
		p.Sent++
		p.Acknowledged++
	default:
		p.Sent++
		p.Failed++
	}
	if o := s.openAt(at); o != nil {
		_ = o.response.RecordValue(int64(r.response))
		_ = o.lag.RecordValue(int64(r.lag))
	}
}

// openAt returns the open point of a time; nil when the time is over.
func (s *series) openAt(at int) *openPoint {
	for i := range s.open {
		if s.open[i].at == at {
			return &s.open[i]
		}
	}
	if n := len(s.open); n > 0 && at < s.open[0].at && n == maxOpen {
		return nil
	}
	if len(s.open) == maxOpen {
		s.end(0)
	}
	o := openPoint{at: at}
	if n := len(s.free); n > 0 {
		o.response, o.lag = s.free[n-1].response, s.free[n-1].lag
		s.free = s.free[:n-1]
	} else {
		o.response, o.lag = hdrhistogram.New(1, maxLatency, seriesDigits), hdrhistogram.New(1, maxLatency, seriesDigits)
	}
	i := 0
	for i < len(s.open) && s.open[i].at < at {
		i++
	}
	s.open = append(s.open, openPoint{})
	copy(s.open[i+1:], s.open[i:])
	s.open[i] = o
	return &s.open[i]
}

// write puts the percentiles of an open point into its point.
func (s *series) write(o *openPoint) { o.write(&s.points[o.at]) }

func (o *openPoint) write(p *Point) {
	p.ResponseP50 = max(p.ResponseP50, float64(o.response.ValueAtQuantile(50))/1000)
	p.ResponseP99 = max(p.ResponseP99, float64(o.response.ValueAtQuantile(99))/1000)
	p.ResponseMax = max(p.ResponseMax, float64(o.response.Max())/1000)
	p.LagP99 = max(p.LagP99, float64(o.lag.ValueAtQuantile(99))/1000)
}

// end ends open point i.
func (s *series) end(i int) {
	o := s.open[i]
	s.write(&o)
	if s.kept != nil {
		s.kept[o.at] = s.kept[o.at].join(keptPoint{encoded(o.response), encoded(o.lag)})
	}
	o.response.Reset()
	o.lag.Reset()
	s.free = append(s.free, o)
	s.open = append(s.open[:i], s.open[i+1:]...)
}

// merge makes one point of two. Of their percentiles it keeps the larger ones.
func (s *series) merge() {
	for len(s.open) > 0 {
		s.end(0)
	}
	half := s.points[:0]
	for i := 0; i < len(s.points); i += 2 {
		p := s.points[i]
		if i+1 < len(s.points) {
			q := s.points[i+1]
			p.add(&q)
		}
		half = append(half, p)
	}
	s.points = half
	s.step *= 2
	if s.kept != nil {
		halves := map[int]keptPoint{}
		for at, k := range s.kept {
			halves[at/2] = halves[at/2].join(k)
		}
		s.kept = halves
	}
}

// all returns the points so far, with the rates of the shape.
func (s *series) all(shape Shape) []Point {
	for i := range s.open {
		s.write(&s.open[i])
	}
	points := append([]Point(nil), s.points...)
	for i := range points {
		points[i].Intended = shape.RateAt(time.Duration(points[i].Seconds*float64(time.Second)) + s.step/2)
	}
	return points
}
