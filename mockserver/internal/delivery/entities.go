package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// entityKind is the kind of the documents that entities are kept as.
const entityKind = "entity"

// maxEntities bounds how many entities a server keeps.
const maxEntities = 200_000

// entities holds the entities of all providers. The zero entities is empty.
type entities struct {
	mu    sync.RWMutex
	named map[EntityName]*heldEntity
	last  uint64 // the highest order
}

// heldEntity is one entity. Who changes it holds mu; who looks does not.
type heldEntity struct {
	mu     sync.Mutex
	gone   bool // it was forgotten, or never came to be
	entity atomic.Pointer[Entity]
}

// reserve gives an entity its order and its name, and returns it locked.
func (s *entities) reserve(e *Entity) (*heldEntity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.named) >= maxEntities {
		return nil, fmt.Errorf("%w: the server keeps %d entities and no more: delete some", ErrInvalid, maxEntities)
	}
	if _, taken := s.named[e.Name()]; taken {
		return nil, fmt.Errorf("%s: %w", e.Name(), journal.ErrExists)
	}
	s.last++
	e.Order = s.last
	held := &heldEntity{}
	held.entity.Store(e)
	held.mu.Lock()
	s.add(held)
	return held, nil
}

// add adds an entity; the lock is held.
func (s *entities) add(held *heldEntity) {
	if s.named == nil {
		s.named = map[EntityName]*heldEntity{}
	}
	e := held.entity.Load()
	s.named[e.Name()] = held
	s.last = max(s.last, e.Order)
}

// forget removes an entity, whose lock is held.
func (s *entities) forget(held *heldEntity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held.gone = true
	delete(s.named, held.entity.Load().Name())
}

func (s *entities) find(name EntityName) (*heldEntity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if held := s.named[name]; held != nil {
		return held, nil
	}
	return nil, notFound(name)
}

func notFound(name EntityName) error { return fmt.Errorf("%s: %w", name, journal.ErrNotFound) }

func (s *entities) list(provider, tenant, kind string) []Entity {
	s.mu.RLock()
	var list []Entity
	for name, held := range s.named {
		if name.Provider == provider && name.Tenant == tenant && (kind == "" || name.Kind == kind) {
			list = append(list, *held.entity.Load())
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(list, func(a, b Entity) int { return cmp.Compare(a.Order, b.Order) })
	return list
}

// loadEntities takes up the entities that the store holds.
func (d *Dispatcher) loadEntities(ctx context.Context) error {
	documents, err := d.store.List(ctx, entityKind)
	if err != nil {
		return fmt.Errorf("take up entities: %w", err)
	}
	for _, doc := range documents {
		held, e := &heldEntity{}, &Entity{}
		if err := json.Unmarshal(doc.Doc, e); err != nil {
			return fmt.Errorf("take up entity %q: %w", doc.Key, err)
		}
		held.entity.Store(e)
		d.entities.add(held)
	}
	if len(documents) > 0 {
		d.drawElsewhere()
	}
	return nil
}
