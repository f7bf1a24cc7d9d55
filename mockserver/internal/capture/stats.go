package capture

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// BinStats returns the account of a bin. Errors wrap ErrInvalid, or are the store's.
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

// StatsOf is the account of a bin of which the store says b.
func (s *Server) StatsOf(b journal.Bin) analysis.BinStats { return s.irregular.Stats(b, s.since) }

// Irregular counts what did not go as it should in all bins since the start.
func (s *Server) Irregular() analysis.Irregular { return s.irregular.All() }

// Sender tells what the newest captures of a bin, up to 10,000, say of the one that sent them.
// Errors wrap ErrInvalid, or are the store's.
func (s *Server) Sender(ctx context.Context, name string) (analysis.Sender, error) {
	stats, err := s.BinStats(ctx, name)
	if err != nil {
		return analysis.Sender{}, err
	}
	return analysis.SenderOf(ctx, s.o.Store, name, stats.Stored, s.providerOf(name))
}

// Attempts returns the captures of c's bin that are attempts of the same delivery: see
// analysis.Attempts.
func (s *Server) Attempts(ctx context.Context, c journal.Capture) ([]journal.Capture, error) {
	return analysis.Attempts(ctx, s.o.Store, c, s.providerOf(c.Bin))
}

// providerOf is the provider that is named for a bin, or nil.
func (s *Server) providerOf(bin string) *fixtures.Provider {
	b := s.bins.get(bin)
	if b == nil || b.settings.Provider == "" {
		return nil
	}
	p, _ := s.o.Catalogue.Provider(b.settings.Provider) // it was there when the bin was configured
	return p
}

// Dropped notes that a reader of a live stream was not told of the captures with a seq above after
// and up to upTo; only of one bin's, unless bin is "". The error is the store's.
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

// account counts a request that was refused, once it is stored, or one that could not be stored
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
