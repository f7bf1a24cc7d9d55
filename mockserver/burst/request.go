package burst

import (
	"errors"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// request is the request of one event. A worker has one and reuses its memory.
type request struct {
	item    item
	url     int
	timeout time.Duration
	raw     []byte // the bytes, when they are sent as they are

	event   *fixtures.Event
	message wire.Message
	context signature.Context

	fault   int         // the fault that was done; -1 is none
	manner  wire.Manner // how it is sent, for a fault of the transport
	special bool        // it is sent in that manner
	copies  int         // how often it is sent
	dropped bool        // it is not sent at all
	problem string      // why the fault that was chosen is not possible for the event
}

// prepare makes the request of an event. With an entity, s is its slot, which the caller is in.
func (l *load) prepare(r *request, it item, s *slot) error {
	*r = request{item: it, url: l.url(it), raw: r.raw[:0], message: r.message, fault: -1, copies: 1, timeout: l.plan.timeoutOf(nil)}
	if l.plan.Recording != nil {
		var err error
		r.raw, err = l.plan.Recording.request(r.raw, it.index)
		return err
	}
	t := &l.parts[it.part]
	r.timeout = t.timeout
	var renderer *eventRenderer
	if s == nil {
		if renderer, _ = t.idle.Get().(*eventRenderer); renderer == nil {
			var err error
			if renderer, err = t.newRenderer(); err != nil {
				return err
			}
		}
		defer t.idle.Put(renderer)
	}
	var err error
	if r.event, err = l.eventOf(it, s, renderer); err != nil {
		return err
	}
	return l.build(r, t, time.Now())
}

// build signs the request of r.event and lays out its bytes, with the fault of its index.
func (l *load) build(r *request, t *part, now time.Time) error {
	builder, err := t.builder(l.plan, r.url)
	if err != nil {
		return err
	}
	defer t.builders[r.url].Put(builder)
	if err := builder.Message(&r.message, r.event, now); err != nil {
		return err
	}
	r.context = builder.Context(r.event, now)
	if k := l.faults.of(r.item.index); k >= 0 {
		f := &l.faults.list[k]
		r.fault = k
		r.copies, _ = f.set.Copies()
		r.dropped = f.set.Drops(1)
		r.manner, err = l.spoil(f, t, r.url, r)
		switch {
		case err == nil:
			r.raw = wire.Append(r.raw, r.message)
			r.special = r.manner.Special()
			return nil
		case errors.Is(err, fault.ErrInvalid):
			r.fault, r.problem = -1, err.Error()
		case !errors.Is(err, errUnaltered):
			return err
		}
	}
	if err := builder.Sign(&r.message, r.context); err != nil {
		return err
	}
	r.raw = wire.Append(r.raw, r.message)
	return nil
}
