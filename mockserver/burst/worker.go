package burst

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// worker owns one connection to each URL and sends what it takes from the schedule, one request
// after the other.
type worker struct {
	*burst
	conns   []connection // by URL
	request request
	timer   *time.Timer
	waited  bool          // the worker was there before the event was due
	samples []sample      // not handed to the measure yet
	handed  time.Duration // after the start, when samples were last handed over
}

// connection is a connection of a worker, which is closed when the burst is cancelled.
type connection struct {
	*wire.Conn
	stop func() bool
}

func newWorker(b *burst) *worker {
	return &worker{burst: b, conns: make([]connection, len(b.load.plan.URLs))}
}

// run takes events until the burst is over.
func (w *worker) run(ctx context.Context) {
	w.timer = time.NewTimer(0)
	defer w.timer.Stop()
	defer w.flush()
	defer w.hangUp()
	for ctx.Err() == nil {
		i, due, ok := w.schedule.take(time.Since(w.start))
		if !ok {
			return
		}
		it := w.load.item(i, due)
		s := w.load.slot(it)
		if s == nil {
			w.deliver(ctx, it, nil)
			continue
		}
		if !s.enter(it, w.load.step(it)) {
			continue // the worker that is in the slot sends it
		}
		for more := true; more && ctx.Err() == nil; it, more = s.leave() {
			w.deliver(ctx, it, s)
		}
	}
}

// deliver sends one event. Its request is made before its time comes, so that making it is no lag.
func (w *worker) deliver(ctx context.Context, it item, s *slot) {
	r, plan := &w.request, w.load.plan
	if err := w.load.prepare(r, it, s); err != nil {
		w.abort(err)
		return
	}
	if !plan.sends(it.index) {
		return
	}
	closed := plan.Shape.Closed()
	due := w.start.Add(it.due)
	w.waited = time.Now().Before(due)
	if !closed && !w.sleepUntil(ctx, due) {
		return
	}
	begin := time.Now()
	if closed {
		due = begin
	}
	if r.problem != "" {
		w.measure.impossible(w.load.faults.of(it.index), r.problem)
	}
	switch lag := begin.Sub(due); {
	case r.dropped || plan.Overload.Policy == Drop && lag > plan.Overload.MaxLag:
		w.record(dropped, 0, nil, due, begin)
		return
	case plan.Overload.Policy == Abort && lag > plan.Overload.MaxLag:
		w.abort(fmt.Errorf("event %d would start %v late, more than %v: the consumer or this machine cannot keep up", it.index, lag.Round(time.Millisecond), plan.Overload.MaxLag))
		return
	}
	w.inFlight.Add(1)
	defer w.inFlight.Add(-1)
	for copies := range r.copies {
		status, what, err := w.send(ctx, r)
		if ctx.Err() != nil && what == wire.NotSent {
			return
		}
		if copies > 0 {
			w.measure.further()
			continue
		}
		w.record(outcomeOf(what, status), status, err, due, begin)
	}
}

// sends reports whether an index is sent: all are, unless Only names some.
func (p *Plan) sends(i uint64) bool {
	if p.Only == nil {
		return true
	}
	low, high := 0, len(p.Only)
	for low < high {
		if middle := (low + high) / 2; uint64(p.Only[middle]) < i {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low < len(p.Only) && uint64(p.Only[low]) == i
}

// connect opens the worker's connection to a URL. It is closed when ctx ends, so that a request in
// flight ends with it.
func (w *worker) connect(ctx context.Context, url int, deadline time.Time) error {
	dialing, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	plan := w.load.plan
	conn, err := wire.DialConn(dialing, plan.URLs[url], plan.Dial, plan.Trust)
	if err != nil {
		return err
	}
	w.conns[url] = connection{conn, context.AfterFunc(ctx, func() { conn.Close() })}
	return nil
}

// hangUp closes the worker's connections.
func (w *worker) hangUp() {
	for i := range w.conns {
		w.conns[i].hangUp()
	}
}

func (c *connection) hangUp() {
	if c.Conn != nil {
		c.stop()
		c.Close()
		c.Conn = nil
	}
}

// send makes one request on the worker's connection, which it opens when there is none.
func (w *worker) send(ctx context.Context, r *request) (status int, what wire.Outcome, err error) {
	deadline := time.Now().Add(r.timeout)
	if r.special {
		result := w.client.SendAs(ctx, w.load.plan.URLs[r.url], r.message, r.manner, wire.Limits{Timeout: r.timeout})
		return result.Status, result.Outcome, result.Err
	}
	c := &w.conns[r.url]
	if c.Conn == nil {
		if err := w.connect(ctx, r.url, deadline); err != nil {
			return 0, wire.NotSent, err
		}
		c = &w.conns[r.url]
	}
	status, what, err = c.RoundTrip(r.raw, deadline)
	if err != nil || w.load.plan.Reconnect {
		c.hangUp()
	}
	return status, what, err
}

// record measures a request.
func (w *worker) record(o outcome, status int, err error, due, begin time.Time) {
	end, r := time.Now(), &w.request
	if o != notSent && o != dropped {
		w.sent.add(r.item.index)
	}
	if o == success {
		w.acknowledged.add(r.item.index)
	}
	s := sample{
		end: end.Sub(w.start), lag: microseconds(begin.Sub(due)), service: microseconds(end.Sub(begin)), response: microseconds(end.Sub(due)),
		status: int16(status), outcome: o, fault: int16(r.fault), warmUp: due.Sub(w.start) < w.load.plan.WarmUp, waited: w.waited,
	}
	if err != nil {
		s.reason = wire.Reason(err)
		if missed := wire.Missed(err); missed != "" {
			s.reason = fmt.Sprintf("%s within %v", missed, r.timeout) // one cause, one text
		}
	}
	if len(w.samples) == batch || s.end/handOver != w.handed/handOver {
		w.flush()
		w.handed = s.end
	}
	if w.samples == nil {
		w.samples = make([]sample, 0, batch)
	}
	w.samples = append(w.samples, s)
}

// flush hands the samples to the measure.
func (w *worker) flush() {
	w.measure.record(w.samples)
	w.samples = w.samples[:0]
}

// sleepUntil reports whether the time came before ctx ended.
func (w *worker) sleepUntil(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	if wait > 100*time.Millisecond {
		w.flush() // the progress sees what was done
	}
	w.timer.Reset(wait)
	select {
	case <-w.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
