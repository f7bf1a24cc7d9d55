package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func (s *store) Put(ctx context.Context, kind, key string, doc json.RawMessage) error {
	kept := append([]byte{}, doc...)
	return s.write(ctx, func(w *writer) error {
		before, err := w.documentSize(kind, key)
		if err != nil {
			return err
		}
		added := int64((&journal.Document{Key: key, Doc: kept}).Size()) - before
		if all, limit := w.bytes.documents+added, w.s.o.Documents(); added > 0 && all > limit {
			return fmt.Errorf("%s %q: all settings and entities would have %d bytes, the limit is %d: %w", kind, key, all, limit, errNoRoom)
		}
		w.bytes.documents += added
		_, err = w.stmts.putDocument.ExecContext(context.Background(), []byte(kind), []byte(key), kept)
		return err
	})
}

// documentSize returns how many bytes a document counts for: 0 if there is none.
func (w *writer) documentSize(kind, key string) (int64, error) {
	var length int64
	err := w.stmts.documentSize.QueryRowContext(context.Background(), []byte(kind), []byte(key)).Scan(&length)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return length + int64((&journal.Document{Key: key}).Size()), err
}

func (s *store) Get(ctx context.Context, kind, key string) (json.RawMessage, error) {
	var doc json.RawMessage
	found := false
	err := s.query(ctx, s.read.document.QueryContext, func(rows *sql.Rows) error {
		found = true
		return rows.Scan((*[]byte)(&doc))
	}, []byte(kind), []byte(key))
	if err == nil && !found {
		err = documentNotFound(kind, key)
	}
	return doc, err
}

func documentNotFound(kind, key string) error {
	return fmt.Errorf("%s %q: %w", kind, key, journal.ErrNotFound)
}

func (s *store) List(ctx context.Context, kind string) ([]journal.Document, error) {
	list := []journal.Document{}
	err := s.query(ctx, s.read.documents.QueryContext, func(rows *sql.Rows) error {
		var key, doc sql.RawBytes
		if err := rows.Scan(&key, &doc); err != nil {
			return err
		}
		list = append(list, journal.Document{Key: string(key), Doc: slices.Clone([]byte(doc))})
		return nil
	}, []byte(kind))
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *store) Delete(ctx context.Context, kind, key string) error {
	return s.free(ctx, func(w *writer) error {
		size, err := w.documentSize(kind, key)
		if err != nil {
			return err
		}
		w.bytes.documents -= size
		result, err := w.stmts.deleteDocument.ExecContext(context.Background(), []byte(kind), []byte(key))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			err = documentNotFound(kind, key)
		}
		return err
	})
}
