package subscribfy

import (
	"cmp"
	"context"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// endpoints returns the enabled endpoints of a store, oldest first, whoever registered them.
func (p *panel) endpoints(ctx context.Context, store string) ([]journal.Endpoint, error) {
	all, err := p.Dispatcher.Endpoints(ctx, p.Provider.Name)
	return slices.DeleteFunc(all, func(e journal.Endpoint) bool {
		return e.Disabled || cmp.Or(e.Tenant, p.Provider.Tenant) != store
	}), err
}

// saved returns the URLs of a store by topic.
func (p *panel) saved(ctx context.Context, store string) (map[string][]string, error) {
	endpoints, err := p.endpoints(ctx, store)
	urls := map[string][]string{}
	for _, e := range endpoints {
		for _, name := range p.selected(e) {
			if !slices.Contains(urls[name], e.URL) {
				urls[name] = append(urls[name], e.URL)
			}
		}
	}
	return urls, err
}

// save makes urls the list of each of the topics. A URL is one endpoint with its topics, and is
// removed with its last topic.
func (p *panel) save(ctx context.Context, store string, names, urls []string) error {
	p.changing.Lock()
	defer p.changing.Unlock()
	s, err := p.settings(ctx, store)
	if err != nil {
		return err
	}
	if s.Token == "" {
		return errNoToken()
	}
	endpoints, err := p.endpoints(ctx, store)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(urls), func(u string) bool {
		return slices.ContainsFunc(endpoints, func(e journal.Endpoint) bool { return e.URL == u })
	})
	if n := len(endpoints) + len(fresh); n > maxStoreURLs {
		return invalid("urls", "The store would have %d URLs: at most %d.", n, maxStoreURLs)
	}
	for _, u := range fresh {
		if _, err := p.Dispatcher.Register(ctx, s.onto(journal.Endpoint{Provider: p.Provider.Name, Tenant: store, URL: u, Events: names})); err != nil {
			return err
		}
	}
	var seen []string
	for _, e := range endpoints {
		have := p.selected(e)
		want := slices.DeleteFunc(slices.Clone(have), func(name string) bool { return slices.Contains(names, name) })
		if slices.Contains(urls, e.URL) && !slices.Contains(seen, e.URL) {
			want = p.topics.sorted(append(want, names...))
			seen = append(seen, e.URL)
		}
		switch {
		case slices.Equal(want, have):
			continue
		case len(want) == 0:
			err = p.Dispatcher.Remove(ctx, e.ID)
		default:
			e.Events = want
			_, err = p.Dispatcher.Update(ctx, s.onto(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sorted sorts names into the order of the file.
func (ts topics) sorted(names []string) []string {
	var all []string
	for _, t := range ts {
		if slices.Contains(names, t.Name) {
			all = append(all, t.Name)
		}
	}
	return all
}

// onto gives an endpoint the store's settings.
func (s settings) onto(e journal.Endpoint) journal.Endpoint {
	if s.Token != "" {
		e.Secrets = []string{s.Token}
	}
	e.Retry = cmp.Or(s.Retry, e.Retry)
	return e
}

// change changes a store's settings, and then all its endpoints, so that queued deliveries follow
// them (S-13).
func (p *panel) change(ctx context.Context, store string, how func(*settings)) (settings, error) {
	p.changing.Lock()
	defer p.changing.Unlock()
	s, err := p.settings(ctx, store)
	if err != nil {
		return s, err
	}
	how(&s)
	if err := p.putSettings(ctx, store, s); err != nil {
		return s, err
	}
	all, err := p.Dispatcher.Endpoints(ctx, p.Provider.Name)
	if err != nil {
		return s, err
	}
	for _, e := range all {
		if cmp.Or(e.Tenant, p.Provider.Tenant) != store {
			continue
		}
		if _, err := p.Dispatcher.Update(ctx, s.onto(e)); err != nil {
			return s, err
		}
	}
	return s, nil
}
