package delivery

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// registry is all registered endpoints.
type registry struct {
	// changing contains a token while nobody changes endpoints, in the store too.
	changing chan struct{}
	base     uint64 // with the seed, what ids and secrets are generated from; 0 in a new store

	mu      sync.RWMutex
	targets map[string]*target // by id
	// in order; replaced, never changed, so that readers need no copy
	byProvider map[string][]*target
	last       uint64 // the highest order
}

// open makes the registry usable.
func (r *registry) open() {
	r.changing = make(chan struct{}, 1)
	r.changing <- struct{}{}
}

// lock waits until nobody else changes endpoints.
func (r *registry) lock() { <-r.changing }

// lockUnless is lock, unless done is closed first: then it returns false.
func (r *registry) lockUnless(done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	case <-r.changing:
		return true
	}
}

func (r *registry) unlock() { r.changing <- struct{}{} }

// add adds an endpoint.
func (r *registry) add(t *target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.targets == nil {
		r.targets, r.byProvider = map[string]*target{}, map[string][]*target{}
	}
	e := t.config.Load().endpoint
	r.targets[e.ID] = t
	r.last = max(r.last, t.order)
	list := append(slices.Clip(r.byProvider[e.Provider]), t)
	slices.SortStableFunc(list, func(a, b *target) int { return cmp.Compare(a.order, b.order) })
	r.byProvider[e.Provider] = list
}

// replace replaces a target by another, or removes it when that is nil.
func (r *registry) replace(old, fresh *target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := old.config.Load().endpoint
	list := slices.Clone(r.byProvider[e.Provider])
	at := slices.Index(list, old)
	if fresh == nil {
		delete(r.targets, e.ID)
		r.byProvider[e.Provider] = slices.Delete(list, at, at+1)
		return
	}
	list[at] = fresh
	r.targets[e.ID] = fresh
	r.byProvider[e.Provider] = list
}

// all returns all targets.
func (r *registry) all() []*target {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Values(r.targets))
}

// find returns the endpoint of that id; journal.ErrNotFound.
func (r *registry) find(id string) (*target, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if t := r.targets[id]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("endpoint %q: %w", id, journal.ErrNotFound)
}

// only returns the endpoint of that id for a delivery of the provider. It returns
// journal.ErrNotFound, or ErrInvalid when the endpoint is disabled.
func (r *registry) only(provider, id string) (*target, error) {
	t, err := r.find(id)
	if err != nil {
		return nil, err
	}
	e := &t.config.Load().endpoint
	if e.Provider != provider {
		return nil, fmt.Errorf("endpoint %q of %s: %w: it belongs to %s", id, provider, journal.ErrNotFound, e.Provider)
	}
	if e.Disabled {
		return nil, fmt.Errorf("%w: endpoint %q is disabled: nothing is delivered to it", ErrInvalid, id)
	}
	return t, nil
}

// subscribers returns the endpoints that an event of a run goes to, in the order of their
// registration. ofRun is false when they belong to no run although the event does: the run has
// registered none with the provider, so the consumer has done so itself.
func (r *registry) subscribers(event *fixtures.Event, run string) (list []recipient, ofRun bool) {
	r.mu.RLock()
	targets := r.byProvider[event.Provider]
	r.mu.RUnlock()
	ofRun = run == "" || slices.ContainsFunc(targets, func(t *target) bool { return t.config.Load().endpoint.Run == run })
	if !ofRun {
		run = ""
	}
	for _, to := range targets {
		t := to.config.Load()
		if t.endpoint.Run != run || t.endpoint.Disabled || cmp.Or(t.endpoint.Tenant, t.provider.Tenant) != cmp.Or(event.Tenant, t.provider.Tenant) {
			continue
		}
		if pattern, ok := t.provider.Subscription.Match(t.endpoint.Events, event.Name); ok {
			list = append(list, recipient{to, pattern})
		}
	}
	return list, ofRun
}

func (r *registry) endpoint(id string) (journal.Endpoint, error) {
	t, err := r.find(id)
	if err != nil {
		return journal.Endpoint{}, err
	}
	return cloneEndpoint(t.config.Load().endpoint), nil
}

// endpoints lists the endpoints of a provider ("" is all), oldest first.
func (r *registry) endpoints(provider string) []journal.Endpoint {
	r.mu.RLock()
	var list []*target
	for name, targets := range r.byProvider {
		if provider == "" || provider == name {
			list = append(list, targets...)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(list, func(a, b *target) int { return cmp.Compare(a.order, b.order) })
	endpoints := make([]journal.Endpoint, len(list))
	for i, t := range list {
		endpoints[i] = cloneEndpoint(t.config.Load().endpoint)
	}
	return endpoints
}

// nextOrder returns the order of the next endpoint.
func (r *registry) nextOrder() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.last + 1
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// freeID draws an id that no endpoint has: five letters and digits, like Neostore's ("Webhook", The
// Wallet Crew's API reference).
func (r *registry) freeID(seed uint64) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	rng := generator(seed, fmt.Sprintf("endpoint/%d", r.base), r.last+1)
	for {
		var id [5]byte
		for i := range id {
			id[i] = idAlphabet[rng.IntN(len(idAlphabet))]
		}
		if r.targets[string(id[:])] == nil {
			return string(id[:])
		}
	}
}

// cloneEndpoint returns a copy that shares nothing with e.
func cloneEndpoint(e journal.Endpoint) journal.Endpoint {
	e.Events, e.Secrets = slices.Clone(e.Events), slices.Clone(e.Secrets)
	e.Created = e.Created.Round(0)
	return e
}
