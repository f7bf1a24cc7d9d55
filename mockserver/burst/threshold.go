package burst

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Threshold is a condition on the result of a burst. ParseThreshold reads it.
type Threshold struct {
	text     string
	noun     string // response.p99, status.5xx, lost
	operator string
	bound    float64 // in milliseconds, events, events a second, or a share
	unit     unit
	abort    bool
	after    time.Duration // from when on abort applies
}

// unit is the unit of a bound.
type unit uint8

const (
	number unit = iota
	milliseconds
	share
	perSecond
)

// abortAfter is how long a burst runs before a threshold may end it.
const abortAfter = time.Second

// ParseThreshold reads a condition NOUN OPERATOR VALUE. The operators are <, <=, >, >=, == and !=.
// A value is a number, a duration (250ms), a share (0.1%) or events a second (500/s). The nouns:
//
//	p50 p99 p99.9 min mean max        of the response times, from when an event was due
//	lag.p99 service.p99 success.p99   of the lag, of the time from sending, of the responses with 2xx
//	rate                              the achieved rate: its ratio to the intended one, or with /s events a second
//	status.5xx status.503             responses, by class or by status
//	failed not_sent no_reply dropped  events without 2xx, and by outcome
//	sent acknowledged intended        events
//	lost duplicated unexpected corrupted out_of_order captured   in the bin
//	accepted                          forged events that got a 2xx
//	late queued                       requests that started late: this machine, or no free connection
//
// A share of a count is its ratio to the events sent. "abort:" in front ends the burst as soon as
// the condition fails, at the earliest after a second or the given time:
// "abort@10s:status.5xx<50%". The error wraps ErrThreshold and quotes the text.
func ParseThreshold(text string) (Threshold, error) {
	t := Threshold{text: strings.TrimSpace(text)}
	fail := func(format string, args ...any) (Threshold, error) {
		return Threshold{}, fmt.Errorf("%w %q: %w", ErrThreshold, text, fmt.Errorf(format, args...))
	}
	rest := t.text
	if before, condition, ok := strings.Cut(rest, ":"); ok {
		when, after, timed := strings.Cut(strings.TrimSpace(before), "@")
		if when != "abort" {
			return fail("want abort before the colon, found %q", before)
		}
		t.abort, t.after, rest = true, abortAfter, condition
		if timed {
			d, err := strictyaml.ParseDuration(after)
			if err != nil || d < 0 {
				return fail("the time %q: want a duration, as in abort@10s:", after)
			}
			t.after = d
		}
	}
	at := strings.IndexAny(rest, "<>=!")
	if at < 0 {
		return fail("want NOUN OPERATOR VALUE, as in p99<250ms")
	}
	t.noun = strings.TrimSpace(rest[:at])
	value := strings.TrimLeft(rest[at:], "<>=!")
	t.operator = rest[at : len(rest)-len(value)]
	if _, ok := operators()[t.operator]; !ok {
		return fail("the operator %q: want one of <, <=, >, >=, ==, !=", t.operator)
	}
	var err error
	if t.bound, t.unit, err = parseBound(strings.TrimSpace(value)); err != nil {
		return fail("%w", err)
	}
	if err := t.checkNoun(); err != nil {
		return fail("%w", err)
	}
	return t, nil
}

// String returns the text of the threshold.
func (t Threshold) String() string { return t.text }

// MarshalText returns the text of the threshold.
func (t Threshold) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// UnmarshalText reads a threshold: see ParseThreshold.
func (t *Threshold) UnmarshalText(text []byte) (err error) {
	*t, err = ParseThreshold(string(text))
	return err
}

func operators() map[string]func(a, b float64) bool {
	return map[string]func(a, b float64) bool{
		"<": func(a, b float64) bool { return a < b }, "<=": func(a, b float64) bool { return a <= b },
		">": func(a, b float64) bool { return a > b }, ">=": func(a, b float64) bool { return a >= b },
		"==": func(a, b float64) bool { return a == b }, "!=": func(a, b float64) bool { return a != b },
	}
}

