package burst

import (
	"context"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// DialFunc opens a connection, as net.Dialer's DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// maker turns an index into the bytes of a request. It keeps its buffers, so it belongs to one goroutine.
type maker struct {
	renderers []*fixtures.Renderer // one for each event, in turn
	messenger *fixtures.Messenger
	signer    *signature.Signer // nil: the provider signs nothing without a secret
	draw      fixtures.Draw
	url       string
	event     fixtures.Event
	message   wire.Message
	raw       []byte
}

func newMaker(plan *Plan, names []string) (*maker, error) {
	m := &maker{draw: fixtures.Draw{Seed: plan.Seed, Stream: stream}, url: plan.URL}
	for _, name := range names {
		r, err := plan.Provider.Renderer(name, plan.Options)
		if err != nil {
			return nil, err
		}
		m.renderers = append(m.renderers, r)
	}
	var err error
	if m.messenger, err = plan.Provider.Messenger(plan.URL); err != nil {
		return nil, err
	}
	if plan.Secret != "" {
		m.signer, err = signature.NewSigner(&plan.Provider.Signing, plan.Secret)
	}
	return m, err
}

// body renders event i and returns its body, which stays until the next call.
func (m *maker) body(i uint64) ([]byte, error) {
	m.draw.Index = i
	err := m.renderers[i%uint64(len(m.renderers))].Render(m.draw, &m.event)
	return m.event.Body, err
}

// request renders and signs event i and returns the request's bytes, which stay until the next call.
func (m *maker) request(i uint64) ([]byte, error) {
	if _, err := m.body(i); err != nil {
		return nil, err
	}
	now := time.Now()
	if err := m.messenger.Message(m.event, now, &m.message); err != nil {
		return nil, err
	}
	if m.signer != nil {
		c := signature.Context{ID: m.event.ID, URL: m.url, Time: now, EventTime: m.event.At}
		if err := m.signer.Sign(&m.message, c); err != nil {
			return nil, err
		}
	}
	m.raw = wire.Append(m.raw[:0], m.message)
	return m.raw, nil
}

// worker owns one connection and sends what it takes from the burst, one request after the other.
type worker struct {
	maker   *maker
	url     string
	timeout time.Duration
	dial    DialFunc
	conn    *wire.Conn

	taken, acknowledged atomic.Uint64 // read by the progress while the worker runs

	// Read when the worker has ended.
	outcomes       map[string]uint64
	end            uint64   // one more than the highest index it sent
	unacknowledged []uint32 // the indexes it took that got no 2xx
	lag            *hdrhistogram.Histogram
	service        *hdrhistogram.Histogram
	response       *hdrhistogram.Histogram
	err            error // why the worker stopped before the end
}

// Latencies are kept in microseconds up to ten minutes, to three digits.
const (
	longest = 600_000_000
	digits  = 3
)

func newWorker(plan *Plan, names []string) (*worker, error) {
	m, err := newMaker(plan, names)
	if err != nil {
		return nil, err
	}
	w := &worker{
		maker: m, url: plan.URL, timeout: plan.Timeout, dial: plan.Dial,
		outcomes: map[string]uint64{},
		lag:      hdrhistogram.New(1, longest, digits),
		service:  hdrhistogram.New(1, longest, digits),
		response: hdrhistogram.New(1, longest, digits),
	}
	if w.dial == nil {
		guard, err := wire.NewGuard(nil)
		if err != nil {
			return nil, err
		}
		w.dial = guard.Dial
	}
	return w, nil
}

// run takes indexes until the burst is over. The request is made before its time comes, so that making it is no lag.
func (w *worker) run(ctx context.Context, next *atomic.Uint64, clock pace) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer func() {
		if w.conn != nil {
			w.conn.Close()
		}
	}()
	for ctx.Err() == nil {
		i := next.Add(1) - 1
		due, ok := clock.due(i)
		if !ok {
			w.giveBack(i)
			return
		}
		raw, err := w.maker.request(i)
		if err != nil {
			w.err = err
			w.giveBack(i)
			return
		}
		if clock.rate > 0 && !sleepUntil(ctx, timer, due) {
			w.giveBack(i)
			return
		}
		w.taken.Add(1)
		w.end = i + 1
		begin := time.Now()
		if clock.rate <= 0 {
			due = begin
		}
		outcome, acknowledged := w.send(ctx, raw, begin)
		w.record(uint32(i), outcome, acknowledged, due, begin)
	}
}

// giveBack keeps an index that was taken and not sent from counting as acknowledged.
func (w *worker) giveBack(i uint64) {
	if i <= math.MaxUint32 {
		w.unacknowledged = append(w.unacknowledged, uint32(i))
	}
}

// send makes one request on the worker's connection, which it opens when there is none.
func (w *worker) send(ctx context.Context, raw []byte, begin time.Time) (outcome string, acknowledged bool) {
	if w.conn == nil {
		dialing, cancel := context.WithDeadline(ctx, begin.Add(w.timeout))
		conn, err := wire.DialConn(dialing, w.url, w.dial)
		cancel()
		if err != nil {
			return string(wire.NotSent), false
		}
		w.conn = conn
	}
	status, what, err := w.conn.RoundTrip(raw, begin.Add(w.timeout))
	if err != nil {
		w.conn.Close()
		w.conn = nil
	}
	if what != wire.GotStatus {
		return string(what), false
	}
	return class(status), status >= 200 && status <= 299
}

func class(status int) string {
	switch status / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	}
	return "other"
}

func (w *worker) record(i uint32, outcome string, acknowledged bool, due, begin time.Time) {
	end := time.Now()
	w.outcomes[outcome]++
	if acknowledged {
		w.acknowledged.Add(1)
	} else {
		w.unacknowledged = append(w.unacknowledged, i)
	}
	observe(w.lag, begin.Sub(due))
	observe(w.service, end.Sub(begin))
	observe(w.response, end.Sub(due))
}

// observe records a duration; what is out of range counts as the nearest that is in it.
func observe(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d.Microseconds(), 1), longest))
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
