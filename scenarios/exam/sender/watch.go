package sender

import (
	"context"
	"slices"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// Watch says how long to wait for what a sender sends.
type Watch struct {
	// Events is how many events will come; 0 is as many as the plan asks for.
	Events int
	// Limit is the time limit; what is then missing is inconclusive.
	Limit time.Duration
	// Prepared is called when the bin is ready for the events of the plan.
	Prepared func(Plan)
	// Last is called when the bin is ready for the last event of the plan.
	Last func(Provocation)
	// Progress is called when something arrived: with how many events came, of how many, and the
	// time at which everything that should follow has come, zero while that is unknown.
	Progress func(events, of int, until time.Time)
}

// Provoke prepares a bin, waits until the sender has sent the events of the plan and what should
// follow them, grades what came, and restores the bin. When the time limit is over, or ctx ends, it
// grades what came until then. Events that are more than the plan asks for get 200. Errors are
// those of Grade, Plan.Prepare and Client.Captures.
func Provoke(ctx context.Context, client *mockserver.Client, bin string, o Options, w Watch) (report exam.Report, err error) {
	plan, err := NewPlan(o, w.Limit)
	if err != nil {
		return exam.Report{}, err
	}
	p := &provoking{client: client, bin: bin, options: o, watch: w}
	if p.after, err = newest(ctx, client, bin); err != nil {
		return exam.Report{}, err
	}
	url := client.BinURL(bin)
	restore, err := plan.prepare(ctx, client, bin, script(url, plan.Events...))
	if err != nil {
		return exam.Report{}, err
	}
	defer func() {
		// The bin is restored also after an interrupt.
		if failed := restore(context.WithoutCancel(ctx)); err == nil {
			err = failed
		}
	}()
	if w.Prepared != nil {
		w.Prepared(plan)
	}
	limited, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	want := len(plan.Events)
	if w.Events > 0 {
		want = min(want, w.Events)
	}
	captures, err := p.wait(limited, p.after, want)
	if err == nil && plan.Last != nil && limited.Err() == nil && (w.Events == 0 || w.Events > want) {
		last := script(url, *plan.Last)
		if _, err = client.Change(limited, bin, mockserver.SettingsChange{Responses: &last}); err == nil {
			if w.Last != nil {
				w.Last(*plan.Last)
			}
			captures, err = p.wait(limited, newestOf(captures, p.after), 1)
		}
	}
	if err != nil {
		return exam.Report{}, err
	}
	return grade(context.WithoutCancel(ctx), client, bin, captures, p.after, o)
}

// GradeBin grades what a bin has recorded until now. Errors are those of Grade, Client.Captures and
// Client.Stats.
func GradeBin(ctx context.Context, client *mockserver.Client, bin string, o Options) (exam.Report, error) {
	captures, err := all(ctx, client, bin, 0)
	if err != nil {
		return exam.Report{}, err
	}
	return grade(ctx, client, bin, captures, 0, o)
}

// grade grades the captures of a bin after a number. Those that are gone from the front were
// evicted, or the user deleted them.
func grade(ctx context.Context, client *mockserver.Client, bin string, captures []mockserver.Capture, after uint64, o Options) (exam.Report, error) {
	o.Bin, o.Now = bin, time.Now()
	if len(captures) > 0 {
		stats, err := client.Stats(ctx, bin)
		if err != nil {
			return exam.Report{}, err
		}
		o.Evicted, o.Began = stats.Evicted > 0 && captures[0].Seq > after+1, stats.Since
	}
	return Grade(captures, o)
}

// provoking is a run of Provoke.
type provoking struct {
	client  *mockserver.Client
	bin     string
	options Options
	watch   Watch
	after   uint64 // the newest capture before it
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

// wait returns the captures, once the first events after a capture have come with all that should
// follow them, or ctx ends.
func (p *provoking) wait(ctx context.Context, since uint64, want int) ([]mockserver.Capture, error) {
	o, seen := p.options, 0
	for {
		captures, err := all(context.WithoutCancel(ctx), p.client, p.bin, p.after)
		if err != nil {
			return nil, err
		}
		o.Now = time.Now()
		g, err := newGrading(captures, o)
		if err != nil {
			return nil, err
		}
		// Further events get 200 and are not waited for.
		of := slices.DeleteFunc(slices.Clone(g.deliveries), func(d *delivery) bool { return d.attempts[0].Seq <= since })
		of = of[:min(len(of), want)]
		until, open := g.conclusive(of)
		if p.watch.Progress != nil && len(of) > 0 && len(captures) != seen {
			shown := until
			if open {
				shown = time.Time{}
			}
			p.watch.Progress(len(of), want, shown)
		}
		seen = len(captures)
		if ctx.Err() != nil || len(of) == want && !o.Now.Before(until) {
			return captures, nil
		}
		pause := 10 * time.Second
		switch {
		case open:
			pause = pollHang
		case len(of) == want:
			pause = min(pause, time.Until(until))
		}
		_, err = p.client.Wait(ctx, p.bin, mockserver.Wait{Count: 1, After: newestOf(captures, p.after), Timeout: mockserver.Duration(max(pause, time.Millisecond))})
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
}

// newestOf returns the number of the last capture of a list, or that of an empty one.
func newestOf(captures []mockserver.Capture, empty uint64) uint64 {
	if len(captures) == 0 {
		return empty
	}
	return captures[len(captures)-1].Seq
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

// conclusive returns the time at which everything that should follow the attempts of deliveries has
// come, and whether the sender still waits for a response, so that the time may change.
func (g *grading) conclusive(of []*delivery) (until time.Time, open bool) {
	for _, d := range of {
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
