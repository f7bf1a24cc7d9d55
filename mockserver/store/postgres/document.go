package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func (s *store) Put(ctx context.Context, kind, key string, doc json.RawMessage) error {
	kept := text(doc)
	return s.submit(ctx, needs{}, func(t *tx) error {
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
		t.batch.add(sqlPutDocument, [][]byte{text(kind), text(key), kept}, nil)
		return nil
	})
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
	return s.submit(ctx, needs{}, func(t *tx) error {
		size, found, err := t.documentSize(kind, key)
		if err != nil {
			return err
		}
		if !found {
			return documentNotFound(kind, key)
		}
		t.changed = true
		t.row.documentBytes -= size
		t.batch.add(sqlDeleteDocument, [][]byte{text(kind), text(key)}, nil)
		return nil
	})
}
