package postgres_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

func open(t testing.TB, address string, o postgres.Options) journal.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var schemas atomic.Int64

// empty returns the address of a schema that does not exist yet.
func empty(address string) string {
	return fmt.Sprintf("%s&search_path=journal%d", address, schemas.Add(1))
}

func TestStore(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	journaltest.Run(t, func(t *testing.T) journal.Store { return open(t, empty(address), postgres.Options{}) })
}

func TestStoreEvicts(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	journaltest.RunBounds(t, func(t *testing.T, l journal.Limits) journal.Store {
		return open(t, empty(address), postgres.Options{PerBin: l.PerBin, Deliveries: l.Deliveries, Bytes: l.Bytes, For: l.For})
	})
}
