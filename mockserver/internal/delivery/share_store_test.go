package delivery

import (
	"context"
	"encoding/json"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The other methods of journal.Shared, which a dispatcher does not call.

func (s *sharedStore) Announce(context.Context, journal.Node) error { return nil }

func (s *sharedStore) Nodes(context.Context) ([]journal.Node, error) { return nil, nil }

func (s *sharedStore) Swap(ctx context.Context, kind, key string, _, doc json.RawMessage) error {
	return s.Put(ctx, kind, key, doc)
}

func (s *sharedStore) Load() journal.Load { return journal.Load{} }

func (s *sharedStore) Ready() error { return nil }
