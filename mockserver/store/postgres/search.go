package postgres

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Captures are read in portions. The first portion is small, because it may be enough.
const (
	firstPortion   = 64
	largestPortion = 1024
	portionBytes   = 4 << 20
)

// Search reads all captures of the query: see doc.go.
func (s *store) Search(ctx context.Context, q journal.CaptureQuery, _ []string, visit func(*journal.Capture) bool) error {
	for portion := firstPortion; ; portion = min(2*portion, largestPortion) {
		found, err := s.page(ctx, q, portion, portionBytes)
		if err != nil || len(found) == 0 {
			return err
		}
		for i := range found {
			if !visit(&found[i]) {
				return nil
			}
		}
		if last := found[len(found)-1].Seq; q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
	}
}
