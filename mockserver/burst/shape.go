package burst

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Shape is the rate of a burst over time: segments that follow each other. The zero value is no
// rate: each connection sends its next event as soon as it has a response.
type Shape struct {
	segments []segment
	text     string
	recorded float64 // the speed of the recorded timing; 0 is none
}

// The forms of a segment. Rates are in events a second, durations are as everywhere: 30s, 2m.
// The duration may be missing in the last segment, which then goes on until the burst ends.
const shapeForms = `500, hold(RATE,DURATION), ramp(FROM,TO,DURATION), steps(FROM,TO,NUMBER,DURATION), spike(RATE,DURATION),
poisson(RATE,DURATION), sine(MEAN,AMPLITUDE,PERIOD,DURATION), pause(DURATION), recorded or recorded(SPEED), max`

// MaxRate bounds the rates of a Shape, in events a second.
const MaxRate = 10_000_000

// ConstantRate returns the Shape of a constant rate in events a second; 0 is the zero Shape.
func ConstantRate(rate float64) (Shape, error) {
	if rate == 0 {
		return Shape{}, nil
	}
	return ParseShape(strconv.FormatFloat(rate, 'f', -1, 64))
}

// ParseShape reads a shape: a rate in events a second, such as 500 or 30/m, the word max for the
// zero Shape, the word recorded for the timing of a Recording, or segments:
//
//	hold(RATE,DURATION)                  the same rate
//	ramp(FROM,TO,DURATION)               from one rate to another, evenly
//	steps(FROM,TO,NUMBER,DURATION)       NUMBER rates from FROM to TO, each for DURATION
//	spike(RATE,DURATION)                 up to RATE until the middle, and down to the rate before
//	poisson(RATE,DURATION)               independent arrivals: gaps are random, RATE is their mean
//	sine(MEAN,AMPLITUDE,PERIOD,DURATION) a wave
//	pause(DURATION)                      nothing
//	recorded(SPEED)                      the gaps of a Recording, SPEED times as fast
//
// The last segment may omit DURATION. The error wraps ErrShape, quotes the segment and names its
// column.
func ParseShape(text string) (Shape, error) {
	s := Shape{text: strings.Join(strings.Fields(text), " ")}
	switch s.text {
	case "":
		return Shape{}, fmt.Errorf("%w: it is empty: want %s", ErrShape, shapeForms)
	case "max", "0":
		return Shape{}, nil
	}
	if rate, err := parseRate(s.text); err == nil {
		s.segments = []segment{hold{rate: rate, length: endless}}
		return s, nil
	}
	p := shapeParser{text: text}
	for p.space(); p.at < len(text); p.space() {
		begin := p.at
		name, args, err := p.call()
		if err == nil {
			err = s.add(name, args)
		}
		if err != nil {
			return Shape{}, fmt.Errorf("%w: %q, column %d: %w", ErrShape, text, begin+1, err)
		}
	}
	return s, s.checkEnds()
}

// checkEnds returns an error for a segment after one that does not end.
func (s *Shape) checkEnds() error {
	for i, part := range s.segments {
		if i < len(s.segments)-1 && part.duration() == endless {
			return fmt.Errorf("%w: %q: segment %d has no duration, and others follow it: only the last one may omit it", ErrShape, s.text, i+1)
		}
	}
	if s.recorded > 0 && len(s.segments) > 0 {
		return fmt.Errorf("%w: %q: recorded stands alone", ErrShape, s.text)
	}
	return nil
}

// String returns the text of the shape: max for the zero value.
func (s Shape) String() string {
	if s.text == "" {
		return "max"
	}
	return s.text
}

// MarshalText returns the text of the shape.
func (s Shape) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a shape: see ParseShape.
func (s *Shape) UnmarshalText(text []byte) (err error) {
	*s, err = ParseShape(string(text))
	return err
}

// Closed reports whether there is no rate: an event is due when the response to another has come.
func (s Shape) Closed() bool { return len(s.segments) == 0 && s.recorded == 0 }

// Duration returns the time until the shape ends; 0 is without an end.
func (s Shape) Duration() time.Duration {
	var sum time.Duration
	for _, part := range s.segments {
		if part.duration() == endless {
			return 0
		}
		sum += part.duration()
	}
	return sum
}

// RateAt returns the intended rate at a time after the start, in events a second.
func (s Shape) RateAt(at time.Duration) float64 {
	for _, part := range s.segments {
		if at < part.duration() {
			return part.rateAt(at.Seconds())
		}
		at -= part.duration()
	}
	return 0
}

