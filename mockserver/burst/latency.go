package burst

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency has the percentiles of durations, in milliseconds: P50 is the median, P90 and P99 are the
// 90th and 99th percentiles, P999 is the 99.9th, Max the longest, Mean the mean.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

// Latencies are kept in microseconds up to ten minutes, to three digits; those of one second of the
// series to two.
const (
	maxLatency   = 600_000_000
	digits       = 3
	seriesDigits = 2
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxLatency, digits) }

func latency(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Latency{
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()), Mean: h.Mean() / 1000,
	}
}

// microseconds returns a duration in the unit and within the range of the histograms.
func microseconds(d time.Duration) int32 { return int32(min(max(d.Microseconds(), 1), maxLatency)) }
