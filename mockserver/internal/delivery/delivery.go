package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// This file is the path of an event from the caller to the socket. Its functions call each other
// from top to bottom: EmitAll or Deliver, enqueue, run, attempt, send.

// Emit emits one event: see EmitAll.
func (d *Dispatcher) Emit(ctx context.Context, provider string, e Emission) ([]journal.Delivery, error) {
	return d.EmitAll(ctx, provider, []Emission{e})
}

// EmitAll renders events and makes a delivery for each enabled endpoint of the tenant whose
// patterns match, one for each even if several patterns match. It returns when the deliveries are
// in the journal; the attempts follow. With a reorder fault the events change places; the
// deliveries are in the order in which they are sent.
//
// Errors wrap ErrInvalid, fixtures.ErrUnknownProvider, fixtures.ErrUnknownEvent or, for a named
// endpoint, journal.ErrNotFound, and then nothing was emitted. When the journal fails midway, the
// deliveries that are in it are sent and are returned with the error.
func (d *Dispatcher) EmitAll(ctx context.Context, provider string, list []Emission) ([]journal.Delivery, error) {
	envelopes, err := d.prepare(provider, list, nil)
	if err != nil {
		return nil, err
	}
	return d.enqueue(ctx, envelopes)
}

// Deliver emits the event to one endpoint, which is not registered: later events do not find it. It
// is checked, and gets defaults, as by Register. Its deliveries do not outlive a restart.
func (d *Dispatcher) Deliver(ctx context.Context, to journal.Endpoint, e Emission) ([]journal.Delivery, error) {
	config, err := d.newEndpointConfig(to, "")
	if err != nil {
		return nil, err
	}
	if e.Endpoint != "" {
		return nil, fmt.Errorf("%w: endpoint %q: the event goes to the endpoint given beside it", ErrInvalid, e.Endpoint)
	}
	if e.Tenant == "" {
		e.Tenant = to.Tenant
	}
	d.samples.add(config.endpoint)
	target := newUnregisteredTarget(d.ctx, config)
	target.schedule = &d.schedule
	envelopes, err := d.prepare(to.Provider, []Emission{e}, target)
	if err != nil {
		return nil, err
	}
	return d.enqueue(ctx, envelopes)
}

