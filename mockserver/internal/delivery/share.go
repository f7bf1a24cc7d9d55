package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// adoptInterval is how often a dispatcher looks for deliveries of servers that have ended.
const adoptInterval = 5 * time.Second

// share takes over what other servers with the same store change: their endpoints, and the pending
// deliveries of those that have ended. It does so until unshare is called.
func (d *Dispatcher) share() {
	d.unshare = func() {}
	if d.shared == nil {
		return
	}
	ctx, cancel := context.WithCancel(d.ctx)
	stop := d.shared.OnDocument(func(kind, key string) error {
		if kind != "" && kind != endpointKind {
			return nil
		}
		err := d.reload(ctx, key)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("an endpoint that another server changed cannot be read", "endpoint", key, "error", err)
		}
		return err
	})
	if err := d.reload(ctx, ""); err != nil { // what was changed since loadEndpoints
		d.log.Warn("an endpoint cannot be used", "error", err)
	}
	var running sync.WaitGroup
	running.Go(func() { d.keepAdopting(ctx) })
	d.unshare = func() {
		cancel()
		stop()
		running.Wait()
	}
}

// keepAdopting continues the deliveries of servers that have ended, from Resume on.
func (d *Dispatcher) keepAdopting(ctx context.Context) {
	select {
	case <-d.resumed:
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(adoptInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if err := d.adopt(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("pending deliveries of servers that have ended cannot be taken over", "error", err)
		}
	}
}

// adopt continues the deliveries of servers that have ended.
func (d *Dispatcher) adopt(ctx context.Context) error {
	jobs, _, err := d.loadPending(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if !j.hold() {
			d.schedule.add(j)
		}
	}
	return nil
}

// reload reads an endpoint again, or all of them if id is "".
func (d *Dispatcher) reload(ctx context.Context, id string) error {
	if !d.registry.lockUnless(ctx.Done()) {
		return nil
	}
	defer d.registry.unlock()
	if id != "" {
		doc, err := d.store.Get(ctx, endpointKind, id)
		if errors.Is(err, journal.ErrNotFound) {
			d.forget(id)
			return nil
		}
		if err != nil {
			return err
		}
		return d.reloadFrom(doc)
	}
	list, err := d.store.List(ctx, endpointKind)
	if err != nil {
		return err
	}
	stored := map[string]bool{}
	var errs []error
	for _, doc := range list {
		stored[doc.Key] = true
		errs = append(errs, d.reloadFrom(doc.Doc))
	}
	for _, e := range d.registry.endpoints("") {
		if !stored[e.ID] {
			d.forget(e.ID)
		}
	}
	return errors.Join(errs...)
}

// reloadFrom adds or changes the endpoint of a document.
func (d *Dispatcher) reloadFrom(doc json.RawMessage) error {
	var e storedEndpoint
	if err := json.Unmarshal(doc, &e); err != nil {
		return err
	}
	if e.Run != "" {
		return nil // only its own server knows the run
	}
	t, err := d.newEndpointConfig(e.Endpoint, e.ID)
	if err != nil {
		return err
	}
	if to, err := d.registry.find(e.ID); err == nil {
		d.configure(to, t)
		to.schedule.pause(to, e.PausedUntil)
		return nil
	}
	to := newTarget(d.ctx, t)
	to.order, to.schedule = e.Order, &d.schedule
	d.registry.add(to)
	return nil
}

// forget removes an endpoint that another server has removed.
func (d *Dispatcher) forget(id string) {
	to, err := d.registry.find(id)
	if err != nil {
		return
	}
	d.registry.replace(to, nil)
	to.schedule.dismiss(to, errRemoved)
	d.stopHeld(to)
}
