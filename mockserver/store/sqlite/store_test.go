package sqlite_test

import (
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

func open(t testing.TB, dir string, o sqlite.Options) journal.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) journal.Store { return open(t, t.TempDir(), sqlite.Options{}) })
}

func TestStoreEvicts(t *testing.T) {
	t.Parallel()
	journaltest.RunBounds(t, func(t *testing.T, l journal.Limits) journal.Store {
		return open(t, t.TempDir(), sqlite.Options{PerBin: l.PerBin, Deliveries: l.Deliveries, Bytes: l.Bytes, For: l.For})
	})
}
