package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// healthKind is the kind of the documents with what is counted about endpoints, by id.
const healthKind = "health"

// enforce counts an attempt for the endpoint's policy, and does to the endpoint what the policy
// says. It runs before the attempt counts as done, so that a virtual clock does not move on.
func (d *Dispatcher) enforce(j *job, config *endpointConfig, failure fixtures.Failure, state journal.State, decision Decision) {
	t := j.target
	var ends []end
	if len(config.rules.Disable) > 0 {
		ends = d.count(t, config, failure, state)
	}
	if decision.Disable {
		ends = append(ends, end{action: fixtures.ActionDisable, why: decision.Why})
	}
	for _, e := range ends {
		if err := d.end(t, e); err != nil {
			d.log.Error("a delivery policy is not carried out", "endpoint", config.endpoint.ID, "action", e.action, "error", err)
		}
	}
}

// count counts an attempt, and keeps the counts in the store.
func (d *Dispatcher) count(t *target, config *endpointConfig, failure fixtures.Failure, state journal.State) []end {
	t.counting.Lock()
	defer t.counting.Unlock()
	if d.shared != nil && !t.unregistered {
		ends, err := d.countShared(t, config, failure, state)
		if err == nil {
			return ends
		}
		d.log.Error("what a delivery policy counts is not in the journal", "endpoint", config.endpoint.ID, "error", err)
	}
	ends := t.health.count(&config.rules, failure, state, t.schedule.time())
	if t.unregistered {
		return ends
	}
	doc, err := json.Marshal(&t.health)
	if err == nil {
		err = d.store.Put(context.WithoutCancel(d.ctx), healthKind, config.endpoint.ID, doc)
	}
	if err != nil {
		d.log.Error("what a delivery policy counts is not in the journal", "endpoint", config.endpoint.ID, "error", err)
	}
	return ends
}

// countShared counts an attempt together with those of other servers.
func (d *Dispatcher) countShared(t *target, config *endpointConfig, failure fixtures.Failure, state journal.State) ([]end, error) {
	ctx, id := context.WithoutCancel(d.ctx), config.endpoint.ID
	for {
		before, err := d.store.Get(ctx, healthKind, id)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return nil, err
		}
		var h health
		if before != nil {
			if err := json.Unmarshal(before, &h); err != nil {
				return nil, err
			}
		}
		ends := h.count(&config.rules, failure, state, t.schedule.time())
		doc, err := json.Marshal(&h)
		if err == nil {
			err = d.shared.Swap(ctx, healthKind, id, before, doc)
		}
		if errors.Is(err, journal.ErrChanged) {
			continue
		}
		t.health = h
		return ends, err
	}
}

// loadHealth loads what an earlier process counted about an endpoint.
func (d *Dispatcher) loadHealth(ctx context.Context, t *target, id string) error {
	doc, err := d.store.Get(ctx, healthKind, id)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(doc, &t.health)
	}
	if err != nil {
		return fmt.Errorf("take up what is counted about endpoint %q: %w", id, err)
	}
	return nil
}

// forgetHealth deletes what is counted about an endpoint.
func (d *Dispatcher) forgetHealth(ctx context.Context, id string) {
	if err := d.store.Delete(ctx, healthKind, id); err != nil && !errors.Is(err, journal.ErrNotFound) {
		d.log.Warn("what is counted about an endpoint is not deleted", "endpoint", id, "error", err)
	}
}

// end does to an endpoint what its policy says, and makes a notice of it. It does nothing when the
// endpoint is being changed or removed at this moment, which ends the attempt too.
func (d *Dispatcher) end(t *target, e end) error {
	ctx := context.WithoutCancel(d.ctx)
	if !d.registry.lockUnless(t.ctx.Done()) {
		return nil
	}
	endpoint, err := d.endLocked(ctx, t, e)
	d.registry.unlock()
	if err != nil || endpoint.URL == "" {
		return err
	}
	return d.notice(ctx, endpoint, t, e)
}

