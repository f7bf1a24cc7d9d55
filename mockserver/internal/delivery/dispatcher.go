package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Options of a Dispatcher.
type Options struct {
	Catalogue *fixtures.Catalogue // nil is fixtures.Builtin
	Store     journal.Store       // required; Close does not close it
	// Virtual lets the schedule's clock stand still until Advance; false follows the wall clock.
	Virtual bool
	// Start is where a virtual clock starts; zero is fixtures.DefaultStart. On a store with deliveries still pending
	// it starts no earlier than where the last one left it.
	Start time.Time
	// Demo adds to every provider a tenant to try things out with: the provider's own demo tenant, with DemoKey.
	Demo bool
	// Seed is the default seed of emitted events, and what ids, secrets and jitter are drawn from.
	Seed uint64
	Wire *wire.Client // nil is a client that may dial loopback only
	// Hold keeps the deliveries that the store holds as pending until Resume: what they go to may not listen yet.
	Hold    bool
	Workers int          // concurrent attempts, of which one endpoint takes half at most; 0 is 64
	Log     *slog.Logger // is told what goes wrong in the background; nil is silence
}

const defaultWorkers = 64

// Dispatcher plays the providers: it keeps their endpoints, turns events into deliveries and makes the attempts when
// they are due. Its methods may be called from any goroutine.
type Dispatcher struct {
	catalogue *fixtures.Catalogue
	store     journal.Store
	wire      *wire.Client
	log       *slog.Logger
	seed      uint64

	ctx      context.Context // of everything under way
	cancel   context.CancelCauseFunc
	schedule schedule
	registry registry
	samples  samples
	entities entities
	tenants  tenants
	runs     runs
	// drawn numbers what is drawn: events that name no index. In a store of an earlier run it begins elsewhere, so that
	// no event comes twice.
	drawn atomic.Uint64

	pending  []*job // of the store, until Resume
	resuming sync.Once

	ownWire bool
	closing sync.Once
}

