package delivery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
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
	d.saving.RLock()
	defer d.saving.RUnlock()
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
				delivery.Ordered = copies == nil && d.isOrdered(to.target, &e.event)
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
		if delivery.State == journal.Pending && !delivery.Ordered {
			j := newJobs[i]()
			jobs[j.target.schedule] = append(jobs[j.target.schedule], j)
		}
	}
	for s, due := range jobs {
		s.add(d.unheld(due)...)
	}
	if d.shared != nil {
		d.takeGiven(ctx)
	}
	if err != nil {
		if errors.Is(err, journal.ErrUnavailable) && d.shared != nil {
			d.beUnsure() // they may be stored
		}
		return saved, fmt.Errorf("journal the deliveries: %w", err)
	}
	return saved, nil
}

// isOrdered reports whether one of several servers makes all deliveries of such events to a target.
func (d *Dispatcher) isOrdered(to *target, e *fixtures.Event) bool {
	return d.shared != nil && !to.unregistered && to.schedule == &d.schedule && to.config.Load().laneOf(e) != ""
}

// run is a worker. It makes the attempt of a job that is due, and goes on with other jobs until
// none is due.
func (s *schedule) run(j *job) {
	for j != nil {
		j = s.finish(j, s.dispatcher.attempt(j))
	}
}

// result is what follows from an attempt. The zero result ends the job.
type result struct {
	counts bool // the attempt has a number
	again  bool // there is another one
	due    time.Time
}

// attempt makes one attempt of a delivery and records it.
func (d *Dispatcher) attempt(j *job) result {
	ctx, check, stop := attemptContext(j.target.ctx, d.lease.Load())
	defer stop()
	config := j.target.config.Load()
	a, failure := d.send(ctx, check, j, config)
	next, decision := d.progress(ctx, j, config, &a, failure)
	cut := interrupted(ctx, &a)
	recorded := &a
	if cut && a.Outcome == wire.NotSent {
		recorded = nil
	}
	if !d.record(j, recorded, next) {
		return result{}
	}
	j.failed = failure
	if a.N == 1 && j.faults.Releases() {
		j.target.release()
	}
	if !cut {
		d.enforce(j, config, failure, next.State, decision)
	}
	return result{recorded != nil, next.State == journal.Pending, next.Time()}
}

// maxResponseBody bounds how much of a response's body the journal keeps, in bytes.
const maxResponseBody = 64 << 10

// send builds and signs the request, does the faults to it, sends it and reads the response. It
// returns why the attempt failed; the zero failure is success.
//
// The signature's timestamp is the wall clock's, whatever the schedule's clock says: a consumer
// compares it with its own clock. Where the provider does not sign again, it is that of the first
// attempt.
func (d *Dispatcher) send(ctx context.Context, check func() error, j *job, config *endpointConfig) (journal.Attempt, fixtures.Failure) {
	now := time.Now()
	a := journal.Attempt{N: j.attempts + 1, Due: j.due, At: now, Outcome: wire.NotSent}
	a.Fault = j.faults.On(a.N)
	ready, leave := j.together(ctx)
	defer leave()
	unsent := fixtures.Failure{Kind: fixtures.FailedConnect}
	if j.faults.Drops(a.N) {
		a.Error = "dropped by a fault"
		return a, unsent
	}
	url := j.url
	if a.N > 1 && config.retry.Address == "current" {
		url = config.endpoint.URL
	}
	if err := config.reaches(url); err != nil {
		a.Error = err.Error()
		return a, unsent
	}
	if j.triggered.IsZero() {
		j.triggered = now
	}
	stamp := now
	if config.retry.Resign == "never" {
		stamp = j.triggered
	}
	event, err := d.eventOf(j, config, a.N)
	if err != nil {
		a.Error = err.Error()
		return a, unsent
	}
	r, err := config.newRequest(url, event, j.faults, a.N, j.triggered, stamp, func() *rand.Rand { return generator(d.seed, "fault", j.seq) })
	if err != nil {
		a.Error = err.Error()
		return a, unsent
	}
	r.Manner.Ready, r.Manner.Check = ready, check
	result := d.wire.SendAs(ctx, url, r.Message, r.Manner, wire.Limits{
		Timeout: config.timeout, Connect: config.rules.ConnectTimeout, Redirects: config.rules.MaxRedirects(), Allows: config.reaches,
	})
	a.Sent = r.Message
	a.Outcome, a.Status = result.Outcome, result.Status
	a.TookMS = math.Round(float64(result.Took)/float64(time.Microsecond)) / 1000
	if result.Err != nil {
		a.Error = wire.Reason(result.Err)
	}
	failure := failureIn(&result)
	if result.Response.Status != 0 {
		response := result.Response
		if failure.Kind == fixtures.FailedStatus {
			failure = config.judge(j, &a, response.Body)
		}
		if len(response.Body) > maxResponseBody {
			response.Body, response.Truncated = response.Body[:maxResponseBody], true
		}
		a.Response = &response
	}
	return a, failure
}

