package burst

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// times returns when the events of a shape are due, at most limit of them.
func times(t *testing.T, text string, seed uint64, limit int) []time.Duration {
	t.Helper()
	shape, err := ParseShape(text)
	if err != nil {
		t.Fatal(err)
	}
	s := newSchedule(&Plan{Shape: shape, Seed: seed, Count: uint64(limit)})
	var due []time.Duration
	for {
		i, at, ok := s.take(0)
		if !ok {
			return due
		}
		if i != uint64(len(due)) {
			t.Fatalf("event %d after %d", i, len(due))
		}
		due = append(due, at)
	}
}

// Each shape has as many events as the area below its rate, in order, within its time, and at the
// rate that RateAt gives.
func TestShapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		events int
		length time.Duration
	}{
		"hold(100,2s)":                          {200, 2 * time.Second},
		"hold(0.5,10s)":                         {5, 10 * time.Second},
		"hold(30/m,10s)":                        {5, 10 * time.Second},
		"ramp(0,1000,4s)":                       {2000, 4 * time.Second},
		"ramp(1000,0,4s)":                       {2000, 4 * time.Second},
		"ramp(100,100,1s)":                      {100, time.Second},
		"steps(100,300,3,1s)":                   {600, 3 * time.Second},
		"ramp(0,100,1s) hold(100,1s)":           {150, 2 * time.Second},
		"hold(100,1s), spike(1000,2s)":          {1200, 3 * time.Second},
		"hold(1,1500ms) hold(1,1500ms)":         {3, 3 * time.Second},
		"hold(0.3,1s) hold(0.3,1s) hold(1,10s)": {11, 12 * time.Second},
		"sine(100,100,1s,3s)":                   {300, 3 * time.Second},
		"sine(100,0,1s,3s)":                     {300, 3 * time.Second},
		"hold(10,1s) pause(5s) hold(10,1s)":     {20, 7 * time.Second},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			due := times(t, text, 1, math.MaxUint32)
			if len(due) != want.events {
				t.Fatalf("%d events, want %d", len(due), want.events)
			}
			shape, _ := ParseShape(text)
			if shape.Duration() != want.length {
				t.Errorf("it takes %v, want %v", shape.Duration(), want.length)
			}
			// in each tenth of the time, as many as the rates there
			tenth := want.length / 10
			for k := range 10 {
				low, high, sum := tenth*time.Duration(k), tenth*time.Duration(k+1), 0.0
				for x := range 1000 {
					sum += shape.RateAt(low+tenth*time.Duration(x)/1000) * tenth.Seconds() / 1000
				}
				got := 0
				for i, at := range due {
					if i > 0 && at < due[i-1] || at >= want.length {
						t.Fatalf("event %d is due at %v after %v", i, at, due[max(0, i-1)])
					}
					if at >= low && at < high {
						got++
					}
				}
				if math.Abs(float64(got)-sum) > 1.5+sum/500 {
					t.Errorf("%d events from %v to %v, want about %.1f", got, low, high, sum)
				}
			}
		})
	}
}

// Poisson arrivals follow from the seed, have the rate as their mean and gaps that vary as much as
// their mean.
func TestPoisson(t *testing.T) {
	t.Parallel()
	const text = "poisson(1000,100s)"
	due, again, other := times(t, text, 1, math.MaxUint32), times(t, text, 1, math.MaxUint32), times(t, text, 2, math.MaxUint32)
	if len(due) != len(again) || due[500] != again[500] || due[500] == other[500] {
		t.Errorf("%v, %v, %v", due[500], again[500], other[500])
	}
	if n := float64(len(due)); math.Abs(n-100_000) > 5*math.Sqrt(100_000) {
		t.Errorf("%v events", n)
	}
	var sum, squares float64
	for i := 1; i < len(due); i++ {
		gap := (due[i] - due[i-1]).Seconds()
		sum, squares = sum+gap, squares+gap*gap
	}
	n := float64(len(due) - 1)
	mean := sum / n
	if deviation := math.Sqrt(squares/n - mean*mean); math.Abs(deviation/mean-1) > 0.03 {
		t.Errorf("mean gap %v, deviation %v", mean, deviation)
	}
}

// The last segment may go on for ever; a count or a duration ends it.
func TestEndlessShapes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"500", "500/s", "30000/m", "hold(500)", "poisson(500)", "sine(500,100,1s)", "ramp(0,500,2s) hold(500)"} {
		if due := times(t, text, 1, 2000); len(due) != 2000 {
			t.Errorf("%s: %d events", text, len(due))
		}
		shape, err := ParseShape(text)
		if err != nil {
			t.Fatal(err)
		}
		plan := Plan{Shape: shape, Count: math.MaxUint32, Duration: 4 * time.Second}
		if n, ok := intended(&plan); !ok || n < 1400 || n > 2300 {
			t.Errorf("%s: %d events in 4 s, %v", text, n, ok)
		}
	}
}

func TestWrongShapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "empty",
		"-5":                       `column 1: found "-5"`,
		"5x":                       `column 1: found "5x"`,
		"1e99":                     `column 1: found "1e99"`,
		"5/d":                      `found "5/d"`,
		"hold(5":                   "column 1: hold( has no closing bracket",
		"hold(5,1s) jump(5,1s)":    `column 12: no segment has the name "jump"`,
		"hold(5,1s) hold(x,1s)":    `column 12: the rate "x"`,
		"hold(5,0s)":               `the duration "0s"`,
		"hold(5,1s,2)":             "hold has 3 arguments: want 2",
		"hold(5) hold(6,1s)":       "segment 1 has no duration",
		"ramp(0,5)":                "ramp(0,5) has no duration",
		"steps(0,5,1,1s)":          `the number "1"`,
		"sine(5,6,1s,1s)":          "larger than the mean",
		"recorded(0)":              "want a speed",
		"recorded hold(5,1s)":      "recorded stands alone",
		"hold(99999999,1s)":        `the rate "99999999"`,
		strings.Repeat("hold(", 9): "no closing bracket",
	} {
		if _, err := ParseShape(text); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestShapeText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"max", "500", "ramp(0,500,2s) hold(500,1m)", "recorded(2)"} {
		shape, err := ParseShape(text)
		if err != nil || shape.String() != text {
			t.Errorf("%q: %q, %v", text, shape, err)
		}
	}
}

// A shape from outside is refused, or it has events in order.
func FuzzShape(f *testing.F) {
	for _, text := range []string{"500", "ramp(0,5000,30s) hold(5000,2m) spike(20000,5s)", "sine(5,5,1s)", "poisson(3)", "steps(1,9,3,1s)"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		shape, err := ParseShape(text)
		if err != nil || shape.recorded > 0 {
			return
		}
		s, last := newSchedule(&Plan{Shape: shape, Count: 1000}), time.Duration(0)
		for {
			_, at, ok := s.take(last)
			if !ok {
				return
			}
			if at < last {
				t.Fatalf("%v after %v", at, last)
			}
			last = at
		}
	})
}