// New starts a dispatcher on what the store already holds: endpoints, and deliveries still pending. A pending
// delivery whose endpoint is not there any more, or is disabled, is stopped.
func New(ctx context.Context, o Options) (*Dispatcher, error) {
	d := &Dispatcher{catalogue: o.Catalogue, store: o.Store, wire: o.Wire, log: o.Log, seed: o.Seed}
	if d.store == nil {
		return nil, errors.New("a dispatcher needs a store")
	}
	if d.catalogue == nil {
		d.catalogue = fixtures.Builtin()
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.wire == nil {
		d.wire, d.ownWire = &wire.Client{Dial: (&wire.Guard{}).Dial}, true
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Start.IsZero() {
		o.Start = fixtures.DefaultStart
	}
	d.ctx, d.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := d.loadEndpoints(ctx); err != nil {
		return nil, err
	}
	if err := d.loadTenants(ctx, o.Demo); err != nil {
		return nil, err
	}
	if err := d.loadEntities(ctx); err != nil {
		return nil, err
	}
	pending, latest, err := d.loadPending(ctx)
	if err != nil {
		return nil, err
	}
	if latest.After(o.Start) {
		o.Start = latest
	}
	d.schedule.perform, d.schedule.abandon = d.perform, d.abandon
	d.schedule.workers, d.schedule.virtual = o.Workers, o.Virtual
	d.schedule.open(o.Start.UTC().Round(0))
	d.pending = pending
	if !o.Hold {
		d.Resume()
	}
	return d, nil
}

// Resume begins with the deliveries that were pending in the store; the first call does.
func (d *Dispatcher) Resume() {
	d.resuming.Do(func() {
		d.schedule.add(d.pending...)
		d.pending = nil
	})
}

// Close stops the attempts under way and waits for them; pending deliveries stay pending in the store. An attempt
// that was cut short is in the journal if anything of it was written, and is made again by the next New. Safe to call
// twice.
func (d *Dispatcher) Close() error {
	d.closing.Do(func() {
		d.schedule.close(func() { d.cancel(errStopping) })
		d.closeRuns()
		if d.ownWire {
			d.wire.CloseIdle()
		}
	})
	return nil
}

// perform makes the attempt of a job that is due and says when the next one is.
func (d *Dispatcher) perform(j *job) (due time.Time, again bool) {
	t := j.target.config.Load()
	a := d.attempt(j, t)
	next := d.check(j, t, &a)
	if interrupted(j, &a) && a.Outcome == wire.NotSent {
		d.record(j.id, nil, next)
	} else {
		d.record(j.id, &a, next)
	}
	return next.Time(), next.State == journal.Pending
}

// check says where a delivery stands after an attempt.
func (d *Dispatcher) check(j *job, t *endpointConfig, a *journal.Attempt) journal.Progress {
	retry := t.retry
	switch {
	case a.Outcome == wire.GotStatus && t.provider.Delivery.Accepts(a.Status) && answered(j, t, a):
		return journal.Progress{State: journal.Delivered}
	case interrupted(j, a) && errors.Is(context.Cause(j.target.ctx), errStopping):
		return journal.Progress{State: journal.Pending, Next: a.Due.UnixNano()}
	case interrupted(j, a), retry.Stops(a.Status), !t.reaches(j.url):
		return journal.Progress{State: journal.Stopped}
	}
	var rng *rand.Rand
	if retry.Jitter > 0 {
		rng = generator(d.seed, "retry", j.seq<<16|uint64(a.N))
	}
	wait, again := Next(retry, a.N, a.Status, rng)
	if !again {
		return journal.Progress{State: journal.Exhausted}
	}
	due := j.target.schedule.time().Add(wait + lateBy(j.faults, a.N+1))
	return journal.Progress{State: journal.Pending, Next: due.UnixNano()}
}

// answered says whether the response to a handshake holds its challenge, and notes in the attempt when it does not.
func answered(j *job, t *endpointConfig, a *journal.Attempt) bool {
	var body []byte
	if a.Response != nil {
		body = a.Response.Body
	}
	if t.provider.Answered(&j.event, body) {
		return true
	}
	a.Error = fmt.Sprintf("the response does not hold the challenge of %s, the value at %s of its body", j.event.Name, t.provider.Handshake.Echo)
	return false
}

// interrupted says whether the attempt was cut short from this side.
func interrupted(j *job, a *journal.Attempt) bool {
	return a.Outcome != wire.GotStatus && j.target.ctx.Err() != nil
}

// abandon records that a delivery is given up because its endpoint is gone.
func (d *Dispatcher) abandon(j *job) { d.record(j.id, nil, journal.Progress{State: journal.Stopped}) }

// record writes an attempt into the journal, or with nil only where the delivery stands.
func (d *Dispatcher) record(id string, a *journal.Attempt, next journal.Progress) {
	if err := d.store.AppendAttempt(context.WithoutCancel(d.ctx), id, a, next); err != nil {
		d.log.Error("an attempt is not in the journal", "delivery", id, "state", string(next.State), "error", err)
	}
}

// Redeliver makes a new delivery of the same event to the same endpoint, without the first one's faults. journal.ErrNotFound
// when the delivery or its endpoint is not there any more; ErrInvalid when the endpoint is disabled.
func (d *Dispatcher) Redeliver(ctx context.Context, id string) (journal.Delivery, error) {
	before, err := d.store.Delivery(ctx, id)
	if err != nil {
		return journal.Delivery{}, err
	}
	if len(before.Problems) > 0 {
		return journal.Delivery{}, fmt.Errorf("redeliver %q: %w: its event is not known: %s", id, ErrInvalid, before.Problems[0])
	}
	to, err := d.registry.only(before.Provider, before.Endpoint)
	if err != nil {
		return journal.Delivery{}, fmt.Errorf("redeliver %q: %w", id, err)
	}
	list, err := d.deliver(ctx, []plan{{event: before.Event, to: []match{{to, before.Pattern}}}})
	if err != nil {
		return journal.Delivery{}, err
	}
	return list[0], nil
}
