package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (s *memory) Put(ctx context.Context, kind, key string, doc json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	added := int64((&Document{key, doc}).Size())
	if before, ok := s.documents[kind][key]; ok {
		added -= int64((&Document{key, before}).Size())
	}
	if all := s.bytes.documents + added; added > 0 && all > s.o.Documents() {
		return fmt.Errorf("%s %q: all settings and entities would have %d bytes, the limit is %d: %w", kind, key, all, s.o.Documents(), ErrFull)
	}
	if s.documents[kind] == nil {
		s.documents[kind] = map[string]json.RawMessage{}
	}
	s.documents[strings.Clone(kind)][strings.Clone(key)] = slices.Clone(doc)
	s.bytes.documents += added
	s.makeRoom()
	s.trim()
	return nil
}

func (s *memory) Get(ctx context.Context, kind, key string) (json.RawMessage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	doc, ok := s.documents[kind][key]
	if !ok {
		return nil, documentNotFound(kind, key)
	}
	return slices.Clone(doc), nil
}

func documentNotFound(kind, key string) error { return fmt.Errorf("%s %q: %w", kind, key, ErrNotFound) }

func (s *memory) List(ctx context.Context, kind string) ([]Document, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	list := make([]Document, 0, len(s.documents[kind]))
	for _, key := range slices.Sorted(maps.Keys(s.documents[kind])) {
		list = append(list, Document{Key: key, Doc: slices.Clone(s.documents[kind][key])})
	}
	return list, nil
}

func (s *memory) Delete(ctx context.Context, kind, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	doc, ok := s.documents[kind][key]
	if !ok {
		return documentNotFound(kind, key)
	}
	s.bytes.documents -= int64((&Document{key, doc}).Size())
	delete(s.documents[kind], key)
	if len(s.documents[kind]) == 0 {
		delete(s.documents, kind)
	}
	return nil
}
