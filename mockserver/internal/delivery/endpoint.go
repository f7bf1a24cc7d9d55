package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// endpointKind is the kind of the documents that endpoints are stored as.
const endpointKind = "endpoint"

// storedEndpoint is such a document.
type storedEndpoint struct {
	journal.Endpoint
	// Order numbers endpoints as they were registered: their times may be equal.
	Order uint64 `json:"order"`
}

// Register adds an endpoint and returns it with its id, secret and time of creation. The caller may
// choose an id that no other endpoint has. Without patterns the endpoint gets every event. Errors
// wrap ErrInvalid or fixtures.ErrUnknownProvider.
//
// A provider whose real system has one endpoint for each tenant may have several here; each gets
// everything.
//
// Where the provider has a handshake, its event is on its way to the endpoint when Register
// returns.
func (d *Dispatcher) Register(ctx context.Context, e journal.Endpoint) (journal.Endpoint, error) {
	to, err := d.register(ctx, e)
	if err != nil {
		return journal.Endpoint{}, err
	}
	endpoint := to.config.Load().endpoint
	if err := d.greet(ctx, to); err != nil {
		d.log.Warn("the handshake is not sent", "endpoint", endpoint.ID, "provider", endpoint.Provider, "error", err)
	}
	return cloneEndpoint(endpoint), nil
}

// greet sends the handshake of its provider to a new endpoint.
func (d *Dispatcher) greet(ctx context.Context, to *target) error {
	t := to.config.Load()
	draw := fixtures.Draw{Seed: d.seed, Stream: "handshake/" + t.endpoint.ID, Index: d.registry.base}
	event, sent, err := t.provider.HandshakeEvent(draw, t.endpoint.URL, t.endpoint.Tenant)
	if !sent || err != nil {
		return err
	}
	_, err = d.enqueue(ctx, []envelope{{event: event, recipients: []recipient{{target: to}}}})
	return err
}

// register adds an endpoint.
func (d *Dispatcher) register(ctx context.Context, e journal.Endpoint) (*target, error) {
	d.registry.lock()
	defer d.registry.unlock()
	if err := d.Err(); err != nil {
		return nil, err
	}
	if e.ID == "" {
		e.ID = d.registry.freeID(d.seed)
	} else if err := d.registry.checkID(e.ID); err != nil {
		return nil, err
	}
	clock, err := d.scheduleOf(e.Run)
	if err != nil {
		return nil, err
	}
	e.Created, e.Reason, e.PausedUntil = clock.time(), "", time.Time{}
	t, err := d.newEndpointConfig(e, e.ID)
	if err != nil {
		return nil, err
	}
	order := d.registry.nextOrder()
	if err := d.putEndpoint(ctx, t, order); err != nil {
		return nil, err
	}
	to := newTarget(d.ctx, t)
	to.order, to.schedule = order, clock
	d.registry.add(to)
	return to, nil
}

// Update replaces an endpoint, except its id, provider and time of creation, and its secrets if
// none are given. Queued deliveries go on to the URL that they were made for, with the new secrets,
// timeout and retry profile; they are stopped when the endpoint is disabled. It returns
// journal.ErrNotFound or ErrInvalid.
func (d *Dispatcher) Update(ctx context.Context, e journal.Endpoint) (journal.Endpoint, error) {
	return d.Change(ctx, e.ID, func(now *journal.Endpoint) error {
		*now = e
		return nil
	})
}

// Change is Update by a function, which changes a copy of the current endpoint. Changes go one at a
// time, so that none is lost; change must not call the dispatcher. When change fails, Change
// returns its error as it is and changes nothing.
func (d *Dispatcher) Change(ctx context.Context, id string, change func(e *journal.Endpoint) error) (journal.Endpoint, error) {
	d.registry.lock()
	defer d.registry.unlock()
	if err := d.Err(); err != nil {
		return journal.Endpoint{}, err
	}
	to, err := d.registry.find(id)
	if err != nil {
		return journal.Endpoint{}, err
	}
	before := to.config.Load().endpoint
	e := cloneEndpoint(before)
	if err := change(&e); err != nil {
		return journal.Endpoint{}, err
	}
	e.ID, e.Provider, e.Created, e.Run = before.ID, before.Provider, before.Created, before.Run
	if len(e.Secrets) == 0 {
		e.Secrets = before.Secrets
	}
	e.Reason, e.PausedUntil = before.Reason, before.PausedUntil
	if before.Disabled && !e.Disabled {
		e.Reason = ""
	}
	t, err := d.newEndpointConfig(e, e.ID)
	if err != nil {
		return journal.Endpoint{}, err
	}
	if err := d.putEndpoint(ctx, t, to.order); err != nil {
		return journal.Endpoint{}, err
	}
	d.configure(to, t)
	return cloneEndpoint(t.endpoint), nil
}

// configure replaces the configuration of an endpoint. The caller must have locked the registry.
func (d *Dispatcher) configure(to *target, t *endpointConfig) {
	if !t.endpoint.Disabled || to.config.Load().endpoint.Disabled {
		to.config.Store(t)
		return
	}
	fresh := newTarget(d.ctx, t)
	fresh.order, fresh.schedule = to.order, to.schedule
	d.registry.replace(to, fresh)
	to.schedule.dismiss(to, errDisabled)
	d.stopHeld(to)
}

