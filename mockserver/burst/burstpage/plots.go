package burstpage

import (
	"fmt"
	"math"
	"strconv"

	"github.com/hookrig/hookrig/mockserver/burst"
)

// maxPoints is the largest number of points of a plot over time.
const maxPoints = 240

// plots returns all plots of a report.
func plots(r *burst.Report) ([]plot, error) {
	list := overTime(r)
	curves, err := r.Curves()
	if err != nil || len(curves) == 0 {
		return list, err
	}
	percentiles := plot{Title: "Percentiles", Caption: "How long the slowest requests took, in milliseconds: at p99, one in a hundred took longer."}
	for _, q := range burst.CurvePercentiles() {
		percentiles.labels = append(percentiles.labels, "p"+strconv.FormatFloat(q, 'f', -1, 64))
	}
	for _, c := range curves {
		if c.Name != "lag" && c.Name != "service" || !r.Shape.Closed() {
			percentiles.lines = append(percentiles.lines, line{c.Name, c.Milliseconds})
		}
	}
	bars, err := r.Distribution()
	if err != nil {
		return list, err
	}
	distribution := plot{Title: "Distribution", Caption: "Requests by response time, in milliseconds. Each bar is wider than the one before by the same factor.", bars: true}
	counts := line{name: "requests"}
	for _, b := range bars {
		distribution.labels = append(distribution.labels, fmt.Sprintf("%.3g", b.Milliseconds))
		counts.values = append(counts.values, float64(b.N))
	}
	distribution.lines = []line{counts}
	return append(list, percentiles, distribution), nil
}

// overTime returns the plots whose horizontal axis is the time; none for a burst of less than two
// seconds.
func overTime(r *burst.Report) []plot {
	points := thin(r.Series)
	if len(points) < 2 {
		return nil
	}
	labels := make([]string, len(points))
	for i, p := range points {
		labels[i] = strconv.FormatFloat(p.Seconds, 'f', -1, 64) + " s"
	}
	column := func(name string, of func(p burst.Point) float64) line {
		l := line{name: name}
		for _, p := range points {
			l.values = append(l.values, of(p))
		}
		return l
	}
	step := r.StepSeconds * math.Ceil(float64(len(r.Series))/maxPoints)
	perSecond := func(of func(p burst.Point) uint64) func(p burst.Point) float64 {
		return func(p burst.Point) float64 { return float64(of(p)) / step }
	}
	rate := plot{Title: "Rate", Caption: "Events a second, when their response came.", labels: labels, lines: []line{
		column("acknowledged", perSecond(func(p burst.Point) uint64 { return p.Acknowledged })),
		column("failed", perSecond(func(p burst.Point) uint64 { return p.Failed })),
		column("dropped", perSecond(func(p burst.Point) uint64 { return p.Dropped })),
	}}
	response := plot{Title: "Response time", Caption: "Milliseconds from when an event was due, over time.", labels: labels, lines: []line{
		column("p50", func(p burst.Point) float64 { return p.ResponseP50 }),
		column("p99", func(p burst.Point) float64 { return p.ResponseP99 }),
		column("max", func(p burst.Point) float64 { return p.ResponseMax }),
	}}
	if r.Shape.Closed() {
		return []plot{rate, response}
	}
	rate.lines = append(rate.lines, column("intended", func(p burst.Point) float64 { return p.Intended }))
	lag := plot{Title: "Lag", Caption: "How late requests started, in milliseconds, over time.", labels: labels, lines: []line{
		column("p99", func(p burst.Point) float64 { return p.LagP99 }),
	}}
	return []plot{rate, response, lag}
}

// thin merges points until there are at most maxPoints. Counts add up; of times the largest stays.
func thin(points []burst.Point) []burst.Point {
	every := (len(points) + maxPoints - 1) / maxPoints
	if every <= 1 {
		return points
	}
	var merged []burst.Point
	for i := 0; i < len(points); i += every {
		p := points[i]
		for _, q := range points[i+1 : min(i+every, len(points))] {
			p.Sent, p.Acknowledged, p.Failed, p.Dropped = p.Sent+q.Sent, p.Acknowledged+q.Acknowledged, p.Failed+q.Failed, p.Dropped+q.Dropped
			p.ResponseP50, p.ResponseP99, p.ResponseMax, p.LagP99 = max(p.ResponseP50, q.ResponseP50), max(p.ResponseP99, q.ResponseP99), max(p.ResponseMax, q.ResponseMax), max(p.LagP99, q.LagP99)
		}
		merged = append(merged, p)
	}
	return merged
}
