package burst

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Curve is one latency at the percentiles of CurvePercentiles.
type Curve struct {
	// Name is lag, service, response or success.
	Name string
	// Milliseconds has a value for each percentile.
	Milliseconds []float64
}

// CurvePercentiles are the percentiles of a Curve.
func CurvePercentiles() []float64 {
	return []float64{0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100}
}

// Curves returns the percentile curves of the latencies; none when nothing was measured.
func (r *Report) Curves() ([]Curve, error) {
	var curves []Curve
	for _, name := range []string{"lag", "service", "response", "success"} {
		h, err := latencyNouns()[name](r)
		if err != nil {
			return nil, err
		}
		if h.TotalCount() == 0 {
			continue
		}
		c := Curve{Name: name}
		for _, q := range CurvePercentiles() {
			c.Milliseconds = append(c.Milliseconds, valueAt(h, q))
		}
		curves = append(curves, c)
	}
	return curves, nil
}

func valueAt(h *hdrhistogram.Histogram, q float64) float64 {
	if q == 0 {
		return float64(h.Min()) / 1000
	}
	return float64(h.ValueAtQuantile(q)) / 1000
}

// Bar is a part of a distribution: N requests took up to Milliseconds, and longer than the bar
// before.
type Bar struct {
	// Milliseconds is the upper bound.
	Milliseconds float64
	// N is the number of requests.
	N int64
}

// maxBars bounds a distribution.
const maxBars = 40

// Distribution returns the response times as bars whose bounds grow by the same factor.
func (r *Report) Distribution() ([]Bar, error) {
	h, err := decoded(r.Histograms.Response)
	if err != nil || h.TotalCount() == 0 {
		return nil, err
	}
	low, high := float64(max(h.Min(), 1)), float64(h.Max())
	n := min(maxBars, max(1, int(math.Ceil(math.Log(high/low)/math.Log(1.15)))))
	factor := math.Pow(high/low, 1/float64(n))
	bars := make([]Bar, n)
	for i := range bars {
		bars[i].Milliseconds = low * math.Pow(factor, float64(i+1)) / 1000
	}
	for _, b := range h.Distribution() {
		if b.Count == 0 {
			continue
		}
		at := 0
		if factor > 1 {
			at = int(math.Log(float64(max(b.From, 1))/low) / math.Log(factor))
		}
		bars[min(max(at, 0), n-1)].N += b.Count
	}
	return bars, nil
}
