package capture

import (
	"context"
	"crypto/rand"
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

// storedSettings are the settings as the store keeps them.
type storedSettings struct {
	Settings
	// Revision is another one whenever the script restarts, in a store that several servers use.
	Revision string `json:"revision,omitempty"`
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
// each other, also those on other servers of a shared store. The script restarts only when the
// change sets responses or another provider. Errors are those of Configure.
func (s *Server) Change(ctx context.Context, name string, c Change) (Settings, error) {
	if err := journal.CheckNewBin(name); err != nil {
		return Settings{}, err
	}
	s.bins.writing.Lock()
	defer s.bins.writing.Unlock()
	for {
		set, err := s.change(ctx, name, c)
		if !errors.Is(err, journal.ErrChanged) {
			return set, err
		}
	}
}

// change tries to change a bin's settings. It returns ErrChanged if another server was faster.
func (s *Server) change(ctx context.Context, name string, c Change) (Settings, error) {
	var stored json.RawMessage // by another server, too
	if s.shared != nil {
		var err error
		if stored, err = s.reloadLocked(ctx, name); err != nil {
			return Settings{}, fmt.Errorf("bin %s: read the settings: %w", name, err)
		}
	}
	var before storedSettings
	old := s.bins.get(name)
	if old != nil {
		before = old.storedSettings
	}
	set := storedSettings{c.of(before.Settings), before.Revision}
	restarts := c.Responses != nil || set.Provider != before.Provider
	if restarts && s.shared != nil {
		set.Revision = rand.Text()
	}
	b, err := s.newBin(name, set)
	if err != nil {
		return Settings{}, fmt.Errorf("bin %s: %w", name, err)
	}
	if set.isZero() {
		if err := s.putSettings(ctx, name, stored, nil, ""); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return Settings{}, fmt.Errorf("bin %s: delete the settings: %w", name, err)
		}
		s.bins.set(name, nil)
		return set.Settings, nil
	}
	doc, err := json.Marshal(set)
	if err != nil {
		return Settings{}, fmt.Errorf("bin %s: %w: %w", name, ErrInvalid, err)
	}
	if err := s.putSettings(ctx, name, stored, doc, set.Revision); err != nil {
		return Settings{}, fmt.Errorf("bin %s: store the settings: %w", name, err)
	}
	if old != nil && !restarts {
		b.script = old.script // keeps its position
	}
	s.bins.set(name, b)
	return set.Settings, nil
}

// putSettings stores the document of a bin's settings, or deletes it if it is nil. before is what
// a shared store had.
func (s *Server) putSettings(ctx context.Context, name string, before, doc json.RawMessage, revision string) error {
	switch {
	case s.shared != nil:
		return s.shared.SwapScript(ctx, documents, name, before, doc, revision)
	case doc == nil:
		return s.o.Store.Delete(ctx, documents, name)
	}
	return s.o.Store.Put(ctx, documents, name, doc)
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
	return b.Settings.clone(), nil
}

// restore loads the settings from the store. It logs settings that cannot be used any more, such as
// those for a removed provider; their bin then records and answers like one without settings.
func (s *Server) restore(ctx context.Context) error {
	kept, err := s.o.Store.List(ctx, documents)
	if err != nil {
		return err
	}
	found := map[string]bool{}
	for _, d := range kept {
		found[d.Key] = true
		s.load(d.Key, d.Doc)
	}
	for _, old := range s.bins.names() {
		if !found[old] {
			s.bins.set(old, nil)
		}
	}
	return nil
}

// load takes over the settings of a bin from their document. It logs settings that cannot be used;
// those before them stay.
func (s *Server) load(name string, doc json.RawMessage) {
	var set storedSettings
	var b *bin
	err := parseSettings(doc, &set)
	if err == nil {
		b, err = s.newBin(name, set)
	}
	if err != nil {
		s.o.Log.Error("capture: the settings of a bin cannot be used; configure it again", "bin", name, "error", err)
		return
	}
	s.bins.set(name, b)
}

// follow takes over the settings that other servers with the same store change, until Close.
func (s *Server) follow() {
	s.stopFollowing = func() {}
	if s.shared == nil {
		return
	}
	s.stopFollowing = s.shared.OnDocument(func(kind, key string) error {
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

// reload reads the settings of a bin again, or of all bins if name is "".
func (s *Server) reload(ctx context.Context, name string) error {
	s.bins.writing.Lock()
	defer s.bins.writing.Unlock()
	if name == "" {
		return s.restore(ctx)
	}
	_, err := s.reloadLocked(ctx, name)
	return err
}

// reloadLocked reads the settings of a bin again, for a caller that has locked s.bins.writing. It
// returns their document, nil if there is none.
func (s *Server) reloadLocked(ctx context.Context, name string) (json.RawMessage, error) {
	doc, err := s.o.Store.Get(ctx, documents, name)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		s.bins.set(name, nil)
		return nil, nil
	case err != nil:
		return nil, err
	}
	s.load(name, doc)
	return doc, nil
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
	storedSettings
	handshaker *handshaker // nil: no handshakes
	script     *script     // nil: every request gets the default response
	forward    *forwarder  // nil: nothing is forwarded
	check      *check      // nil: nothing is verified
}

// newBin compiles the settings of the bin with that name. Errors wrap ErrInvalid.
func (s *Server) newBin(name string, set storedSettings) (*bin, error) {
	b := &bin{storedSettings: set}
	var err error
	if b.check, err = newCheck(s.o.Catalogue, set.Settings); err != nil {
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
	if s.shared != nil && b.script != nil {
		b.script.shared = &sharedTurns{s.shared, name, set.Revision}
	}
	if b.forward, err = s.newForwarder(set.Settings); err != nil {
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
// give it, and fallback when the bin has none. Errors are those of journal.Sequences.
func (b *bin) response(s *Server, m *signature.Message, fallback *answer) (*answer, error) {
	if b.handshaker != nil {
		if a := b.handshaker.answer(m); a != nil {
			return a, nil
		}
	}
	switch {
	case b.forward != nil:
		return nil, nil
	case b.script == nil:
		return fallback, nil
	}
	return b.script.choose(s.ctx, s, m)
}
