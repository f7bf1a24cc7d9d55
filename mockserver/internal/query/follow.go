package query

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// FollowOptions filter what a Follower reports. The zero value reports everything recorded from now
// on.
type FollowOptions struct {
	journal.FollowOptions
	Q     string // only captures that match this query
	Where string // only captures for which this jq condition holds
}

// Follower reports everything that is recorded to one reader: see journal.Follower. It reports a
// capture that starts to match with its consumer's response when that response arrives.
type Follower struct {
	*journal.Follower
	selected *selection
}

// Follow returns a follower. Close it. Errors wrap journal.ErrInvalid, or come from the store.
func (s *Searcher) Follow(ctx context.Context, o FollowOptions) (*Follower, error) {
	if o.Bin != "" {
		if err := journal.CheckNewBin(o.Bin); err != nil {
			return nil, err
		}
	}
	selected, err := s.newSelection(o.Q, o.Where, s.o.Now())
	if err != nil {
		return nil, err
	}
	f, err := journal.Follow(ctx, s.o.Store, o.FollowOptions)
	if err != nil {
		return nil, err
	}
	return &Follower{f, selected}, nil
}

// Next reports everything new since the last call. It returns the first error from tell or the
// store, or journal.ErrInvalid when the condition takes too long.
func (f *Follower) Next(ctx context.Context, tell func(journal.Update) error) error {
	return f.Follower.Next(ctx, func(u journal.Update) error {
		if u.Capture != nil {
			if selected, err := f.selected.selects(ctx, u.Capture); err != nil || !selected {
				return err
			}
		}
		return tell(u)
	})
}
