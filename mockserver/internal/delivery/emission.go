package delivery

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Emission asks for one event. With Body that body is sent; without, the event is rendered.
type Emission struct {
	Event  string `json:"event"`
	Tenant string `json:"tenant,omitempty"` // "" is the provider's demo tenant, or that of Endpoint
	// Seed, Stream and Index are what the event is generated from. Without a seed they are the
	// dispatcher's seed and its next index. With a seed and no index the index is 0, so that the
	// same seed gives the same event.
	Seed   *uint64            `json:"seed,omitempty"`
	Stream string             `json:"stream,omitempty"` // "" is "emit"
	Index  *uint64            `json:"index,omitempty"`
	Set    []fixtures.Setting `json:"set,omitempty"` // members overwritten after rendering
	// ID, At, Headers and Body are an event that was rendered before, or the caller's own bytes.
	// Without ID the event has the id that the body has, or one of the provider's form. Headers are
	// the header lines of this event alone.
	ID      string            `json:"id,omitempty"`
	At      time.Time         `json:"at,omitzero"`
	Headers signature.Headers `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	// Faults are done to every delivery of the event.
	Faults []Fault `json:"faults,omitempty"`
	// Run limits the event to the endpoints of that run or, when the run has none of this provider,
	// to those of no run; "" is those of no run.
	Run string `json:"run,omitempty"`
	// Endpoint limits the event to one endpoint, whatever its patterns and tenant are.
	Endpoint string `json:"endpoint,omitempty"`
}

const (
	emitStream = "emit"
	maxBody    = 16 << 20 // of an Emission
	maxLines   = 100      // of its header lines
)

// envelope is one event, the endpoints that it goes to, and the faults that are done to its
// deliveries.
type envelope struct {
	event      fixtures.Event
	faults     fault.Set
	recipients []recipient
}

// recipient is an endpoint and the pattern that selected it.
type recipient struct {
	target  *target
	pattern string
}

// prepare renders all events before the first is sent, so that nothing is sent when the last is
// wrong. They go to the one target or, when that is nil, to those that subscribe to them.
func (d *Dispatcher) prepare(provider string, list []Emission, to *target) ([]envelope, error) {
	p, err := d.catalogue.Provider(provider)
	if err != nil {
		return nil, err
	}
	envelopes := make([]envelope, len(list))
	var moving []int
	for i := range list {
		e := &envelopes[i]
		if e.faults, err = fault.NewSet(list[i].Faults); err != nil {
			return nil, err
		}
		if e.event, err = d.event(p, &list[i]); err != nil {
			return nil, err
		}
		if to != nil {
			e.recipients = []recipient{{target: to}}
		} else if e.recipients, err = d.subscribers(&list[i], &e.event); err != nil {
			return nil, err
		}
		if err := e.checkFaults(); err != nil {
			return nil, err
		}
		if err := d.checkWhole(envelopes[:i+1], to != nil); err != nil {
			return nil, err
		}
		if e.faults.Reorders() {
			moving = append(moving, i)
		}
	}
	if len(moving) == 0 {
		return envelopes, nil
	}
	if len(list) < 2 {
		return nil, fmt.Errorf("%w: fault \"reorder\": one event has none to change places with: emit several together", ErrInvalid)
	}
	first := &envelopes[0].event
	rng := generator(d.seed, "reorder/"+first.Provider+"/"+first.ID, uint64(len(list)))
	moved := make([]envelope, len(envelopes))
	for at, from := range reordered(len(envelopes), moving, rng) {
		moved[at] = envelopes[from]
	}
	return moved, nil
}

// subscribers returns the endpoint that an emission names, or those that subscribe to its event.
func (d *Dispatcher) subscribers(e *Emission, event *fixtures.Event) ([]recipient, error) {
	if e.Endpoint != "" {
		to, err := d.registry.only(event.Provider, e.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("emit %q: %w", e.Event, err)
		}
		return []recipient{{target: to}}, nil
	}
	list, ofRun := d.registry.subscribers(event, e.Run)
	if !ofRun {
		d.noteLeftRun(e.Run)
	}
	return list, nil
}

// event renders the event that an emission asks for, or takes the emission's body.
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
		draw.Index = d.NextIndex()
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

// eventID draws an id for an event without one: a UUID of version 4.
func eventID(rng *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// checkFaults makes the requests that faults change, so that a fault that is not possible is
// refused now and not by an attempt.
func (e *envelope) checkFaults() error {
	for _, attempt := range e.faults.Rehearsals() {
		for _, to := range e.recipients {
			t := to.target.config.Load()
			rng := func() *rand.Rand { return generator(0, "rehearsal", 0) }
			if _, err := t.newRequest(t.endpoint.URL, &e.event, e.faults, attempt, e.event.At, e.event.At, rng); err != nil {
				return fmt.Errorf("event %q to %s: %w", e.event.Name, t.endpoint.URL, err)
			}
		}
	}
	return nil
}

// checkWhole refuses faults of the last envelope's deliveries that cannot be done. alone means that
// they go to an endpoint that no later event goes to.
func (d *Dispatcher) checkWhole(envelopes []envelope, alone bool) error {
	e := &envelopes[len(envelopes)-1]
	n, together := e.faults.Copies()
	if limit := d.schedule.perTarget(); together && n > limit {
		return fmt.Errorf("%w: fault \"parallel:%d\": at most %d attempts to one endpoint are in flight at once", ErrInvalid, n, limit)
	}
	switch {
	case alone && e.faults.Holds():
		return fmt.Errorf("%w: fault \"hold\": nothing can release it: register an endpoint, or use delay", ErrInvalid)
	case e.faults.Releases() && !slices.ContainsFunc(e.recipients, func(to recipient) bool { return to.target.holds(envelopes) }):
		return fmt.Errorf("%w: fault \"release\": nothing is held for the endpoint: deliver an event with the fault hold before", ErrInvalid)
	}
	return nil
}

// holds reports whether a delivery is held for the target, or will be by one of the envelopes.
func (t *target) holds(envelopes []envelope) bool {
	return !t.held.empty() || slices.ContainsFunc(envelopes, func(e envelope) bool {
		return e.faults.Holds() && slices.ContainsFunc(e.recipients, func(to recipient) bool { return to.target == t })
	})
}

// newDelivery returns the delivery of the event to one recipient, not yet stored.
func (e *envelope) newDelivery(now time.Time, to recipient) *journal.Delivery {
	t := to.target.config.Load()
	delivery := &journal.Delivery{
		Provider: t.provider.Name, Endpoint: t.endpoint.ID, URL: t.endpoint.URL, Event: e.event, Pattern: to.pattern,
		State: journal.Pending, Created: now, Attempts: []journal.Attempt{}, Next: firstDue(e.faults, now), Faults: e.faults.Names(),
	}
	if e.faults.DropsAll() {
		delivery.State = journal.Dropped
	}
	return delivery
}
