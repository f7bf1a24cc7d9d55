package entities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// entityKind is the kind of the documents that entities are stored as.
const entityKind = "entity"

// maxEntities bounds how many entities a server keeps.
const maxEntities = 200_000

// entries are the entities of all providers. The zero entries is empty.
type entries struct {
	mu     sync.RWMutex
	byName map[Name]*entry
	last   uint64 // the highest order
}

// entry is one entity. Who changes the entity holds mu; who reads it does not.
type entry struct {
	mu      sync.Mutex
	deleted bool            // or never created
	doc     json.RawMessage // as stored, if other servers use the store too
	entity  atomic.Pointer[Entity]
}

// reserve gives an entity its order and its name, and returns its entry locked.
func (s *entries) reserve(e *Entity) (*entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byName) >= maxEntities {
		return nil, fmt.Errorf("%w: the server keeps %d entities and no more: delete some", delivery.ErrInvalid, maxEntities)
	}
	if _, taken := s.byName[e.Name()]; taken {
		return nil, fmt.Errorf("%s: %w", e.Name(), journal.ErrExists)
	}
	s.last++
	e.Order = s.last
	en := &entry{}
	en.mu.Lock()
	s.addLocked(en, e)
	return en, nil
}

// add adds an entity of the store, unless it is there already.
func (s *entries) add(e *Entity, doc json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[e.Name()] == nil {
		s.addLocked(&entry{doc: doc}, e)
	}
}

// addLocked adds an entity; the caller has the lock.
func (s *entries) addLocked(en *entry, e *Entity) {
	if s.byName == nil {
		s.byName = map[Name]*entry{}
	}
	en.entity.Store(e)
	s.byName[e.Name()] = en
	s.last = max(s.last, e.Order)
}

// delete removes an entity, which the caller has locked.
func (s *entries) delete(en *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	en.deleted = true
	delete(s.byName, en.entity.Load().Name())
}

// names returns the names of all entities.
func (s *entries) names() []Name {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Keys(s.byName))
}

func (s *entries) find(name Name) (*entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if en := s.byName[name]; en != nil {
		return en, nil
	}
	return nil, notFound(name)
}

func notFound(name Name) error { return fmt.Errorf("%s: %w", name, journal.ErrNotFound) }

func (s *entries) list(provider, tenant, kind string) []Entity {
	s.mu.RLock()
	var list []Entity
	for name, en := range s.byName {
		if name.Provider == provider && name.Tenant == tenant && (kind == "" || name.Kind == kind) {
			list = append(list, *en.entity.Load())
		}
	}
	s.mu.RUnlock()
	// Two servers may have given the same order.
	slices.SortFunc(list, func(a, b Entity) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID)) })
	return list
}

// loadEntities loads the entities that the store holds.
func (r *Registry) loadEntities(ctx context.Context) error {
	documents, err := r.store.List(ctx, entityKind)
	if err != nil {
		return fmt.Errorf("load entities: %w", err)
	}
	for _, doc := range documents {
		e := &Entity{}
		if err := json.Unmarshal(doc.Doc, e); err != nil {
			return fmt.Errorf("load entity %q: %w", doc.Key, err)
		}
		r.entries.add(e, doc.Doc)
	}
	if len(documents) > 0 {
		r.dispatcher.SkipDraws()
	}
	return nil
}
