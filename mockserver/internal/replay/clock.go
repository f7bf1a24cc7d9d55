package replay

import (
	"context"
	"time"
)

// clock is the schedule of a run with a pace.
type clock struct {
	speed   float64
	maxGap  time.Duration
	waiting func(time.Duration)
	due     time.Time // of the last capture; zero before the first
	latest  time.Time // latest recorded time so far; zero before the first
}

func (p *Plan) clock() *clock { return &clock{speed: p.Speed, maxGap: p.MaxGap, waiting: p.Waiting} }

// wait waits until the capture with that recorded time is due. It returns the due time, which is
// zero for a run without a pace, and false if ctx ended first.
func (c *clock) wait(ctx context.Context, at time.Time) (due time.Time, ok bool) {
	if c.speed <= 0 {
		return time.Time{}, ctx.Err() == nil
	}
	if c.due.IsZero() {
		c.due = time.Now()
	}
	if at.After(c.latest) {
		if !c.latest.IsZero() {
			c.due = c.due.Add(c.gap(at.Sub(c.latest)))
		}
		c.latest = at
	}
	left := time.Until(c.due)
	if left <= 0 {
		return c.due, ctx.Err() == nil
	}
	if c.waiting != nil {
		c.waiting(left)
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return c.due, ctx.Err() == nil
	case <-ctx.Done():
		return c.due, false
	}
}

// gap converts a recorded gap between two captures to the gap between sending them.
func (c *clock) gap(recorded time.Duration) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour // avoids an overflow
	gap := longest
	if scaled := float64(recorded) / c.speed; scaled < float64(longest) {
		gap = time.Duration(scaled)
	}
	if c.maxGap > 0 {
		gap = min(gap, c.maxGap)
	}
	return gap
}
