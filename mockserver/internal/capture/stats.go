package capture

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// BinStats returns the stats of a bin. Errors wrap ErrInvalid, or come from the store.
func (s *Server) BinStats(ctx context.Context, name string) (analysis.BinStats, error) {
	if err := journal.CheckBin(name); err != nil {
		return analysis.BinStats{}, err
	}
	bins, err := s.o.Store.Bins(ctx)
	if err != nil {
		return analysis.BinStats{}, err
	}
	for _, b := range bins {
		if b.Name == name {
			return s.StatsOf(b), nil
		}
	}
	return s.StatsOf(journal.Bin{Name: name}), nil
}

// StatsOf returns the stats of the stored bin b.
func (s *Server) StatsOf(b journal.Bin) analysis.BinStats { return s.irregular.Stats(b, s.since) }

// Irregular counts irregular requests in all bins since the start.
func (s *Server) Irregular() analysis.Irregular { return s.irregular.All() }

// Sender profiles the program that sent the newest captures of a bin, up to 10,000. Errors wrap
// ErrInvalid, or come from the store.
func (s *Server) Sender(ctx context.Context, name string) (analysis.Sender, error) {
	stats, err := s.BinStats(ctx, name)
	if err != nil {
		return analysis.Sender{}, err
	}
	return analysis.SenderOf(ctx, s.o.Store, name, stats.Stored, s.providerOf(name))
}

// Attempts returns the captures in c's bin that are attempts of the same delivery: see
// analysis.Attempts.
func (s *Server) Attempts(ctx context.Context, c journal.Capture) ([]journal.Capture, error) {
	return analysis.Attempts(ctx, s.o.Store, c, s.providerOf(c.Bin))
}

// providerOf returns the provider that a bin names, or nil.
func (s *Server) providerOf(bin string) *fixtures.Provider {
	b := s.bins.get(bin)
	if b == nil || b.Provider == "" {
		return nil
	}
	p, _ := s.o.Catalogue.Provider(b.Provider) // it existed when the bin was configured
	return p
}

// Dropped counts the captures that a reader of a live stream missed: those with a seq above after
// and up to upTo, in one bin or, when bin is "", in all. The error comes from the store.
func (s *Server) Dropped(ctx context.Context, bin string, after, upTo uint64) error {
	missed, err := s.o.Store.Counts(ctx, after, upTo)
	if err != nil {
		return err
	}
	for name, n := range missed {
		if bin == "" || name == bin {
			s.irregular.Count(name, func(i *analysis.Irregular) { i.Dropped += uint64(n) })
		}
	}
	return nil
}

// account counts a refused request, once it is stored, or a request that could not be stored
// because of an error.
func (s *Server) account(r *request, failed error) {
	s.irregular.Count(r.bin, func(i *analysis.Irregular) {
		switch {
		case errors.Is(failed, journal.ErrFull):
			i.Refused.NoRoom++
		case failed != nil:
			i.Refused.Failed++
		case r.refused.why == tooLarge:
			i.Refused.Size++
			if !r.refused.declined {
				i.Truncated++
			}
		case r.refused.why == malformed:
			i.Refused.Malformed++
		default:
			i.Aborted++
		}
	})
}