func parseBound(text string) (float64, unit, error) {
	of, digits := number, text
	if before, ok := strings.CutSuffix(text, "%"); ok {
		of, digits = share, before
	} else if before, ok := strings.CutSuffix(text, "/s"); ok {
		of, digits = perSecond, before
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err == nil && v >= 0 && !math.IsInf(v, 0) {
		if of == share {
			v /= 100
		}
		return v, of, nil
	}
	if d, err := strictyaml.ParseDuration(text); err == nil && d >= 0 && of == number {
		return float64(d) / float64(time.Millisecond), milliseconds, nil
	}
	return 0, 0, fmt.Errorf("the value %q: want a number, a duration such as 250ms, a share such as 0.1%%, or 500/s", text)
}

// checkNoun checks that the noun exists and has the unit of the bound.
func (t *Threshold) checkNoun() error {
	if h, quantile := cutQuantile(t.noun); quantile != "" {
		if _, ok := latencyNouns()[h]; !ok {
			return fmt.Errorf("no latency has the name %q: want lag, service, response or success", h)
		}
		if _, err := parseQuantile(quantile); err != nil {
			return err
		}
		if t.unit != milliseconds {
			return fmt.Errorf("%s is a duration: want a value such as 250ms", t.noun)
		}
		return nil
	}
	if t.noun == "rate" {
		if t.unit == milliseconds {
			return fmt.Errorf("rate is a ratio or events a second: want a value such as 0.99 or 500/s")
		}
		return nil
	}
	known := slices.Sorted(maps.Keys((&Report{}).numbers()))
	if status, ok := strings.CutPrefix(t.noun, "status."); ok {
		if n, err := strconv.Atoi(strings.TrimSuffix(status, "xx")); err != nil || strings.HasSuffix(status, "xx") != (n < 10) || n < 1 || n > 999 {
			return fmt.Errorf("the status %q: want a class such as 5xx, or a status such as 503", status)
		}
	} else if !slices.Contains(known, t.noun) {
		return fmt.Errorf("no figure has the name %q: want p99 or lag.p99 and the like, rate, status.5xx, or one of %s", t.noun, strings.Join(known, ", "))
	}
	if t.unit == milliseconds || t.unit == perSecond {
		return fmt.Errorf("%s is a number of events: want a value such as 0, or a share such as 0.1%%", t.noun)
	}
	if t.accounting() && t.abort {
		return fmt.Errorf("%s is known after the burst only, so it cannot end it", t.noun)
	}
	return nil
}

// accounting reports whether the threshold compares with the bin.
func (t *Threshold) accounting() bool {
	return slices.Contains([]string{"captured", "lost", "duplicated", "unexpected", "corrupted", "out_of_order"}, t.noun)
}

// cutQuantile splits the name of a quantile: lag.p99 is lag and p99, p99.9 is response and p99.9.
func cutQuantile(noun string) (latency, quantile string) {
	latency, quantile, dotted := strings.Cut(noun, ".")
	if !dotted || strings.Trim(latency[min(1, len(latency)):], "0123456789") == "" {
		latency, quantile = "response", noun
	}
	if quantile == "min" || quantile == "max" || quantile == "mean" {
		return latency, quantile
	}
	if len(quantile) > 1 && quantile[0] == 'p' && quantile[1] >= '0' && quantile[1] <= '9' {
		return latency, quantile
	}
	return "", ""
}

func latencyNouns() map[string]func(r *Report) (*hdrhistogram.Histogram, error) {
	return map[string]func(r *Report) (*hdrhistogram.Histogram, error){
		"lag":      func(r *Report) (*hdrhistogram.Histogram, error) { return decoded(r.Histograms.Lag) },
		"service":  func(r *Report) (*hdrhistogram.Histogram, error) { return decoded(r.Histograms.Service) },
		"response": func(r *Report) (*hdrhistogram.Histogram, error) { return decoded(r.Histograms.Response) },
		"success":  func(r *Report) (*hdrhistogram.Histogram, error) { return decoded(r.Histograms.SuccessResponse) },
	}
}

// parseQuantile returns a percentile; -1 is the smallest value, -2 the mean.
func parseQuantile(text string) (float64, error) {
	switch text {
	case "min":
		return -1, nil
	case "mean":
		return -2, nil
	case "max":
		return 100, nil
	}
	q, err := strconv.ParseFloat(text[1:], 64)
	if err != nil || q < 0 || q > 100 {
		return 0, fmt.Errorf("the percentile %q: want p0 to p100, such as p99 or p99.9", text)
	}
	return q, nil
}

// ThresholdResult is a threshold and what was compared.
type ThresholdResult struct {
	// Threshold that was compared.
	Threshold Threshold `json:"threshold"`
	// Value is what the threshold compared, as Text has it with its unit: in milliseconds, events,
	// events a second or a share.
	Value float64 `json:"value"`
	Text  string  `json:"text"`
	// OK reports whether the condition holds. Unknown is set, and OK is false, when the value is
	// not known: nothing was compared with a bin, or no request was measured.
	OK      bool `json:"ok"`
	Unknown bool `json:"unknown,omitempty"`
}

// numbers returns the counts by their nouns.
func (r *Report) numbers() map[string]uint64 {
	n := map[string]uint64{
		"intended": r.Intended, "sent": r.Sent, "acknowledged": r.Acknowledged, "failed": r.Sent - r.Faulted - r.Acknowledged,
		"late": r.Generator.Late, "queued": r.Generator.Queued, "accepted": 0,
	}
	for _, o := range []outcome{notSent, partlyWritten, noResponse, dropped} {
		n[o.String()] = r.Outcomes[o.String()]
	}
	n["failed"] += n[notSent.String()] + n[dropped.String()]
	for _, f := range r.Faults {
		if f.Forged {
			n["accepted"] += f.Accepted
		}
	}
	a := r.Accounting
	if a == nil {
		a = &Accounting{}
	}
	n["captured"], n["lost"], n["duplicated"], n["unexpected"], n["corrupted"], n["out_of_order"] = a.Captured, a.Lost, a.Duplicated, a.Unexpected, a.Corrupted, a.OutOfOrder
	return n
}

// compare compares a threshold with a report.
func (t Threshold) compare(r *Report) ThresholdResult {
	result := ThresholdResult{Threshold: t}
	latency, quantile := cutQuantile(t.noun)
	status, isStatus := strings.CutPrefix(t.noun, "status.")
	switch {
	case quantile != "":
		h, err := latencyNouns()[latency](r)
		if err != nil || h.TotalCount() == 0 {
			result.Text, result.Unknown = "nothing was measured", true
			return result
		}
		switch q, _ := parseQuantile(quantile); q {
		case -1:
			result.Value = float64(h.Min()) / 1000
		case -2:
			result.Value = h.Mean() / 1000
		default:
			result.Value = float64(h.ValueAtQuantile(q)) / 1000
		}
	case t.noun == "rate" && t.unit == perSecond:
		result.Value = r.Rate
	case t.noun == "rate":
		result.Value = r.RateShare
	case t.accounting() && r.Accounting == nil:
		result.Text, result.Unknown = "nothing was compared with a bin", true
		return result
	default:
		n := r.numbers()[t.noun]
		if isStatus {
			n = r.responses(status)
		}
		result.Value = float64(n)
		if t.unit == share {
			if r.Sent == 0 {
				result.Text, result.Unknown = "nothing was sent", true
				return result
			}
			result.Value /= float64(r.Sent)
		}
	}
	result.OK = operators()[t.operator](result.Value, t.bound)
	result.Text = t.format(result.Value)
	return result
}

// responses counts the responses of a class, 5xx, or with a status, 503.
func (r *Report) responses(of string) (n uint64) {
	for status, count := range r.Statuses {
		if text := strconv.Itoa(status); text == of || text[:1]+"xx" == of {
			n += count
		}
	}
	return n
}

func (t Threshold) format(v float64) string {
	switch {
	case t.unit == milliseconds:
		return fmt.Sprintf("%.2fms", v)
	case t.unit == share:
		return fmt.Sprintf("%.3g%%", v*100)
	case t.unit == perSecond:
		return fmt.Sprintf("%.1f/s", v)
	case t.noun == "rate":
		return fmt.Sprintf("%.4f", v)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Check compares the thresholds with the report and keeps the results in r.Thresholds.
func (r *Report) Check(thresholds []Threshold) {
	r.Thresholds = nil
	for _, t := range thresholds {
		r.Thresholds = append(r.Thresholds, t.compare(r))
	}
}

// Ends returns why a threshold of the plan ends the burst, which has run for a time; nil when none
// does. Run asks for it by itself, unless it runs a shard: the thresholds are of all shards.
func (r *Report) Ends(after time.Duration) error {
	if r.load == nil {
		return nil
	}
	for _, t := range r.load.plan.Thresholds {
		if !t.abort || after < t.after {
			continue
		}
		if result := t.compare(r); !result.OK && !result.Unknown {
			return fmt.Errorf("the threshold %s ended the burst after %.1f s: %s", t, after.Seconds(), result.Text)
		}
	}
	return nil
}
