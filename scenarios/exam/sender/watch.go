package sender

import (
	"context"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// Watch says how long to wait for what a sender sends.
type Watch struct {
	// Events is how many events to wait for; 0 is those of the plan.
	Events int
	// Limit is the time limit; what is then missing is inconclusive.
	Limit time.Duration
	// Progress is called when something arrived: with how many events came, and the time at which
	// everything that should follow has come, zero while that is unknown.
	Progress func(events int, until time.Time)
}

// Provoke prepares a bin, waits until the sender has sent the events of the plan and what should
// follow them, grades what came, and restores the bin. When the time limit is over, or ctx ends, it
// grades what came until then. Errors are those of Grade, Plan.Prepare and Client.Captures.
func Provoke(ctx context.Context, client *mockserver.Client, bin string, o Options, w Watch) (report Report, err error) {
	plan, err := NewPlan(o, w.Limit)
	if err != nil {
		return Report{}, err
	}
	if w.Events == 0 {
		w.Events = len(plan.Events)
	}
	after, err := newest(ctx, client, bin)
	if err != nil {
		return Report{}, err
	}
	restore, err := plan.Prepare(ctx, client, bin)
	if err != nil {
		return Report{}, err
	}
	// The bin is restored also after an interrupt.
	calm := context.WithoutCancel(ctx)
	defer func() {
		if failed := restore(calm); err == nil {
			err = failed
		}
	}()
	limited, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	captures, err := wait(limited, client, bin, after, o, w)
	if err != nil {
		return Report{}, err
	}
	o.Bin, o.Now = bin, time.Now()
	return Grade(captures, o)
}

// newest returns the number of the bin's newest capture.
func newest(ctx context.Context, client *mockserver.Client, bin string) (uint64, error) {
	page, err := client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Limit: 1}})
	if err != nil || len(page) == 0 {
		return 0, err
	}
	return page[0].Seq, nil
}

// pollHang is how often a bin is read while a sender waits for a response, because the end of that
// is no new capture.
const pollHang = 200 * time.Millisecond

// wait returns the captures after a number, once there is nothing more to wait for, or ctx ends.
func wait(ctx context.Context, client *mockserver.Client, bin string, after uint64, o Options, w Watch) ([]mockserver.Capture, error) {
	calm := context.WithoutCancel(ctx)
	seen := -1
	for {
		captures, err := all(calm, client, bin, after)
		if err != nil {
			return nil, err
		}
		o.Now = time.Now()
		g, err := newGrading(captures, o)
		if err != nil {
			return nil, err
		}
		until, open := g.conclusive()
		if w.Progress != nil && len(captures) != seen {
			shown := until
			if open {
				shown = time.Time{}
			}
			w.Progress(len(g.deliveries), shown)
		}
		seen = len(captures)
		if ctx.Err() != nil || len(g.deliveries) >= w.Events && !o.Now.Before(until) {
			return captures, nil
		}
		last := after
		if len(captures) > 0 {
			last = captures[len(captures)-1].Seq
		}
		pause := 10 * time.Second
		switch {
		case open:
			pause = pollHang
		case len(g.deliveries) >= w.Events:
			pause = min(pause, time.Until(until))
		}
		_, err = client.Wait(ctx, bin, mockserver.Wait{Count: 1, After: last, Timeout: mockserver.Duration(max(pause, time.Millisecond))})
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
}

// all returns the captures of a bin after a number, oldest first.
func all(ctx context.Context, client *mockserver.Client, bin string, after uint64) ([]mockserver.Capture, error) {
	q := mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Limit: mockserver.MaxLimit, Oldest: true, After: after}}
	var list []mockserver.Capture
	for {
		page, err := client.Captures(ctx, q)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if len(page) < q.Limit {
			return list, nil
		}
		q.After = page[len(page)-1].Seq
	}
}

// conclusive returns the time at which everything that should follow the attempts has come, and
// whether a sender still waits for a response, so that the time may change.
func (g *grading) conclusive() (until time.Time, open bool) {
	for _, d := range g.deliveries {
		a := d.last()
		end := a.ended.Add(g.quiet())
		if next := g.after(d, len(d.attempts)-1); next.again {
			end = a.ended.Add(next.most + g.tolerance(next.most))
		}
		if a.ended.IsZero() {
			open = true
			end = a.At.Add(2*g.timeout(a) + g.quiet())
		}
		if end.After(until) {
			until = end
		}
	}
	return until, open
}
