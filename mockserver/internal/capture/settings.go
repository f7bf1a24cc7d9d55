package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Settings configure a bin. The store keeps them.
type Settings struct {
	// Provider and Secrets verify every capture on arrival.
	Provider string   `json:"provider,omitempty"`
	Secrets  []string `json:"secrets,omitempty"`
	// URL is the address as registered at the provider, for schemes that sign it.
	URL string `json:"url,omitempty"`
	// Handshakes are answered by the bin itself, before its responses and also when it forwards.
	// Such a request is recorded like any other and takes no response from the sequence.
	Handshakes []Handshake `json:"handshakes,omitempty"`
	Responses  Script      `json:"responses,omitzero"`
	// Forward is a consumer's address. Every request is sent there once it is stored, unchanged,
	// with what follows the bin's name appended to the path. The consumer has 30 seconds. Its
	// response is recorded and sent to the sender; without one the sender gets a 502 or 504 that
	// says why. It excludes Responses.
	Forward string `json:"forward,omitempty"`
}

// isZero reports whether the settings are those of a bin that was never configured.
func (s Settings) isZero() bool { return reflect.DeepEqual(s, Settings{}) }

func (s Settings) clone() Settings {
	s.Secrets = slices.Clone(s.Secrets)
	s.Handshakes = slices.Clone(s.Handshakes)
	s.Responses = s.Responses.clone()
	return s
}

// documents is the kind of the stored documents that hold settings; their keys are the bins' names.
const documents = "bin"

// Configure sets a bin's settings and restarts its script; the zero Settings remove the
// configuration. They apply to every request that is read whole after Configure returned. Errors
// wrap ErrInvalid, or come from the store.
func (s *Server) Configure(ctx context.Context, name string, set Settings) error {
	_, err := s.Change(ctx, name, Change{
		Provider: &set.Provider, Secrets: &set.Secrets, URL: &set.URL, Handshakes: &set.Handshakes, Responses: &set.Responses, Forward: &set.Forward,
	})
	return err
}

// Change is a change of a bin's settings: nil fields stay the same.
type Change struct {
	Provider   *string      `json:"provider,omitempty"`
	Secrets    *[]string    `json:"secrets,omitempty"`
	URL        *string      `json:"url,omitempty"`
	Handshakes *[]Handshake `json:"handshakes,omitempty"`
	Responses  *Script      `json:"responses,omitempty"`
	Forward    *string      `json:"forward,omitempty"`
}

// of returns the settings after the change.
func (c *Change) of(set Settings) Settings {
	replace(&set.Provider, c.Provider)
	replace(&set.Secrets, c.Secrets)
	replace(&set.URL, c.URL)
	replace(&set.Handshakes, c.Handshakes)
	replace(&set.Responses, c.Responses)
	replace(&set.Forward, c.Forward)
	return set.clone()
}

func replace[T any](old, by *T) {
	if by != nil {
		*old = *by
	}
}

// Change changes some of a bin's settings and returns all of them. Simultaneous changes do not undo
// each other. The script restarts only when the change sets responses or another provider. Errors
// are those of Configure.
func (s *Server) Change(ctx context.Context, name string, c Change) (Settings, error) {
	if err := journal.CheckNewBin(name); err != nil {
		return Settings{}, err
	}
	s.bins.writing.Lock()
	defer s.bins.writing.Unlock()
	var before Settings
	old := s.bins.get(name)
	if old != nil {
		before = old.settings
	}
	set := c.of(before)
	b, err := s.newBin(set)
	if err != nil {
		return Settings{}, fmt.Errorf("bin %s: %w", name, err)
	}
	if set.isZero() {
		if err := s.o.Store.Delete(ctx, documents, name); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return Settings{}, fmt.Errorf("bin %s: delete the settings: %w", name, err)
		}
		s.bins.set(name, nil)
		return set, nil
	}
	doc, err := json.Marshal(set)
	if err != nil {
		return Settings{}, fmt.Errorf("bin %s: %w: %w", name, ErrInvalid, err)
	}
	if err := s.o.Store.Put(ctx, documents, name, doc); err != nil {
		return Settings{}, fmt.Errorf("bin %s: store the settings: %w", name, err)
	}
	if old != nil && c.Responses == nil && set.Provider == before.Provider {
		b.script = old.script // keeps its position
	}
	s.bins.set(name, b)
	return set, nil
}

// Settings returns a bin's settings; a bin that was never configured has zero Settings.
func (s *Server) Settings(_ context.Context, name string) (Settings, error) {
	if err := journal.CheckBin(name); err != nil {
		return Settings{}, err
	}
	b := s.bins.get(name)
	if b == nil {
		return Settings{}, nil
	}
	return b.settings.clone(), nil
}

