package delivery

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Emission asks for one event to be emitted. With Body it is sent as given; without, it is rendered.
type Emission struct {
	Event  string `json:"event"`
	Tenant string `json:"tenant,omitempty"` // "" is the provider's demo tenant, or that of Endpoint
	// Seed, Stream and Index name what the event is drawn from. Without a seed it is the dispatcher's, and without an
	// index then the next one; with a seed of its own the index is 0, so that the same seed gives the same event.
	Seed   *uint64            `json:"seed,omitempty"`
	Stream string             `json:"stream,omitempty"` // "" is "emit"
	Index  *uint64            `json:"index,omitempty"`
	Set    []fixtures.Setting `json:"set,omitempty"` // members overwritten after rendering
	// ID, At, Headers and Body are a prepared event: a journey's, or bytes of one's own. Without ID it is the one that the
	// body has, or one of the provider's form. Headers are the header lines of this event alone.
	ID      string            `json:"id,omitempty"`
	At      time.Time         `json:"at,omitzero"`
	Headers signature.Headers `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	// Faults are done to every delivery of the event.
	Faults []Fault `json:"faults,omitempty"`
	// Run limits the event to the endpoints of that run or, when the run has none of this provider, to those of no run; "" is those of no run.
	Run string `json:"run,omitempty"`
	// Endpoint limits the event to one endpoint; its patterns and its tenant are not asked.
	Endpoint string `json:"endpoint,omitempty"`
}

const (
	emitStream = "emit"
	maxBody    = 16 << 20 // of a prepared event
	maxLines   = 100      // of its own header lines
)

// Emit renders the event and makes a delivery for each enabled endpoint of the tenant whose patterns match, one for
// each even if several match. It returns when the deliveries are in the journal; the attempts follow. Errors wrap
// ErrInvalid, fixtures.ErrUnknownProvider, fixtures.ErrUnknownEvent or, for a named endpoint, journal.ErrNotFound,
// and then nothing was emitted.
func (d *Dispatcher) Emit(ctx context.Context, provider string, e Emission) ([]journal.Delivery, error) {
	return d.EmitAll(ctx, provider, []Emission{e})
}

// EmitAll emits several events as one: with a reorder fault they change places. The deliveries stand in the order in
// which they are sent, which is that of the list otherwise. All are in the journal before the first is sent; if the
// journal fails midway, those that are in it are returned with the error, and are sent.
func (d *Dispatcher) EmitAll(ctx context.Context, provider string, list []Emission) ([]journal.Delivery, error) {
	return d.emit(ctx, provider, list, func(e *Emission, event *fixtures.Event) ([]match, error) {
		if e.Endpoint != "" {
			to, err := d.registry.only(provider, e.Endpoint)
			if err != nil {
				return nil, fmt.Errorf("emit %q: %w", e.Event, err)
			}
			return []match{{target: to}}, nil
		}
		list, mine := d.registry.matches(provider, event, e.Run)
		if !mine {
			d.leftRun(e.Run)
		}
		return list, nil
	})
}

// Deliver emits the event to that one endpoint, which is not kept: neither registered nor found by later events. It
// is checked, and given what it lacks, as by Register. Its deliveries do not outlive a restart.
func (d *Dispatcher) Deliver(ctx context.Context, to journal.Endpoint, e Emission) ([]journal.Delivery, error) {
	t, err := d.newEndpointConfig(to, "")
	if err != nil {
		return nil, err
	}
	if e.Endpoint != "" {
		return nil, fmt.Errorf("%w: endpoint %q: the event goes to the endpoint given beside it", ErrInvalid, e.Endpoint)
	}
	if e.Tenant == "" {
		e.Tenant = to.Tenant
	}
	d.samples.add(t.endpoint)
	target := newPassingTarget(d.ctx, t)
	target.schedule = &d.schedule
	return d.emit(ctx, to.Provider, []Emission{e}, func(*Emission, *fixtures.Event) ([]match, error) {
		return []match{{target: target}}, nil
	})
}

// plan is one event and where it goes.
type plan struct {
	event  fixtures.Event
	faults []armed
	to     []match
}

// match is an endpoint and the pattern that selected it.
type match struct {
	target  *target
	pattern string
}

// emit plans all emissions, so that the first is not sent when the last is wrong, and delivers them.
func (d *Dispatcher) emit(
	ctx context.Context, provider string, list []Emission, matches func(*Emission, *fixtures.Event) ([]match, error),
) ([]journal.Delivery, error) {
	p, err := d.catalogue.Provider(provider)
	if err != nil {
		return nil, err
	}
	plans := make([]plan, len(list))
	var moving []int
	for i := range list {
		e := &list[i]
		if plans[i].faults, err = arm(e.Faults); err != nil {
			return nil, err
		}
		if plans[i].event, err = d.event(p, e); err != nil {
			return nil, err
		}
		if plans[i].to, err = matches(e, &plans[i].event); err != nil {
			return nil, err
		}
		if err := plans[i].rehearse(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(plans[i].faults, func(f armed) bool { return f.kind.reorders }) {
			moving = append(moving, i)
		}
	}
	if len(moving) > 0 {
		if len(list) < 2 {
			return nil, fmt.Errorf("%w: fault \"reorder\": one event has none to change places with: emit several together", ErrInvalid)
		}
		first := &plans[0].event
		rng := generator(d.seed, "reorder/"+first.Provider+"/"+first.ID, uint64(len(list)))
		moved := make([]plan, len(plans))
		for at, from := range reordered(len(plans), moving, rng) {
			moved[at] = plans[from]
		}
		plans = moved
	}
	return d.deliver(ctx, plans)
}

// event renders the event that an emission asks for, or takes the prepared one.
func (d *Dispatcher) event(p *fixtures.Provider, e *Emission) (fixtures.Event, error) {
	if _, err := p.Event(e.Event); err != nil {
		return fixtures.Event{}, err
	}
	clock, err := d.scheduleOf(e.Run)
	if err != nil {
		return fixtures.Event{}, fmt.Errorf("emit %q: %w", e.Event, err)
	}
	tenant := e.Tenant
	if tenant == "" && e.Endpoint != "" {
		if endpoint, err := d.registry.endpoint(e.Endpoint); err == nil {
			tenant = endpoint.Tenant
		}
	}
	draw := fixtures.Draw{Seed: d.seed, Stream: e.Stream}
	if draw.Stream == "" {
		draw.Stream = emitStream
	}
	if e.Seed != nil {
		draw.Seed = *e.Seed
	}
	switch {
	case e.Index != nil:
		draw.Index = *e.Index
	case e.Seed == nil:
		draw.Index = d.drawn.Add(1) - 1
	}
	if e.Body == nil {
		if e.ID != "" || !e.At.IsZero() || len(e.Headers) > 0 {
			return fixtures.Event{}, fmt.Errorf("%w: event %q: id, at and headers belong to a body that is given, and there is none; set members of a rendered one with set", ErrInvalid, e.Event)
		}
		event, err := p.Render(draw, e.Event, fixtures.RenderOptions{Tenant: tenant, Set: e.Set})
		if err != nil {
			return event, fmt.Errorf("%w: event %q: %w", ErrInvalid, e.Event, err)
		}
		return event, nil
	}
	if len(e.Set) > 0 {
		return fixtures.Event{}, fmt.Errorf("%w: event %q: set changes a rendered event, not a body that is given", ErrInvalid, e.Event)
	}
	if len(e.Body) > maxBody {
		return fixtures.Event{}, fmt.Errorf("%w: event %q: body of %d bytes: at most %d are sent", ErrInvalid, e.Event, len(e.Body), maxBody)
	}
	event := fixtures.Event{Provider: p.Name, ID: e.ID, Name: e.Event, Tenant: tenant, At: e.At.UTC(), Headers: slices.Clone(e.Headers), Body: bytes.Clone(e.Body)}
	if event.Tenant == "" {
		event.Tenant = p.Tenant
	}
	if e.At.IsZero() {
		event.At = clock.time()
	}
	if err := checkLines(event.Headers); err != nil {
		return fixtures.Event{}, fmt.Errorf("%w: event %q: %w", ErrInvalid, e.Event, err)
	}
	if event.ID == "" {
		event.ID = p.EventID(&signature.Message{Headers: event.Headers, Body: event.Body})
	}
	switch {
	case event.ID != "":
	case p.EventIDForm != "":
		event.ID = p.MintEventID(draw, &event)
	default:
		event.ID = eventID(generator(draw.Seed, "id/"+draw.Stream, draw.Index))
	}
	return event, nil
}

// checkLines says which header line of an event cannot be sent.
func checkLines(headers signature.Headers) error {
	if len(headers) > maxLines {
		return fmt.Errorf("%d header lines, at most %d", len(headers), maxLines)
	}
	for _, line := range headers {
		if !httpguts.ValidHeaderFieldName(line.Name) || !httpguts.ValidHeaderFieldValue(line.Value) {
			return fmt.Errorf("header line %.100q: want a name of RFC 9110, and a value of one line", line.Name+": "+line.Value)
		}
		if strings.EqualFold(line.Name, "Host") || strings.EqualFold(line.Name, "Content-Length") || strings.EqualFold(line.Name, "Transfer-Encoding") {
			return fmt.Errorf("header line %q: it belongs to the request, not to the event", line.Name)
		}
	}
	return nil
}

// eventID draws the server's own id for an event that comes without one: a UUID of version 4.
func eventID(rng *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// rehearse makes the requests that faults are to alter, so that what cannot be done is refused now and not found out
// by an attempt.
func (p *plan) rehearse() error {
	for _, f := range p.faults {
		if f.kind.alter == nil {
			continue
		}
		for _, a := range p.to {
			t := a.target.config.Load()
			rng := func() *rand.Rand { return generator(0, "rehearsal", 0) }
			f.Attempts = nil
			if _, err := t.newRequest(t.endpoint.URL, &p.event, []armed{f}, 1, p.event.At, p.event.At, rng); err != nil {
				return fmt.Errorf("%w: event %q to %s: %w", ErrInvalid, p.event.Name, t.endpoint.URL, err)
			}
		}
	}
	return nil
}

// deliver puts the deliveries of plans into the journal and then onto the schedule.
func (d *Dispatcher) deliver(ctx context.Context, plans []plan) ([]journal.Delivery, error) {
	if d.ctx.Err() != nil {
		return nil, ErrClosed
	}
	var (
		list  []*journal.Delivery
		makes []func() *job
	)
	for i := range plans {
		p := &plans[i]
		for _, a := range p.to {
			now := a.target.schedule.time()
			for range p.copies() {
				delivery := p.delivery(now, a)
				list = append(list, delivery)
				makes = append(makes, func() *job { return newJob(delivery, a.target, p.faults) })
			}
		}
	}
	err := d.store.SaveDeliveries(ctx, list...)
	saved := []journal.Delivery{}
	jobs := map[*schedule][]*job{}
	for i, delivery := range list {
		if delivery.Seq == 0 {
			break // this one and those behind it were not stored
		}
		saved = append(saved, *delivery)
		if delivery.State == journal.Pending {
			j := makes[i]()
			jobs[j.target.schedule] = append(jobs[j.target.schedule], j)
		}
	}
	for s, of := range jobs {
		s.add(of...)
	}
	if err != nil {
		return saved, fmt.Errorf("journal the deliveries: %w", err)
	}
	return saved, nil
}

// copies is how many deliveries each endpoint gets.
func (p *plan) copies() int {
	n := 1
	for _, f := range p.faults {
		if f.kind.copies != nil {
			n = max(n, f.kind.copies(f.Arg))
		}
	}
	return n
}

// delivery is that of the plan's event to one endpoint, before it is stored.
func (p *plan) delivery(now time.Time, a match) *journal.Delivery {
	t := a.target.config.Load()
	delivery := &journal.Delivery{
		Provider: t.provider.Name, Endpoint: t.endpoint.ID, URL: t.endpoint.URL, Event: p.event, Pattern: a.pattern,
		State: journal.Pending, Created: now, Attempts: []journal.Attempt{}, Next: now.Add(lateBy(p.faults, 1)),
	}
	for _, f := range p.faults {
		delivery.Faults = append(delivery.Faults, f.String())
	}
	if droppedWhole(p.faults) {
		delivery.State, delivery.Next = journal.Dropped, time.Time{}
	}
	return delivery
}

const fifo = "per_endpoint_fifo"

// newJob makes the job of a pending delivery.
func newJob(d *journal.Delivery, to *target, faults []armed) *job {
	j := &job{
		id: d.ID, seq: d.Seq, event: d.Event, url: d.URL, target: to, attempts: len(d.Attempts), due: d.Next, faults: faults,
		ordered: to.config.Load().provider.Delivery.Ordering == fifo ||
			slices.ContainsFunc(faults, func(f armed) bool { return f.kind.reorders }),
	}
	if len(d.Attempts) > 0 {
		j.triggered = d.Attempts[0].At
	}
	return j
}

// loadPending returns the jobs of the deliveries that the store holds as pending, and the latest time that the
// schedule's clock has shown for them.
func (d *Dispatcher) loadPending(ctx context.Context) (jobs []*job, latest time.Time, err error) {
	q := journal.DeliveryQuery{State: journal.Pending, Limit: journal.MaxLimit}
	for {
		page, err := d.store.Deliveries(ctx, q)
		if err != nil {
			return nil, latest, fmt.Errorf("take up pending deliveries: %w", err)
		}
		for i := range page {
			p := &page[i]
			q.Before = p.Seq
			for _, t := range []time.Time{p.Created, lastDue(p)} {
				if t.After(latest) {
					latest = t
				}
			}
			j, err := d.resume(p)
			if err != nil {
				d.log.Warn("a pending delivery is given up", "delivery", p.ID, "endpoint", p.Endpoint, "error", err)
				d.record(p.ID, nil, journal.Progress{State: journal.Stopped})
				continue
			}
			jobs = append(jobs, j)
		}
		if len(page) < q.Limit {
			return jobs, latest, nil
		}
	}
}

// lastDue is when the last attempt of a delivery was due.
func lastDue(d *journal.Delivery) time.Time {
	if len(d.Attempts) == 0 {
		return time.Time{}
	}
	return d.Attempts[len(d.Attempts)-1].Due
}

// resume makes the job of a delivery of an earlier run.
func (d *Dispatcher) resume(p *journal.Delivery) (*job, error) {
	if len(p.Problems) > 0 {
		return nil, errors.New(p.Problems[0])
	}
	to, err := d.registry.only(p.Provider, p.Endpoint)
	if err != nil {
		return nil, err
	}
	var faults []armed
	for _, text := range p.Faults {
		f, err := ParseFault(text)
		if err != nil {
			return nil, err
		}
		a, err := f.arm()
		if err != nil {
			return nil, err
		}
		faults = append(faults, a)
	}
	if p.Next.IsZero() {
		return nil, errors.New("it is pending and has no time")
	}
	return newJob(p, to, faults), nil
}