// judge says why a response is no success, and notes in the attempt what its status does not show.
func (t *endpointConfig) judge(j *job, a *journal.Attempt, body []byte) fixtures.Failure {
	if !t.rules.Accepts(a.Status) {
		return fixtures.Failure{Kind: fixtures.FailedStatus, Status: a.Status}
	}
	if !t.rules.SuccessBody.Accepts(body) {
		want := t.rules.SuccessBody
		a.Error = fmt.Sprintf("the status is that of a success, but the body is not: want %q", want.Equals+want.Contains)
		return fixtures.Failure{Kind: fixtures.FailedBody, Status: a.Status}
	}
	if !t.provider.Answered(&j.event, body) {
		a.Error = fmt.Sprintf("the response does not hold the challenge of %s, the value at %s of its body", j.event.Name, t.provider.Handshake.Echo)
		return fixtures.Failure{Kind: fixtures.FailedBody, Status: a.Status}
	}
	return fixtures.Failure{}
}

// progress returns the state of a delivery after an attempt: delivered, stopped, exhausted, or
// pending until the next; and what the policy decided about a failure.
func (d *Dispatcher) progress(ctx context.Context, j *job, config *endpointConfig, a *journal.Attempt, failure fixtures.Failure) (journal.Progress, Decision) {
	switch {
	case failure == fixtures.Failure{}:
		return journal.Progress{State: journal.Delivered}, Decision{}
	case interrupted(ctx, a) && (errors.Is(context.Cause(ctx), errStopping) || errors.Is(context.Cause(ctx), errLapsed)):
		return journal.Progress{State: journal.Pending, Next: a.Due.UnixNano()}, Decision{}
	case interrupted(ctx, a), config.reaches(j.url) != nil:
		return journal.Progress{State: journal.Stopped}, Decision{}
	}
	retry := config.retry.For(j.event.Name, failure)
	var rng *rand.Rand
	if retry.Jitter != 0 {
		rng = generator(d.seed, "retry", j.seq<<16|uint64(a.N))
	}
	now := j.target.schedule.time()
	failed := Failed{N: a.N, Failure: failure, Since: now.Sub(j.created), Now: time.Now()}
	if a.Response != nil {
		failed.Headers = a.Response.Headers
	}
	decision := Next(retry, failed, rng)
	if decision.Why != "" && a.Error == "" {
		a.Error = decision.Why
	}
	switch {
	case decision.Again:
		due := now.Add(decision.Wait + j.faults.Late(a.N+1))
		return journal.Progress{State: journal.Pending, Next: due.UnixNano()}, decision
	case decision.Stopped:
		return journal.Progress{State: journal.Stopped}, decision
	case neverSent(j, a):
		return journal.Progress{State: journal.Dropped}, decision
	}
	return journal.Progress{State: journal.Exhausted}, decision
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

// interrupted says whether the attempt was cut short from this side. ctx is the attempt's.
func interrupted(ctx context.Context, a *journal.Attempt) bool {
	return a.Outcome != wire.GotStatus && ctx.Err() != nil
}

// These are the first and the longest time between two tries to record an attempt.
const (
	firstRecordPause   = 50 * time.Millisecond
	longestRecordPause = 2 * time.Second
)

// record writes an attempt into the journal, or with nil only the state of the delivery. While the
// database is away it tries again and again, so that no number is left out. It returns false if
// another server owns the delivery: the job then ends.
func (d *Dispatcher) record(j *job, a *journal.Attempt, next journal.Progress) bool {
	ctx := context.WithoutCancel(d.ctx)
	wait := firstRecordPause
	for again := false; !j.lost.Load(); again = true {
		err := d.store.AppendAttempt(ctx, j.id, a, next)
		switch {
		case err == nil, again && errors.Is(err, journal.ErrExists): // an earlier try has stored it
			return true
		case errors.Is(err, journal.ErrNotOwner):
			return false
		case errors.Is(err, journal.ErrUnavailable) && d.pause(ctx, wait):
			wait = min(2*wait, longestRecordPause)
		default:
			d.log.Error("an attempt is not in the journal", "delivery", j.id, "state", string(next.State), "error", err)
			return true
		}
	}
	return false
}

// stop records that a delivery is stopped because its endpoint was removed or disabled.
func (d *Dispatcher) stop(j *job) { d.record(j, nil, journal.Progress{State: journal.Stopped}) }

// reaches returns why the provider may not send to a URL.
func (t *endpointConfig) reaches(url string) error {
	const https = "https:"
	if !t.provider.Delivery.HTTPSOnly || len(url) > len(https) && strings.EqualFold(url[:len(https)], https) {
		return nil
	}
	return fmt.Errorf("%s delivers to https only: %.200s is never called; give the endpoint an https URL", t.provider.Title, url)
}
