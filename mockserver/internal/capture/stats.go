package capture

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// BinStats counts every request that named a bin. Stored, Kept, Evicted and Cleared are the store's, and survive a
// restart where it does; the others are of the time since Since.
type BinStats struct {
	Bin      string `json:"bin"`
	Received uint64 `json:"received"` // Stored, and what could not be stored
	Stored   uint64 `json:"stored"`   // what became a capture, whole or not: Kept, Evicted and Cleared together
	Kept     uint64 `json:"kept"`     // captures that are there
	Evicted  uint64 `json:"evicted"`  // captures that the ring let go, oldest first
	Cleared  uint64 `json:"cleared"`  // captures deleted on request
	Irregular
	// Since is when the server was started.
	Since time.Time `json:"since"`
	// Complete is false when so many bins had something irregular that this one's was not counted.
	Complete bool `json:"complete"`
}

// Irregular counts what did not go as it should.
type Irregular struct {
	Refused Refused `json:"refused"`
	// Truncated are captures without all that was sent, because it was too large.
	Truncated uint64 `json:"truncated"`
	// Aborted are captures of requests that ended before they were whole, or took too long.
	Aborted uint64 `json:"aborted"`
	// Dropped are captures that readers of the live stream were not told of, because they had fallen too far behind: once
	// for each reader. They are stored.
	Dropped uint64 `json:"dropped"`
}

// Refused counts requests that were answered with an error of the server's own.
type Refused struct {
	Size      uint64 `json:"size"`      // head or body too large: 413, 431; a capture has what there was room for
	Malformed uint64 `json:"malformed"` // not HTTP/1.x: 400, 505; a capture has what could be read
	NoRoom    uint64 `json:"no_room"`   // the store had no room: 507; there is no capture
	Failed    uint64 `json:"failed"`    // the store failed otherwise: 500; there is no capture
}

// Stats returns the account of a bin. Errors wrap ErrInvalid, or are the store's.
func (s *Server) BinStats(ctx context.Context, name string) (BinStats, error) {
	if err := checkBin(name); err != nil {
		return BinStats{}, err
	}
	held, err := s.o.Store.Bins(ctx)
	if err != nil {
		return BinStats{}, err
	}
	for _, b := range held {
		if b.Name == name {
			return s.StatsOf(b), nil
		}
	}
	return s.StatsOf(journal.Bin{Name: name}), nil
}

// StatsOf is the account of a bin of which the store says b.
func (s *Server) StatsOf(b journal.Bin) BinStats {
	seen, complete := s.irregular.of(b.Name)
	return BinStats{
		Bin: b.Name, Received: b.Stored() + seen.Refused.NoRoom + seen.Refused.Failed,
		Stored: b.Stored(), Kept: uint64(b.Count), Evicted: b.Evicted, Cleared: b.Cleared,
		Irregular: seen, Since: s.since, Complete: complete,
	}
}

// Irregular counts what did not go as it should in all bins since the start.
func (s *Server) Irregular() Irregular {
	s.irregular.mu.Lock()
	defer s.irregular.mu.Unlock()
	return s.irregular.all
}

// Dropped notes that a reader of a live stream was not told of the captures with a seq above after and up to upTo; only
// of one bin's, unless bin is "". The error is the store's.
func (s *Server) Dropped(ctx context.Context, bin string, after, upTo uint64) error {
	spread, err := s.o.Store.Counts(ctx, after, upTo)
	if err != nil {
		return err
	}
	for name, n := range spread {
		if bin == "" || name == bin {
			s.irregular.count(name, func(i *Irregular) { i.Dropped += uint64(n) })
		}
	}
	return nil
}

// account counts a request that was refused, once it is stored, or one that could not be stored because of an error.
func (s *Server) account(r *request, failed error) {
	s.irregular.count(r.bin, func(i *Irregular) {
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

// mostIrregular bounds how many bins are counted by themselves, as senders choose their names.
const mostIrregular = 10_000

// irregulars counts by bin and in all. The zero value is ready.
type irregulars struct {
	mu     sync.Mutex
	all    Irregular
	byBin  map[string]*Irregular
	missed bool // some bins are not counted by themselves
}

func (i *irregulars) count(bin string, add func(*Irregular)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	add(&i.all)
	own := i.byBin[bin]
	switch {
	case own != nil:
	case len(i.byBin) >= mostIrregular:
		i.missed = true
		return
	default:
		if i.byBin == nil {
			i.byBin = map[string]*Irregular{}
		}
		own = &Irregular{}
		i.byBin[strings.Clone(bin)] = own // which is a part of a request's head
	}
	add(own)
}

// of returns a bin's counts, and whether they are all there is.
func (i *irregulars) of(bin string) (counts Irregular, complete bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if own := i.byBin[bin]; own != nil {
		return *own, true
	}
	return Irregular{}, !i.missed
}
