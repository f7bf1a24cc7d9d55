package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func (s *store) Put(ctx context.Context, kind, key string, doc json.RawMessage) error {
	stored := text(doc)
	return s.submit(ctx, needs{}, func(t *tx) error { return t.putDocument(kind, key, stored) })
}

// Swap compares and replaces in one transaction.
func (s *store) Swap(ctx context.Context, kind, key string, before, doc json.RawMessage) error {
	stored := text(doc)
	return s.submit(ctx, needs{}, func(t *tx) error {
		if err := t.checkDocument(kind, key, before); err != nil {
			return err
		}
		return t.putDocument(kind, key, stored)
	})
}

// checkDocument returns ErrChanged if a document is not before; nil stands for none.
func (t *tx) checkDocument(kind, key string, before json.RawMessage) error {
	var now json.RawMessage
	t.batch.add(sqlDocument, [][]byte{text(kind), text(key)}, func(row [][]byte) error {
		now = text(row[0])
		return nil
	})
	if err := t.batch.run(); err != nil {
		return err
	}
	if (now == nil) != (before == nil) || !bytes.Equal(now, before) {
		return fmt.Errorf("%s %q: %w", kind, key, journal.ErrChanged)
	}
	return nil
}

// putDocument stores a document, if there is room.
func (t *tx) putDocument(kind, key string, kept json.RawMessage) error {
	before, _, err := t.documentSize(kind, key)
	if err != nil {
		return err
	}
	added := int64((&journal.Document{Key: key, Doc: kept}).Size()) - before
	if all, limit := t.row.documentBytes+added, t.o.Documents(); added > 0 && all > limit {
		return fmt.Errorf("%s %q: all settings and entities would have %d bytes, the limit is %d: %w", kind, key, all, limit, errNoRoom)
	}
	t.changed = true
	t.row.documentBytes += added
	t.documents = append(t.documents, documentName{kind, key})
	t.batch.add(sqlPutDocument, [][]byte{text(kind), text(key), kept}, nil)
	return nil
}

// documentSize returns how many bytes a document counts for, and whether it exists.
func (t *tx) documentSize(kind, key string) (size int64, found bool, err error) {
	t.batch.add(sqlDocumentSize, [][]byte{text(kind), text(key)}, func(row [][]byte) error {
		size, found = integer(row[0])+int64((&journal.Document{Key: key}).Size()), true
		return nil
	})
	err = t.batch.run()
	return size, found, err
}

func (s *store) Get(ctx context.Context, kind, key string) (json.RawMessage, error) {
	var doc json.RawMessage
	err := s.query(ctx, "SELECT doc FROM documents WHERE kind = $1 AND key = $2", func(row [][]byte) error {
		doc = text(row[0])
		return nil
	}, text(kind), text(key))
	if err == nil && doc == nil {
		err = documentNotFound(kind, key)
	}
	return doc, err
}

func documentNotFound(kind, key string) error {
	return fmt.Errorf("%s %q: %w", kind, key, journal.ErrNotFound)
}

func (s *store) List(ctx context.Context, kind string) ([]journal.Document, error) {
	list := []journal.Document{}
	err := s.query(ctx, "SELECT key, doc FROM documents WHERE kind = $1 ORDER BY key", func(row [][]byte) error {
		list = append(list, journal.Document{Key: string(row[0]), Doc: text(row[1])})
		return nil
	}, text(kind))
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *store) Delete(ctx context.Context, kind, key string) error {
	return s.submit(ctx, needs{}, func(t *tx) error { return t.deleteDocument(kind, key) })
}

func (t *tx) deleteDocument(kind, key string) error {
	size, found, err := t.documentSize(kind, key)
	if err != nil {
		return err
	}
	if !found {
		return documentNotFound(kind, key)
	}
	t.changed = true
	t.row.documentBytes -= size
	t.documents = append(t.documents, documentName{kind, key})
	t.batch.add(sqlDeleteDocument, [][]byte{text(kind), text(key)}, nil)
	return nil
}

// documentName names a document; the zero value stands for all of them.
type documentName struct{ kind, key string }

// documentFeed tells which documents other nodes have changed. The zero value is ready to use.
type documentFeed struct {
	calling sync.Mutex // while the callers are called

	mu      sync.Mutex
	callers map[*func(kind, key string) error]struct{}
	changed map[documentName]struct{}
	wake    chan struct{} // has one token if there are changed documents
}

// OnDocument makes the store call changed after another node has changed a document.
func (s *store) OnDocument(changed func(kind, key string) error) (stop func()) {
	f := &s.documents
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.callers == nil {
		f.callers = map[*func(kind, key string) error]struct{}{}
	}
	f.callers[&changed] = struct{}{}
	return func() {
		f.calling.Lock()
		defer f.calling.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.callers, &changed)
	}
}

// add notes changed documents.
func (f *documentFeed) add(names ...documentName) {
	if len(names) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = map[documentName]struct{}{}
	}
	for _, name := range names {
		if len(f.changed) > maxChangedDocuments {
			clear(f.changed)
			name = documentName{}
		}
		f.changed[name] = struct{}{}
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// maxChangedDocuments is how many names are kept; of more the callers learn only that there are
// many.
const maxChangedDocuments = 1000

// keepTelling calls the callers until the store is closed. Those that fail, because the database is
// away, are called again.
func (s *store) keepTelling() {
	f := &s.documents
	for {
		select {
		case <-f.wake:
		case <-s.closing.Done():
			return
		}
		f.calling.Lock()
		f.mu.Lock()
		names, callers := f.changed, slices.Collect(maps.Keys(f.callers))
		f.changed = nil
		f.mu.Unlock()
		failed := map[documentName]struct{}{}
		for name := range names {
			for _, call := range callers {
				if (*call)(name.kind, name.key) != nil {
					failed[name] = struct{}{}
				}
			}
		}
		f.calling.Unlock()
		if len(failed) > 0 && pause(s.closing, pollInterval) {
			f.add(slices.Collect(maps.Keys(failed))...)
		}
	}
}