// enqueue writes a delivery for each recipient into the journal, and then puts it onto the
// recipient's schedule, which starts run when the delivery is due.
func (d *Dispatcher) enqueue(ctx context.Context, envelopes []envelope) ([]journal.Delivery, error) {
	if err := d.Err(); err != nil {
		return nil, err
	}
	var list []*journal.Delivery
	var newJobs []func() *job
	for i := range envelopes {
		e := &envelopes[i]
		for _, to := range e.recipients {
			now := to.target.schedule.time()
			n, together := e.faults.Copies()
			var copies *group
			if together {
				copies = newGroup(n)
			}
			for range n {
				delivery := e.newDelivery(now, to)
				list = append(list, delivery)
				newJobs = append(newJobs, func() *job { return newJob(delivery, to.target, e.faults, copies) })
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
			j := newJobs[i]()
			if j.hold() {
				if j.target.ctx.Err() != nil { // removed meanwhile
					d.stopHeld(j.target)
				}
				continue
			}
			jobs[j.target.schedule] = append(jobs[j.target.schedule], j)
		}
	}
	for s, due := range jobs {
		s.add(due...)
	}
	if err != nil {
		return saved, fmt.Errorf("journal the deliveries: %w", err)
	}
	return saved, nil
}

// run is a worker. It makes the attempt of a job that is due, and goes on with other jobs until
// none is due.
func (s *schedule) run(j *job) {
	for j != nil {
		due, again := s.dispatcher.attempt(j)
		j = s.finish(j, due, again)
	}
}

// attempt makes one attempt of a delivery and records it. It says whether there is another one, and
// when.
func (d *Dispatcher) attempt(j *job) (due time.Time, again bool) {
	config := j.target.config.Load()
	a := d.send(j, config)
	next := d.progress(j, config, &a)
	if interrupted(j, &a) && a.Outcome == wire.NotSent {
		d.record(j.id, nil, next)
	} else {
		d.record(j.id, &a, next)
	}
	if a.N == 1 && j.faults.Releases() {
		j.target.release()
	}
	return next.Time(), next.State == journal.Pending
}

// maxResponseBody bounds how much of a response's body the journal keeps, in bytes.
const maxResponseBody = 64 << 10

// send builds and signs the request, does the faults to it, sends it and reads the response. The
// signature's timestamp is the wall clock's, whatever the schedule's clock says: a consumer
// compares it with its own clock.
func (d *Dispatcher) send(j *job, config *endpointConfig) journal.Attempt {
	now := time.Now()
	a := journal.Attempt{N: j.attempts + 1, Due: j.due, At: now, Outcome: wire.NotSent}
	a.Fault = j.faults.On(a.N)
	ready, leave := j.together()
	defer leave()
	if j.faults.Drops(a.N) {
		a.Error = "dropped by a fault"
		return a
	}
	if !config.reaches(j.url) {
		a.Error = fmt.Sprintf("%s delivers to https only: %.200s is never called; give the endpoint an https URL", config.provider.Title, j.url)
		return a
	}
	if j.triggered.IsZero() {
		j.triggered = now
	}
	r, err := config.newRequest(j.url, &j.event, j.faults, a.N, j.triggered, now, func() *rand.Rand { return generator(d.seed, "fault", j.seq) })
	if err != nil {
		a.Error = err.Error()
		return a
	}
	ctx, cancel := context.WithTimeout(j.target.ctx, config.timeout)
	defer cancel()
	r.Manner.Ready = ready
	result := d.wire.SendAs(ctx, j.url, r.Message, r.Manner)
	a.Sent = r.Message
	a.Outcome, a.Status = result.Outcome, result.Status
	a.TookMS = math.Round(float64(result.Took)/float64(time.Microsecond)) / 1000
	if result.Err != nil {
		a.Error = wire.Reason(result.Err)
	}
	if result.Response.Status != 0 {
		response := result.Response
		if len(response.Body) > maxResponseBody {
			response.Body, response.Truncated = response.Body[:maxResponseBody], true
		}
		a.Response = &response
	}
	return a
}

// progress returns the state of a delivery after an attempt: delivered, stopped, exhausted, or
// pending until the next.
func (d *Dispatcher) progress(j *job, config *endpointConfig, a *journal.Attempt) journal.Progress {
	retry := config.retry
	switch {
	case a.Outcome == wire.GotStatus && config.provider.Delivery.Accepts(a.Status) && answered(j, config, a):
		return journal.Progress{State: journal.Delivered}
	case interrupted(j, a) && errors.Is(context.Cause(j.target.ctx), errStopping):
		return journal.Progress{State: journal.Pending, Next: a.Due.UnixNano()}
	case interrupted(j, a), retry.Stops(a.Status), !config.reaches(j.url):
		return journal.Progress{State: journal.Stopped}
	}
	var rng *rand.Rand
	if retry.Jitter > 0 {
		rng = generator(d.seed, "retry", j.seq<<16|uint64(a.N))
	}
	wait, again := Next(retry, a.N, a.Status, rng)
	if !again && neverSent(j, a) {
		return journal.Progress{State: journal.Dropped}
	}
	if !again {
		return journal.Progress{State: journal.Exhausted}
	}
	due := j.target.schedule.time().Add(wait + j.faults.Late(a.N+1))
	return journal.Progress{State: journal.Pending, Next: due.UnixNano()}
}

// neverSent says whether a fault has kept back this attempt and all before it.
func neverSent(j *job, a *journal.Attempt) bool {
	for n := range a.N {
		if !j.faults.Drops(n + 1) {
			return false
		}
	}
	return true
}

// answered says whether the response to a handshake holds its challenge, and notes in the attempt
// when it does not.
func answered(j *job, config *endpointConfig, a *journal.Attempt) bool {
	var body []byte
	if a.Response != nil {
		body = a.Response.Body
	}
	if config.provider.Answered(&j.event, body) {
		return true
	}
	a.Error = fmt.Sprintf("the response does not hold the challenge of %s, the value at %s of its body", j.event.Name, config.provider.Handshake.Echo)
	return false
}

// interrupted says whether the attempt was cut short from this side.
func interrupted(j *job, a *journal.Attempt) bool {
	return a.Outcome != wire.GotStatus && j.target.ctx.Err() != nil
}

// record writes an attempt into the journal, or with nil only the state of the delivery.
func (d *Dispatcher) record(id string, a *journal.Attempt, next journal.Progress) {
	if err := d.store.AppendAttempt(context.WithoutCancel(d.ctx), id, a, next); err != nil {
		d.log.Error("an attempt is not in the journal", "delivery", id, "state", string(next.State), "error", err)
	}
}

// stop records that a delivery is stopped because its endpoint was removed or disabled.
func (d *Dispatcher) stop(j *job) { d.record(j.id, nil, journal.Progress{State: journal.Stopped}) }

// reaches says whether the provider may send to a URL.
func (t *endpointConfig) reaches(url string) bool {
	const https = "https:"
	return !t.provider.Delivery.HTTPSOnly || len(url) > len(https) && strings.EqualFold(url[:len(https)], https)
}
