package benchmark

import (
	"context"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// start starts a capture server with a store, and closes it after the benchmark.
func start(b *testing.B, store journal.Store) *capture.Server {
	b.Helper()
	s, err := capture.Start(b.Context(), capture.Options{Store: store})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return s
}

// inMemory is a store in memory that is closed after the benchmark.
func inMemory(b *testing.B) journal.Store {
	b.Helper()
	store := journal.NewMemory(journal.MemoryOptions{})
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	return store
}

func newest(b *testing.B, store journal.Store) uint64 {
	b.Helper()
	all, err := store.Captures(b.Context(), journal.CaptureQuery{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].Seq
}
