package delivery

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The other methods of journal.Shared, which a dispatcher does not call.

func (s *sharedStore) Announce(context.Context, journal.Node) error { return nil }

func (s *sharedStore) Nodes(context.Context) ([]journal.Node, error) { return nil, nil }

func (s *sharedStore) Ready() error { return nil }
