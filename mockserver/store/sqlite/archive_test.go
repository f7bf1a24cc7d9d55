package sqlite_test

import (
	"context"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

func place(t *testing.T) journaltest.Place {
	dir := t.TempDir()
	return journaltest.Place{
		Store:  func(ctx context.Context) (journal.Store, error) { return sqlite.Open(ctx, dir, sqlite.Options{}) },
		Open:   func(ctx context.Context) (journal.Archive, error) { return sqlite.OpenArchive(ctx, dir) },
		Create: func(ctx context.Context) (journal.Archive, error) { return sqlite.CreateArchive(ctx, dir) },
		InUse:  sqlite.ErrInUse,
	}
}

func TestCopies(t *testing.T) {
	t.Parallel()
	journaltest.RunArchives(t, place, place)
}
