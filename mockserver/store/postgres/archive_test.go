package postgres_test

import (
	"context"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

func folder(t *testing.T) journaltest.Place {
	dir := t.TempDir()
	return journaltest.Place{
		Store:  func(ctx context.Context) (journal.Store, error) { return sqlite.Open(ctx, dir, sqlite.Options{}) },
		Open:   func(ctx context.Context) (journal.Archive, error) { return sqlite.OpenArchive(ctx, dir) },
		Create: func(ctx context.Context) (journal.Archive, error) { return sqlite.CreateArchive(ctx, dir) },
		InUse:  sqlite.ErrInUse,
	}
}

// TestCopies copies between databases, and between databases and folders.
func TestCopies(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	schema := func(*testing.T) journaltest.Place {
		at := empty(address)
		return journaltest.Place{
			Store:  func(ctx context.Context) (journal.Store, error) { return postgres.Open(ctx, at, postgres.Options{}) },
			Open:   func(ctx context.Context) (journal.Archive, error) { return postgres.OpenArchive(ctx, at) },
			Create: func(ctx context.Context) (journal.Archive, error) { return postgres.CreateArchive(ctx, at) },
			InUse:  postgres.ErrInUse,
		}
	}
	t.Run("folder to database", func(t *testing.T) { journaltest.RunArchives(t, folder, schema) })
	t.Run("database to folder", func(t *testing.T) { journaltest.RunArchives(t, schema, folder) })
	t.Run("database to database", func(t *testing.T) { journaltest.RunArchives(t, schema, schema) })
}