// Remove deletes an endpoint. It stops what is queued for the endpoint, cuts short the attempts in
// flight and waits for them, so that nothing is sent there after Remove has returned. It returns
// journal.ErrNotFound when there is no such endpoint.
func (d *Dispatcher) Remove(ctx context.Context, id string) error {
	d.registry.lock()
	defer d.registry.unlock()
	if err := d.Err(); err != nil {
		return err
	}
	to, err := d.registry.find(id)
	if err != nil {
		return err
	}
	if err := d.store.Delete(ctx, endpointKind, id); err != nil {
		return fmt.Errorf("remove endpoint %q: %w", id, err)
	}
	d.registry.replace(to, nil)
	to.schedule.dismiss(to, errRemoved)
	d.stopHeld(to)
	d.forgetHealth(ctx, id)
	return nil
}

// Endpoint returns one endpoint; journal.ErrNotFound when there is none.
func (d *Dispatcher) Endpoint(_ context.Context, id string) (journal.Endpoint, error) {
	return d.registry.endpoint(id)
}

// Endpoints lists the endpoints of a provider ("" is all), oldest first.
func (d *Dispatcher) Endpoints(_ context.Context, provider string) ([]journal.Endpoint, error) {
	return d.registry.endpoints(provider), nil
}

// Err returns ErrClosed when the dispatcher was closed, else nil.
func (d *Dispatcher) Err() error {
	if d.ctx.Err() != nil {
		return ErrClosed
	}
	return nil
}

// newEndpointConfig checks an endpoint, fills in its defaults and resolves its configuration. mint
// is the stream that a secret is generated from.
func (d *Dispatcher) newEndpointConfig(e journal.Endpoint, mint string) (*endpointConfig, error) {
	p, err := d.catalogue.Provider(e.Provider)
	if err != nil {
		return nil, err
	}
	e = cloneEndpoint(e)
	if err := check(p, &e); err != nil {
		return nil, err
	}
	if len(e.Secrets) == 0 && p.Subscription.Secret.Minted == "provider" {
		e.Secrets = []string{p.MintSecret(fixtures.Draw{Seed: d.seed, Stream: "secret/" + mint, Index: d.registry.base})}
	}
	return newEndpointConfig(p, e)
}

func (d *Dispatcher) putEndpoint(ctx context.Context, t *endpointConfig, order uint64) error {
	doc, err := json.Marshal(storedEndpoint{t.endpoint, order})
	if err != nil {
		return fmt.Errorf("endpoint %q: %w", t.endpoint.ID, err)
	}
	if err := d.store.Put(ctx, endpointKind, t.endpoint.ID, doc); err != nil {
		return fmt.Errorf("endpoint %q: %w", t.endpoint.ID, err)
	}
	return nil
}

// loadEndpoints loads the endpoints of the store. An endpoint that cannot be used, because the
// catalogue no longer has its provider, stays in the store and is logged.
func (d *Dispatcher) loadEndpoints(ctx context.Context) error {
	documents, err := d.store.List(ctx, endpointKind)
	if err != nil {
		return fmt.Errorf("take up endpoints: %w", err)
	}
	for _, doc := range documents {
		var e storedEndpoint
		if err := json.Unmarshal(doc.Doc, &e); err != nil {
			return fmt.Errorf("take up endpoint %q: %w", doc.Key, err)
		}
		if e.Run != "" && d.shared != nil {
			continue // of a run of another server
		}
		if e.Run != "" { // runs do not outlive a restart
			if err := d.store.Delete(ctx, endpointKind, doc.Key); err != nil {
				return fmt.Errorf("take up endpoints: %w", err)
			}
			d.forgetHealth(ctx, doc.Key)
			continue
		}
		t, err := d.newEndpointConfig(e.Endpoint, e.ID)
		if err != nil {
			d.log.Warn("an endpoint cannot be used", "endpoint", doc.Key, "provider", e.Provider, "error", err)
			continue
		}
		to := newTarget(d.ctx, t)
		to.order, to.schedule = e.Order, &d.schedule
		if err := d.loadHealth(ctx, to, e.ID); err != nil {
			return err
		}
		d.registry.add(to)
	}
	if err := d.notices.load(ctx, d.store); err != nil {
		return err
	}
	stats, err := d.store.Stats(ctx)
	if err != nil {
		return fmt.Errorf("take up deliveries: %w", err)
	}
	if d.shared != nil || len(documents) > 0 || stats.Deliveries > 0 || stats.EvictedDeliveries > 0 {
		d.SkipDraws()
	}
	return nil
}

// NextIndex returns the next index to draw from, and counts it.
func (d *Dispatcher) NextIndex() uint64 { return d.nextIndex.Add(1) - 1 }

// SkipDraws moves to indexes that no earlier process has generated ids, secrets and events from. It
// is called before the first event.
func (d *Dispatcher) SkipDraws() {
	if d.registry.base == 0 {
		d.registry.base = uint64(time.Now().UnixNano())
		if d.shared != nil { // others may start at the same time
			d.registry.base = rand.Uint64() >> 1
		}
		d.nextIndex.Store(d.registry.base)
	}
}