// add appends the segments of one call.
func (s *Shape) add(name string, args []string) error {
	n, known := map[string]int{"hold": 2, "ramp": 3, "steps": 4, "spike": 2, "poisson": 2, "sine": 4, "pause": 1, "recorded": 1}[name]
	if !known {
		return fmt.Errorf("no segment has the name %q: want %s", name, shapeForms)
	}
	if name == "recorded" {
		return s.addRecorded(args)
	}
	if len(args) == n-1 && name != "pause" && name != "spike" && name != "steps" {
		args = append(args, "") // without a duration
	}
	if len(args) != n {
		return fmt.Errorf("%s has %d arguments: want %d: %s", name, len(args), n, shapeForms)
	}
	length := time.Duration(endless)
	if last := args[n-1]; last != "" {
		var err error
		if length, err = parseLength(last); err != nil {
			return err
		}
	}
	rates := make([]float64, 0, 2)
	for _, arg := range args[:min(n-1, 2)] {
		rate, err := parseRate(arg)
		if err != nil {
			return err
		}
		rates = append(rates, rate)
	}
	switch name {
	case "hold":
		s.segments = append(s.segments, hold{rate: rates[0], length: length})
	case "pause":
		s.segments = append(s.segments, hold{length: length})
	case "poisson":
		s.segments = append(s.segments, poisson{rate: rates[0], length: length})
	case "ramp":
		if length == endless {
			return fmt.Errorf("ramp(%s,%s) has no duration: want ramp(FROM,TO,DURATION)", args[0], args[1])
		}
		s.segments = append(s.segments, ramp{from: rates[0], to: rates[1], length: length})
	case "spike":
		before := 0.0
		if i := len(s.segments); i > 0 {
			before = s.segments[i-1].rateAt(s.segments[i-1].duration().Seconds())
		}
		s.segments = append(s.segments, ramp{from: before, to: rates[0], length: length / 2}, ramp{from: rates[0], to: before, length: length - length/2})
	case "steps":
		return s.addSteps(rates, args[2], length)
	case "sine":
		return s.addSine(rates, args[2], length)
	}
	return nil
}

func (s *Shape) addRecorded(args []string) error {
	s.recorded = 1
	if len(args) == 0 {
		return nil
	}
	speed, err := strconv.ParseFloat(strings.TrimSuffix(args[0], "x"), 64)
	if err != nil || len(args) > 1 || speed < 0.001 || speed > 1000 {
		return fmt.Errorf("recorded(%s): want a speed from 0.001 to 1000, such as recorded(2)", strings.Join(args, ","))
	}
	s.recorded = speed
	return nil
}

func (s *Shape) addSteps(rates []float64, number string, length time.Duration) error {
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 || n > 1000 {
		return fmt.Errorf("steps: the number %q: want 2 to 1000", number)
	}
	for i := range n {
		rate := rates[0] + (rates[1]-rates[0])*float64(i)/float64(n-1)
		s.segments = append(s.segments, hold{rate: rate, length: length})
	}
	return nil
}

func (s *Shape) addSine(rates []float64, period string, length time.Duration) error {
	d, err := parseLength(period)
	if err != nil {
		return err
	}
	if rates[1] > rates[0] {
		return fmt.Errorf("sine: the amplitude %v is larger than the mean %v, and no rate is below 0", rates[1], rates[0])
	}
	s.segments = append(s.segments, sine{mean: rates[0], amplitude: rates[1], period: d.Seconds(), length: length})
	return nil
}

// parseRate reads events a second: 500, 0.5, 500/s, 30/m, 100/h.
func parseRate(text string) (float64, error) {
	number, per := text, 1.0
	if before, unit, ok := strings.Cut(text, "/"); ok {
		seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
		if seconds == 0 {
			return 0, fmt.Errorf("the rate %q: want a number of events a second, or with a unit: 500/s, 30/m, 100/h", text)
		}
		number, per = before, seconds
	}
	rate, err := strconv.ParseFloat(strings.ReplaceAll(number, "_", ""), 64)
	if err != nil || math.IsNaN(rate) || rate < 0 || rate/per > MaxRate {
		return 0, fmt.Errorf("the rate %q: want a number of events a second from 0 to %d", text, MaxRate)
	}
	return rate / per, nil
}

func parseLength(text string) (time.Duration, error) {
	d, err := strictyaml.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("the duration %q: want one above 0, such as 30s or 2m", text)
	}
	return d, nil
}

// shapeParser splits the text of a shape into calls.
type shapeParser struct {
	text string
	at   int
}

func (p *shapeParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r,", p.text[p.at]) >= 0 {
		p.at++
	}
}

// call reads NAME or NAME(ARGUMENT,…).
func (p *shapeParser) call() (name string, args []string, err error) {
	rest := p.text[p.at:]
	n := strings.IndexFunc(rest, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
	if n < 0 {
		n = len(rest)
	}
	name = rest[:n]
	p.at += n
	if !strings.HasPrefix(rest[n:], "(") {
		if name == "" {
			return "", nil, fmt.Errorf("found %q: want %s", rest, shapeForms)
		}
		return name, nil, nil
	}
	inside, _, closed := strings.Cut(rest[n+1:], ")")
	if !closed {
		return "", nil, fmt.Errorf("%s( has no closing bracket", name)
	}
	p.at += len(inside) + 2
	for arg := range strings.SplitSeq(inside, ",") {
		args = append(args, strings.TrimSpace(arg))
	}
	return name, args, nil
}