// restore loads the settings from the store. It logs settings that cannot be used any more, such as
// those for a removed provider; their bin then records and answers like one without settings.
func (s *Server) restore(ctx context.Context) error {
	kept, err := s.o.Store.List(ctx, documents)
	if err != nil {
		return err
	}
	for _, d := range kept {
		var set Settings
		var b *bin
		if err = parseSettings(d.Doc, &set); err == nil {
			b, err = s.newBin(set)
		}
		if err != nil {
			s.o.Log.Error("capture: the settings of a bin cannot be used; configure it again", "bin", d.Key, "error", err)
			continue
		}
		s.bins.set(d.Key, b)
	}
	return nil
}

// follow takes over the settings that other servers with the same store change, until Close.
func (s *Server) follow() {
	s.stopFollowing = func() {}
	shared, ok := s.o.Store.(journal.Shared)
	if !ok {
		return
	}
	s.stopFollowing = shared.OnDocument(func(kind, key string) error {
		if kind != "" && kind != documents {
			return nil
		}
		err := s.reload(s.ctx, key)
		if err != nil {
			s.o.Log.Error("capture: the settings of a bin, which another server changed, cannot be read", "bin", key, "error", err)
		}
		return err
	})
}

// reload reads the settings of a bin again, or of all bins if name is "". Settings that cannot be
// used are logged, and those before them stay.
func (s *Server) reload(ctx context.Context, name string) error {
	s.bins.writing.Lock()
	defer s.bins.writing.Unlock()
	kept, err := s.o.Store.List(ctx, documents)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, d := range kept {
		found[d.Key] = true
		if name != "" && d.Key != name {
			continue
		}
		var set Settings
		var b *bin
		if err = parseSettings(d.Doc, &set); err == nil {
			b, err = s.newBin(set)
		}
		if err != nil {
			s.o.Log.Error("capture: the settings of a bin cannot be used; configure it again", "bin", d.Key, "error", err)
			continue
		}
		if old := s.bins.get(d.Key); old != nil && reflect.DeepEqual(old.settings.Responses, set.Responses) && old.settings.Provider == set.Provider {
			b.script = old.script // keeps its position
		}
		s.bins.set(d.Key, b)
	}
	for _, old := range s.bins.names() {
		if !found[old] {
			s.bins.set(old, nil)
		}
	}
	return nil
}

// bins are the bins that have settings. The zero value is ready.
type bins struct {
	// locked during a change in the store and here, so that both see changes in one order
	writing sync.Mutex
	mu      sync.RWMutex
	byName  map[string]*bin
}

// get returns a bin with settings, or nil.
func (b *bins) get(name string) *bin {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byName[name]
}

// names returns the names of the bins.
func (b *bins) names() []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Collect(maps.Keys(b.byName))
}

func (b *bins) set(name string, to *bin) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if to == nil {
		delete(b.byName, name)
		return
	}
	if b.byName == nil {
		b.byName = map[string]*bin{}
	}
	b.byName[name] = to
}

// bin is a bin with settings, compiled.
type bin struct {
	settings   Settings
	handshaker *handshaker // nil: no handshakes
	script     *script     // nil: every request gets the default response
	forward    *forwarder  // nil: nothing is forwarded
	check      *check      // nil: nothing is verified
}

// newBin compiles settings. Errors wrap ErrInvalid.
func (s *Server) newBin(set Settings) (*bin, error) {
	b := &bin{settings: set}
	var err error
	if b.check, err = newCheck(s.o.Catalogue, set); err != nil {
		return nil, err
	}
	if b.handshaker, err = newHandshaker(set.Handshakes); err != nil {
		return nil, err
	}
	var provider *fixtures.Provider
	if set.Provider != "" { // the check found it already
		if provider, err = s.o.Catalogue.Provider(set.Provider); err != nil {
			return nil, err
		}
	}
	if b.script, err = newScript(s.Searcher, set.Responses, provider); err != nil {
		return nil, err
	}
	if b.forward, err = s.newForwarder(set); err != nil {
		return nil, err
	}
	return b, nil
}

// verify checks a capture. It returns nil when the bin names no provider.
func (b *bin) verify(c *journal.Capture, whole bool) *journal.Verification {
	if b.check == nil {
		return nil
	}
	v := b.check.verify(c, whole)
	return &v
}

// response chooses the response to a request. It returns nil when the consumer behind the bin will
// give it, and fallback when the bin has none.
func (b *bin) response(s *Server, m *signature.Message, fallback *answer) *answer {
	if b.handshaker != nil {
		if a := b.handshaker.answer(m); a != nil {
			return a
		}
	}
	switch {
	case b.forward != nil:
		return nil
	case b.script == nil:
		return fallback
	}
	return b.script.choose(s, m)
}
