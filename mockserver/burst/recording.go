package burst

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// MaxRecording bounds the bytes of a Recording, which is kept in memory.
const MaxRecording = 256 << 20

// Recording has captured requests that a burst sends in a loop.
type Recording struct {
	to       string
	change   replay.Change
	raw      [][]byte // the requests as they are sent; nil when each is changed as it is sent
	captures []journal.Capture
}

// NewRecording reads captures for a burst to the URL to, with a change: see replay.Change. Requests
// that are signed again are signed when they are sent. It returns ErrPlan when there is no capture,
// or when they have more than MaxRecording bytes; other errors are those of the captures and of the
// change.
func NewRecording(captures iter.Seq2[journal.Capture, error], to string, change replay.Change) (*Recording, error) {
	r := &Recording{to: to, change: change}
	size := 0
	for c, err := range captures {
		if err != nil {
			return nil, err
		}
		sent, err := r.message(&c)
		if err != nil {
			return nil, err
		}
		raw := wire.Append(nil, sent)
		if size += len(raw); size > MaxRecording {
			return nil, fmt.Errorf("%w: the recording has more than %s: send a part of it", ErrPlan, strictyaml.FormatSize(MaxRecording))
		}
		kept := journal.Capture{At: c.At, Message: wire.Message{Body: sent.Body}}
		if change.Resign != nil {
			kept = c.Clone()
		} else {
			r.raw = append(r.raw, raw)
			kept.Body = raw[len(raw)-len(sent.Body):]
		}
		r.captures = append(r.captures, kept)
	}
	if len(r.captures) == 0 {
		return nil, fmt.Errorf("%w: the recording has no request", ErrPlan)
	}
	return r, nil
}

// Len returns how many requests there are.
func (r *Recording) Len() int { return len(r.captures) }

// message returns the request that is sent for a capture now.
func (r *Recording) message(c *journal.Capture) (wire.Message, error) {
	change := r.change
	change.Bin = c.Bin
	sent, _, err := change.Apply(c.Message, r.to, c.At, time.Now())
	return sent, err
}

// request appends request i to dst.
func (r *Recording) request(dst []byte, i uint64) ([]byte, error) {
	at := i % uint64(len(r.captures))
	if r.raw != nil {
		return append(dst, r.raw[at]...), nil
	}
	sent, err := r.message(&r.captures[at])
	if err != nil {
		return dst, err
	}
	return wire.Append(dst, sent), nil
}

// timing returns the times of the recorded requests, speed times as fast. When all were sent, they
// are sent again, after a gap that is the mean of the others.
func (r *Recording) timing(speed float64) segment {
	t := recordedTiming{}
	first := r.captures[0].At
	for i := range r.captures {
		t.at = append(t.at, max(0, r.captures[i].At.Sub(first).Seconds()/speed))
	}
	slices.Sort(t.at)
	t.round = t.at[len(t.at)-1]
	if n := len(t.at); n > 1 {
		t.round += t.round / float64(n-1)
	}
	return t
}

// recordedTiming is the segment of a Recording.
type recordedTiming struct {
	at    []float64 // seconds after the first request, ascending
	round float64   // from one round to the next
}

func (recordedTiming) duration() time.Duration { return endless }
func (recordedTiming) events() (float64, bool) { return math.Inf(1), false }

func (t recordedTiming) rateAt(float64) float64 {
	if t.round == 0 {
		return 0
	}
	return float64(len(t.at)) / t.round
}

func (t recordedTiming) arrivals(float64, *rand.Rand) func() float64 {
	i := -1
	return func() float64 {
		i++
		return float64(i/len(t.at))*t.round + t.at[i%len(t.at)]
	}
}

// bodies returns the bodies in the order of sending. It returns false when they contain signatures,
// because such a body is not known before it is sent.
func (r *Recording) bodies() ([][]byte, bool) {
	list := make([][]byte, len(r.captures))
	for i := range r.captures {
		list[i] = r.captures[i].Body
		if r.raw != nil {
			continue
		}
		sent, err := r.message(&r.captures[i])
		if err != nil || !slices.Equal(sent.Body, list[i]) {
			return nil, false
		}
	}
	return list, true
}