// endLocked changes the endpoint, and returns it as it was. The URL is empty when it had ended
// before.
func (d *Dispatcher) endLocked(ctx context.Context, t *target, e end) (journal.Endpoint, error) {
	before := t.config.Load().endpoint
	if d.isRetired(t) {
		return journal.Endpoint{}, nil
	}
	after := cloneEndpoint(before)
	after.Reason = e.why
	switch e.action {
	case fixtures.ActionWarn:
		return before, nil
	case fixtures.ActionPause:
		after.PausedUntil = t.schedule.time().Add(e.pause)
		if err := d.replaceEndpoint(ctx, t, after); err != nil {
			return before, err
		}
		t.schedule.pause(t, after.PausedUntil)
		return before, nil
	case fixtures.ActionDelete:
		if !t.unregistered {
			if err := d.store.Delete(ctx, endpointKind, before.ID); err != nil {
				return before, fmt.Errorf("delete endpoint %q: %w", before.ID, err)
			}
			d.registry.replace(t, nil)
			d.forgetHealth(ctx, before.ID)
		}
	default:
		after.Disabled = true
		if err := d.replaceEndpoint(ctx, t, after); err != nil {
			return before, err
		}
		if !t.unregistered {
			fresh := newTarget(d.ctx, t.config.Load())
			fresh.order, fresh.schedule = t.order, t.schedule
			d.registry.replace(t, fresh)
			d.forgetHealth(ctx, before.ID)
		}
	}
	t.schedule.retire(t)
	return before, nil
}

// replaceEndpoint gives a target its changed endpoint.
func (d *Dispatcher) replaceEndpoint(ctx context.Context, t *target, e journal.Endpoint) error {
	config, err := newEndpointConfig(t.config.Load().provider, e)
	if err != nil {
		return err
	}
	if !t.unregistered {
		if err := d.putEndpoint(ctx, config, t.order); err != nil {
			return err
		}
	}
	t.config.Store(config)
	return nil
}

// isRetired says whether nothing is started for a target any more.
func (d *Dispatcher) isRetired(t *target) bool {
	t.schedule.mu.Lock()
	defer t.schedule.mu.Unlock()
	return t.removed
}

// Notice tells what a delivery policy did to an endpoint.
type Notice struct {
	Seq      uint64    `json:"seq"`
	At       time.Time `json:"at"` // on the schedule's clock
	Endpoint string    `json:"endpoint,omitempty"`
	Provider string    `json:"provider"`
	Tenant   string    `json:"tenant,omitempty"`
	URL      string    `json:"url"`
	Action   string    `json:"action"` // warn, pause, disable or delete
	Reason   string    `json:"reason"`
	// Until is when a pause ends.
	Until time.Time `json:"until,omitzero"`
	// Event is the operational event that tells of it, and Sent whether the provider has it, so
	// that the endpoints that subscribe to it get it.
	Event string `json:"event,omitempty"`
	Sent  bool   `json:"sent,omitempty"`
}

// noticeKind is the kind of the documents that notices are stored as.
const noticeKind = "notice"

// mostNotices is how many notices are kept; the oldest goes first.
const mostNotices = 1000

// notice records a notice, and sends its event.
func (d *Dispatcher) notice(ctx context.Context, e journal.Endpoint, t *target, what end) error {
	config := t.config.Load()
	n := Notice{
		At: t.schedule.time(), Endpoint: e.ID, Provider: e.Provider, Tenant: e.Tenant, URL: e.URL,
		Action: what.action, Reason: what.why, Event: what.notify,
	}
	if what.action == fixtures.ActionPause {
		n.Until = n.At.Add(what.pause)
	}
	if n.Event != "" {
		_, unknown := config.provider.Event(n.Event)
		n.Sent = unknown == nil
	}
	if err := d.notices.add(ctx, d.store, n); err != nil {
		return err
	}
	if !n.Sent {
		return nil
	}
	if _, err := d.Emit(ctx, e.Provider, Emission{Event: n.Event, Tenant: e.Tenant, Run: e.Run}); err != nil {
		return fmt.Errorf("send %s: %w", n.Event, err)
	}
	return nil
}
