package analysis

import (
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

// mostIrregular bounds how many bins are counted by themselves, as senders choose their names.
const mostIrregular = 10_000

// Irregulars counts by bin and in all. The zero value is ready.
type Irregulars struct {
	mu     sync.Mutex
	all    Irregular
	byBin  map[string]*Irregular
	missed bool // some bins are not counted by themselves
}

// Count adds to what is irregular in a bin.
func (i *Irregulars) Count(bin string, add func(*Irregular)) {
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

// All returns the counts of all bins together.
func (i *Irregulars) All() Irregular {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.all
}

// Stats is the account of a bin of which the store says b. The counts are of the time since then.
func (i *Irregulars) Stats(b journal.Bin, since time.Time) BinStats {
	i.mu.Lock()
	defer i.mu.Unlock()
	stats := BinStats{Bin: b.Name, Stored: b.Stored(), Kept: uint64(b.Count), Evicted: b.Evicted, Cleared: b.Cleared, Since: since, Complete: !i.missed}
	if own := i.byBin[b.Name]; own != nil {
		stats.Irregular, stats.Complete = *own, true
	}
	stats.Received = b.Stored() + stats.Refused.NoRoom + stats.Refused.Failed
	return stats
}
