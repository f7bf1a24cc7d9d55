package dashboard

import (
	"context"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// lookups counts the calls of Delivery.
type lookups struct {
	journal.Store
	n int
}

func (s *lookups) Delivery(ctx context.Context, id string) (journal.Delivery, error) {
	s.n++
	return s.Store.Delivery(ctx, id)
}

// Pending deliveries are read by the page; each is read once more when it is finished.
func TestTally(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := &lookups{Store: journal.NewMemory(journal.MemoryOptions{})}
	defer store.Close()
	ids := make([]string, journal.MaxLimit+5)
	for i := range ids {
		d := journal.Delivery{State: journal.Pending, Created: time.Now()}
		if err := store.SaveDeliveries(ctx, &d); err != nil {
			t.Fatal(err)
		}
		ids[i] = d.ID
	}
	attempt := func(id string, n int, state journal.State) {
		t.Helper()
		a := journal.Attempt{N: n, Outcome: wire.GotStatus, Status: 500}
		if err := store.AppendAttempt(ctx, id, &a, journal.Progress{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	var tally tally
	check := func(pending int, delivered, attempts uint64, lookups int) {
		t.Helper()
		if err := tally.count(ctx, store); err != nil {
			t.Fatal(err)
		}
		if len(tally.pending) != pending || tally.states[journal.Delivered] != delivered || tally.outcomes[wire.GotStatus] != attempts || store.n != lookups {
			t.Errorf("%d pending, %d delivered, %d attempts, %d lookups; want %d, %d, %d, %d",
				len(tally.pending), tally.states[journal.Delivered], tally.outcomes[wire.GotStatus], store.n, pending, delivered, attempts, lookups)
		}
	}
	all := len(ids)
	check(all, 0, 0, 0)
	check(all, 0, 0, 0)
	attempt(ids[0], 1, journal.Pending)
	attempt(ids[all-1], 1, journal.Pending)
	check(all, 0, 2, 0)
	attempt(ids[0], 2, journal.Delivered)
	check(all-1, 1, 3, 1)
	check(all-1, 1, 3, 1)
	attempt(ids[all-1], 2, journal.Delivered)
	check(all-2, 2, 4, 2)
}
