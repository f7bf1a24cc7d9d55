package delivery

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// KnownSecret is a secret that events of this dispatcher are signed with.
type KnownSecret struct {
	Value string
	Of    string // who has it, for people
	Here  bool   // events signed with it go to the bin in question
}

// Bounds of the secrets that are listed for one bin.
const (
	maxLooked       = 256 // endpoints that are looked at, the newest
	maxKnownSecrets = 16  // of the bin, and as many others
	maxSamples      = 64  // remembered endpoints of Deliver
)

// Signers lists the providers that have a secret here.
func (d *Dispatcher) Signers() []string {
	d.registry.mu.RLock()
	defer d.registry.mu.RUnlock()
	var names []string
	for name, targets := range d.registry.byProvider {
		if len(targets) > 0 {
			names = append(names, name)
		}
	}
	names = d.samples.signers(names)
	slices.Sort(names) // so that the order is always the same
	return names
}

// Secrets lists the known secrets of a provider, those of a bin first: of endpoints, the newest
// first, and of events that Deliver sent.
func (d *Dispatcher) Secrets(provider, bin string) []KnownSecret {
	d.registry.mu.RLock()
	targets := d.registry.byProvider[provider]
	d.registry.mu.RUnlock()
	var here, others []KnownSecret
	add := func(e *journal.Endpoint, of string) {
		at := firstSegment(e.URL) == bin
		for i, value := range e.Secrets {
			known := KnownSecret{Value: value, Of: of, Here: at}
			if i > 0 {
				known.Of += " (an older secret)"
			}
			switch {
			case at && len(here) < maxKnownSecrets:
				here = append(here, known)
			case !at && len(others) < maxKnownSecrets:
				others = append(others, known)
			}
		}
	}
	for _, e := range d.samples.list(provider) {
		add(e, "the sample that was sent to "+e.URL)
	}
	for i := len(targets) - 1; i >= 0 && i >= len(targets)-maxLooked; i-- {
		e := &targets[i].config.Load().endpoint
		of := "webhook " + e.ID
		if e.Tenant != "" {
			of = fmt.Sprintf("%s of %s", of, e.Tenant)
		}
		add(e, of)
	}
	return append(here, others...)
}

// firstSegment returns the first segment of a URL's path, which is the name of the bin if the URL
// is a bin's.
func firstSegment(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	if end := strings.IndexAny(path, "/?#"); end >= 0 {
		path = path[:end]
	}
	return path
}

// samples are the endpoints that Deliver has sent to, the newest first.
type samples struct {
	adding sync.Mutex
	newest atomic.Pointer[[]*journal.Endpoint] // replaced, never changed: each capture reads it
}

func (s *samples) all() []*journal.Endpoint {
	if list := s.newest.Load(); list != nil {
		return *list
	}
	return nil
}

func (s *samples) add(e journal.Endpoint) {
	if len(e.Secrets) == 0 {
		return
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	for _, old := range s.all() {
		if old.Provider == e.Provider && old.URL == e.URL && old.Secrets[0] == e.Secrets[0] {
			return
		}
	}
	kept := append([]*journal.Endpoint{&e}, s.all()...)
	kept = kept[:min(len(kept), maxSamples)]
	s.newest.Store(&kept)
}

func (s *samples) list(provider string) []*journal.Endpoint {
	var list []*journal.Endpoint
	for _, e := range s.all() {
		if e.Provider == provider {
			list = append(list, e)
		}
	}
	return list
}

// signers adds the providers of the samples to names.
func (s *samples) signers(names []string) []string {
	for _, e := range s.all() {
		if !slices.Contains(names, e.Provider) {
			names = append(names, e.Provider)
		}
	}
	return names
}
