package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Options configure New.
type Options struct {
	Catalogue *fixtures.Catalogue // nil is fixtures.Builtin
	Store     journal.Store       // required; Close does not close it
	// Virtual stops the schedule's clock, which only Advance then moves; false is the wall clock.
	Virtual bool
	// Start is where a virtual clock starts; zero is fixtures.DefaultStart. In a store with pending
	// deliveries it starts no earlier than where the last clock ended.
	Start time.Time
	// Seed is the default seed of emitted events. Ids, secrets and jitter are generated from it
	// too.
	Seed uint64
	Wire *wire.Client // nil is a client that may dial loopback only
	// Hold keeps the deliveries that are pending in the store until Resume, because their endpoints
	// may not listen yet.
	Hold    bool
	Workers int          // concurrent attempts, of which one endpoint takes half at most; 0 is 64
	Log     *slog.Logger // for what goes wrong in the background; nil is silence
}

const defaultWorkers = 64

// Dispatcher plays the providers: it keeps their endpoints, turns events into deliveries and makes
// the attempts when they are due. Its methods may be called from any goroutine.
type Dispatcher struct {
	catalogue *fixtures.Catalogue
	store     journal.Store
	wire      *wire.Client
	log       *slog.Logger
	seed      uint64

	ctx    context.Context // of all attempts in flight
	cancel context.CancelCauseFunc
	// recording ends when Close begins: from then on record tries only once.
	recording     context.Context
	stopRecording context.CancelFunc
	schedule      schedule
	registry      registry
	notices       notices
	samples       samples
	runs          runs
	// nextIndex is the next index to generate from. In the store of an earlier process it begins at
	// another number, so that no event comes twice.
	nextIndex atomic.Uint64

	pending  []*job // from the store, until Resume
	resuming sync.Once
	resumed  chan struct{} // Resume closes it

	ownership
	unshare func() // see share

	ownWire bool
	closing sync.Once
}

// New starts a dispatcher with the endpoints and pending deliveries of the store. A pending
// delivery is stopped when its endpoint was removed or disabled.
func New(ctx context.Context, o Options) (*Dispatcher, error) {
	d := &Dispatcher{catalogue: o.Catalogue, store: o.Store, wire: o.Wire, log: o.Log, seed: o.Seed, resumed: make(chan struct{})}
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
	d.registry.open()
	d.ctx, d.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	d.recording, d.stopRecording = context.WithCancel(d.ctx)
	d.unsure = make(chan struct{}, 1)
	if d.shared, _ = d.store.(journal.Shared); d.shared != nil {
		lease, err := d.shared.Lease(ctx)
		if err != nil {
			return nil, fmt.Errorf("wait for a lease: %w", err)
		}
		d.lease.Store(lease)
	}
	if err := d.loadEndpoints(ctx); err != nil {
		return nil, err
	}
	pending, latest, err := d.loadPending(ctx)
	if err != nil {
		return nil, err
	}
	if latest.After(o.Start) {
		o.Start = latest
	}
	d.schedule.dispatcher, d.schedule.workers, d.schedule.virtual = d, o.Workers, o.Virtual
	d.schedule.open(o.Start.UTC().Round(0))
	d.pending = pending
	d.share()
	if !o.Hold {
		d.Resume()
	}
	return d, nil
}

// Resume starts the deliveries that were pending in the store. Only the first call does something.
func (d *Dispatcher) Resume() {
	d.resuming.Do(func() {
		d.addLoaded(d.pending)
		d.pending = nil
		close(d.resumed)
	})
}

// Close stops the attempts in flight and waits for them. Pending deliveries stay pending in the
// store. An attempt that was cut short is in the journal if anything of it was written, and the
// next New makes it again. Close may be called twice.
func (d *Dispatcher) Close() error {
	d.closing.Do(func() {
		d.stopRecording()
		d.unshare()
		d.schedule.close(func() { d.cancel(errStopping) })
		d.closeRuns()
		if d.ownWire {
			d.wire.CloseIdle()
		}
	})
	return nil
}

// Redeliver makes a new delivery of the same event to the same endpoint, without the first one's
// faults. It returns journal.ErrNotFound when the delivery or its endpoint does not exist any more,
// and ErrInvalid when the endpoint is disabled.
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
	list, err := d.enqueue(ctx, []envelope{{event: before.Event, recipients: []recipient{{to, before.Pattern}}}})
	if err != nil {
		return journal.Delivery{}, err
	}
	return list[0], nil
}
