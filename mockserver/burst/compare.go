package burst

import (
	"fmt"
	"math"
)

// Comparison is one figure of two bursts.
type Comparison struct {
	// Name of the figure, with its unit.
	Name string `json:"name"`
	// Before and Now are the figures.
	Before string `json:"before"`
	Now    string `json:"now"`
	// Ratio is now / before, with its uncertainty where that is known, from how much both bursts
	// varied from second to second: "1.08 ± 0.03".
	Ratio string `json:"ratio"`
	// Worse reports whether the figure changed for the worse by more than its uncertainty.
	Worse bool `json:"worse"`
}

// Compare compares two bursts, figure by figure.
func Compare(before, now *Report) []Comparison {
	rate := func(p Point) float64 { return float64(p.Sent) }
	list := []Comparison{
		compare("rate, events/s", before.Rate, now.Rate, "%.0f", variation(before.Series, rate)+variation(now.Series, rate), true),
		compare("acknowledged", share1(before.Acknowledged, before.Sent-before.Faulted), share1(now.Acknowledged, now.Sent-now.Faulted), "%.4f", 0, true),
	}
	for _, l := range []struct {
		name        string
		before, now Latency
	}{{"lag", before.Lag, now.Lag}, {"service", before.Service, now.Service}, {"response", before.Response, now.Response}} {
		median := variation(before.Series, func(p Point) float64 { return p.ResponseP50 }) + variation(now.Series, func(p Point) float64 { return p.ResponseP50 })
		tail := variation(before.Series, func(p Point) float64 { return p.ResponseP99 }) + variation(now.Series, func(p Point) float64 { return p.ResponseP99 })
		list = append(list,
			compare(l.name+" p50, ms", l.before.P50, l.now.P50, "%.2f", median, false),
			compare(l.name+" p99, ms", l.before.P99, l.now.P99, "%.2f", tail, false))
	}
	if before.Accounting != nil && now.Accounting != nil {
		list = append(list, compare("lost", float64(before.Accounting.Lost), float64(now.Accounting.Lost), "%.0f", 0, false))
	}
	return list
}

func share1(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func compare(name string, before, now float64, format string, variation float64, more bool) Comparison {
	c := Comparison{Name: name, Before: fmt.Sprintf(format, before), Now: fmt.Sprintf(format, now), Ratio: "–"}
	if before <= 0 {
		c.Worse = !more && now > 0
		return c
	}
	ratio := now / before
	c.Ratio = fmt.Sprintf("%.2f", ratio)
	if variation > 0 {
		c.Ratio += fmt.Sprintf(" ± %.2f", variation)
	}
	if more {
		c.Worse = ratio < 1-variation-1e-9
	} else {
		c.Worse = ratio > 1+variation+1e-9
	}
	return c
}

// variation is the standard error of the mean of a figure over the seconds of a burst, relative to
// the mean; 0 when there are too few. The first and the last second are not whole.
func variation(points []Point, of func(p Point) float64) float64 {
	if len(points) < 4 {
		return 0
	}
	var sum, squares float64
	whole := points[1 : len(points)-1]
	for _, p := range whole {
		v := of(p)
		sum, squares = sum+v, squares+v*v
	}
	n := float64(len(whole))
	mean := sum / n
	if mean <= 0 {
		return 0
	}
	return math.Sqrt(math.Max(0, squares/n-mean*mean)/n) / mean
}
