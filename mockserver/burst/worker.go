package burst

import (
	"context"
	"fmt"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/outbound"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// DialFunc opens a connection, as net.Dialer's DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// builders are shared by the workers: one is needed while a request is made, not while it is sent,
// so that there are as many as cores rather than as many as connections.
type builders struct {
	plan  *Plan
	names []string
	idle  sync.Pool // of *requestBuilder
}

// request makes event i's request and appends its bytes to dst.
func (p *builders) request(dst []byte, i uint64) ([]byte, error) {
	if p.plan.Recording != nil {
		return p.plan.Recording.request(dst, i)
	}
	m, _ := p.idle.Get().(*requestBuilder)
	if m == nil {
		var err error
		if m, err = newRequestBuilder(p.plan, p.names); err != nil {
			return dst, err
		}
	}
	raw, err := m.request(i)
	dst = append(dst, raw...)
	p.idle.Put(m)
	return dst, err
}

// requestBuilder turns an index into the bytes of a request. It keeps its buffers, so one goroutine
// uses it at a time.
type requestBuilder struct {
	renderers []*fixtures.Renderer // one for each event, in turn
	builder   *outbound.Builder
	draw      fixtures.Draw
	event     fixtures.Event
	message   wire.Message
	raw       []byte
}

func newRequestBuilder(plan *Plan, names []string) (*requestBuilder, error) {
	m := &requestBuilder{draw: fixtures.Draw{Seed: plan.Seed, Stream: stream}}
	for _, name := range names {
		r, err := plan.Provider.Renderer(name, plan.Options)
		if err != nil {
			return nil, err
		}
		m.renderers = append(m.renderers, r)
	}
	var err error
	m.builder, err = outbound.New(plan.Provider, outbound.Endpoint{URL: plan.URL, Secrets: []string{plan.Secret}, Unsigned: plan.Secret == ""})
	return m, err
}

// body renders event i and returns its body, which stays until the next call.
func (m *requestBuilder) body(i uint64) ([]byte, error) {
	m.draw.Index = i
	err := m.renderers[i%uint64(len(m.renderers))].Render(m.draw, &m.event)
	return m.event.Body, err
}

// request renders and signs event i and returns the request's bytes, which stay until the next
// call.
func (m *requestBuilder) request(i uint64) ([]byte, error) {
	if _, err := m.body(i); err != nil {
		return nil, err
	}
	now := time.Now()
	if err := m.builder.Message(&m.message, &m.event, now); err != nil {
		return nil, err
	}
	if err := m.builder.Sign(&m.message, m.builder.Context(&m.event, now)); err != nil {
		return nil, err
	}
	m.raw = wire.Append(m.raw[:0], m.message)
	return m.raw, nil
}

// worker owns one connection and sends what it takes from the burst, one request after the other.
type worker struct {
	builders *builders
	raw      []byte // the request that is sent
	url      string
	timeout  time.Duration
	dial     DialFunc
	trust    wire.Trust
	conn     *wire.Conn
	stop     func() bool // ends the watch that closes conn when the burst is cancelled

	sent, acknowledged atomic.Uint64 // read by the progress while the worker runs

	recorder *recorder
	samples  []sample // not handed to the recorder yet

	// Read when the worker has ended.
	end            uint64   // one more than the highest index it took
	unacknowledged []uint32 // the indexes it took that got no 2xx
	err            error    // why the worker stopped before the end
}

func newWorker(plan *Plan, m *builders, r *recorder) *worker {
	return &worker{builders: m, url: plan.URL, timeout: plan.Timeout, dial: plan.Dial, trust: plan.Trust, recorder: r}
}

// run takes indexes until the burst is over. The request is made before its time comes, so that
// making it is no lag.
func (w *worker) run(ctx context.Context, next *atomic.Uint64, clock pacer) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer w.recorder.flush(w)
	defer w.hangUp()
	for ctx.Err() == nil {
		i := next.Add(1) - 1
		due, ok := clock.due(i)
		if !ok {
			w.giveBack(i)
			return
		}
		var err error
		if w.raw, err = w.builders.request(w.raw[:0], i); err != nil {
			w.err = err
			w.giveBack(i)
			return
		}
		if clock.rate > 0 && !sleepUntil(ctx, timer, due) {
			w.giveBack(i)
			return
		}
		w.end = i + 1
		begin := time.Now()
		if clock.rate <= 0 {
			due = begin
		}
		status, what, err := w.send(ctx, w.raw, begin)
		if ctx.Err() != nil && what == wire.NotSent {
			w.giveBack(i)
			return
		}
		w.record(uint32(i), status, what, err, due, begin)
	}
}

// giveBack keeps an index that was taken and not sent from counting as acknowledged.
func (w *worker) giveBack(i uint64) {
	if i <= math.MaxUint32 {
		w.unacknowledged = append(w.unacknowledged, uint32(i))
	}
}

// connect opens the worker's connection, which is closed when ctx ends: so that a request in flight
// ends with it.
func (w *worker) connect(ctx context.Context, deadline time.Time) error {
	dialing, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := wire.DialConn(dialing, w.url, w.dial, w.trust)
	if err != nil {
		return err
	}
	w.conn, w.stop = conn, context.AfterFunc(ctx, func() { conn.Close() })
	return nil
}

// hangUp closes the worker's connection, if it has one.
func (w *worker) hangUp() {
	if w.conn != nil {
		w.stop()
		w.conn.Close()
		w.conn = nil
	}
}

// send makes one request on the worker's connection, which it opens when there is none.
func (w *worker) send(ctx context.Context, raw []byte, begin time.Time) (status int, what wire.Outcome, err error) {
	if w.conn == nil {
		if err := w.connect(ctx, begin.Add(w.timeout)); err != nil {
			return 0, wire.NotSent, err
		}
	}
	status, what, err = w.conn.RoundTrip(raw, begin.Add(w.timeout))
	if err != nil {
		w.hangUp()
	}
	return status, what, err
}

func (w *worker) record(i uint32, status int, what wire.Outcome, err error, due, begin time.Time) {
	end := time.Now()
	o := outcomeOf(what, status)
	if o != notSent {
		w.sent.Add(1)
	}
	if o == success {
		w.acknowledged.Add(1)
	} else {
		w.unacknowledged = append(w.unacknowledged, i)
	}
	if w.samples == nil {
		w.samples = make([]sample, 0, batch)
	}
	s := sample{
		lag: microseconds(begin.Sub(due)), service: microseconds(end.Sub(begin)), response: microseconds(end.Sub(due)),
		status: int16(status), outcome: o,
	}
	if err != nil {
		s.reason = wire.Reason(err)
		if missed := wire.Missed(err); missed != "" {
			s.reason = fmt.Sprintf("%s within %v", missed, w.timeout) // one cause, one text
		}
	}
	w.samples = append(w.samples, s)
	if len(w.samples) == batch {
		w.recorder.flush(w)
	}
}

// flush takes the samples that a worker has gathered.
func (r *recorder) flush(w *worker) {
	r.record(w.samples)
	w.samples = w.samples[:0]
}

// sleepUntil says whether the time came before ctx ended.
func sleepUntil(ctx context.Context, timer *time.Timer, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer.Reset(wait)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
