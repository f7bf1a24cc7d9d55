package burst

import (
	"math"
	"math/rand/v2"
	"time"
)

// endless is the length of a segment that goes on until the burst ends.
const endless = time.Duration(math.MaxInt64)

// segment is a part of a Shape.
type segment interface {
	duration() time.Duration
	// rateAt returns the rate in events a second, at seconds after the segment's start.
	rateAt(seconds float64) float64
	// arrivals returns a function that returns, with each call, when the next event is due, in
	// seconds after the segment's start. The first one is due when skip events, fewer than one,
	// have passed. The times may be beyond the segment's end.
	arrivals(skip float64, g *rand.Rand) func() float64
	// events returns the integral of the rate over the segment. A random segment returns false.
	events() (n float64, exact bool)
}

// hold is a constant rate.
type hold struct {
	rate   float64
	length time.Duration
}

func (h hold) duration() time.Duration { return h.length }
func (h hold) rateAt(float64) float64  { return h.rate }
func (h hold) events() (float64, bool) { return h.rate * h.length.Seconds(), true }

func (h hold) arrivals(skip float64, _ *rand.Rand) func() float64 {
	i := -1.0
	return func() float64 {
		i++
		// The time counts from the start, never from the event before: errors do not add up.
		return at(i+skip, h.rate)
	}
}

// at returns when event n of a constant rate is due; without a rate it is never due.
func at(n, rate float64) float64 {
	if rate <= 0 {
		return math.Inf(1)
	}
	return n / rate
}

// ramp goes evenly from one rate to another.
type ramp struct {
	from, to float64
	length   time.Duration
}

func (r ramp) duration() time.Duration { return r.length }

func (r ramp) rateAt(seconds float64) float64 {
	return r.from + (r.to-r.from)*min(seconds/r.length.Seconds(), 1)
}

func (r ramp) events() (float64, bool) { return (r.from + r.to) / 2 * r.length.Seconds(), true }

func (r ramp) arrivals(skip float64, _ *rand.Rand) func() float64 {
	slope, i := (r.to-r.from)/r.length.Seconds(), -1.0
	return func() float64 {
		i++
		n := i + skip
		if n == 0 {
			return 0
		}
		// n = from·t + slope/2·t², in the form that has no difference of large numbers
		square := r.from*r.from + 2*slope*n
		if square < 0 {
			return math.Inf(1) // the rate reaches 0 before
		}
		return at(2*n, r.from+math.Sqrt(square))
	}
}

// sine is a wave around a mean.
type sine struct {
	mean, amplitude, period float64
	length                  time.Duration
}

func (s sine) duration() time.Duration { return s.length }

func (s sine) rateAt(seconds float64) float64 {
	return s.mean + s.amplitude*math.Sin(2*math.Pi*seconds/s.period)
}

// until returns the integral of the rate.
func (s sine) until(seconds float64) float64 {
	turn := 2 * math.Pi / s.period
	return s.mean*seconds + s.amplitude/turn*(1-math.Cos(turn*seconds))
}

func (s sine) events() (float64, bool) { return s.until(s.length.Seconds()), true }

func (s sine) arrivals(skip float64, _ *rand.Rand) func() float64 {
	i, last := -1.0, 0.0
	return func() float64 {
		i++
		n := i + skip
		if s.mean <= 0 {
			return math.Inf(1)
		}
		low, high := last, last+s.period
		for s.until(high) < n {
			high += s.period
		}
		// 60 halvings are the precision of a float64.
		for range 60 {
			if middle := (low + high) / 2; s.until(middle) < n {
				low = middle
			} else {
				high = middle
			}
		}
		last = high
		return high
	}
}

// poisson has independent arrivals.
type poisson struct {
	rate   float64
	length time.Duration
}

func (p poisson) duration() time.Duration { return p.length }
func (p poisson) rateAt(float64) float64  { return p.rate }
func (p poisson) events() (float64, bool) { return p.rate * p.length.Seconds(), false }

func (p poisson) arrivals(_ float64, g *rand.Rand) func() float64 {
	t := 0.0
	return func() float64 {
		t += at(g.ExpFloat64(), p.rate)
		return t
	}
}
