package analysis

import (
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// BinStats counts every request that named a bin. Stored, Kept, Evicted and Cleared come from the
// store, and survive a restart if the store does. The other counts start at Since.
type BinStats struct {
	Bin      string `json:"bin"`
	Received uint64 `json:"received"` // Stored, and requests that could not be stored
	// requests stored as captures, whole or not: Kept, Evicted and Cleared together
	Stored  uint64 `json:"stored"`
	Kept    uint64 `json:"kept"`    // captures in the store now
	Evicted uint64 `json:"evicted"` // captures that the store evicted, oldest first
	Cleared uint64 `json:"cleared"` // captures deleted on request
	Irregular
	// Since is when the server was started.
	Since time.Time `json:"since"`
	// Complete is false when too many bins had irregular requests, so this bin's were not counted.
	Complete bool `json:"complete"`
}

// Irregular counts requests that were refused, cut or lost.
type Irregular struct {
	Refused Refused `json:"refused"`
	// Truncated counts captures without all the bytes sent, because there were too many.
	Truncated uint64 `json:"truncated"`
	// Aborted counts captures of requests that ended early, or took too long.
	Aborted uint64 `json:"aborted"`
	// Dropped counts captures that readers of the live stream missed because they were too slow,
	// once for each reader. They are stored.
	Dropped uint64 `json:"dropped"`
}

// Refused counts requests that the server answered with an error.
type Refused struct {
	// head or body too large: 413, 431; the capture has the bytes within the limit
	Size uint64 `json:"size"`
	// not HTTP/1.x: 400, 505; the capture has the parts that could be parsed
	Malformed uint64 `json:"malformed"`
	NoRoom    uint64 `json:"no_room"` // the store had no room: 507; there is no capture
	Failed    uint64 `json:"failed"`  // the store failed in another way: 500; there is no capture
}

// maxIrregular bounds how many bins have separate counts, because senders choose the names.
const maxIrregular = 10_000

// Irregulars has the counts of each bin and of all together. The zero value is ready.
type Irregulars struct {
	mu     sync.Mutex
	all    Irregular
	byBin  map[string]*Irregular
	missed bool // some bins have no separate counts
}

// Count adds to the counts of a bin.
func (i *Irregulars) Count(bin string, add func(*Irregular)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	add(&i.all)
	own := i.byBin[bin]
	switch {
	case own != nil:
	case len(i.byBin) >= maxIrregular:
		i.missed = true
		return
	default:
		if i.byBin == nil {
			i.byBin = map[string]*Irregular{}
		}
		own = &Irregular{}
		i.byBin[strings.Clone(bin)] = own // the name is a part of a request's head
	}
	add(own)
}

// All returns the counts of all bins together.
func (i *Irregulars) All() Irregular {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.all
}

// Stats returns the stats of the stored bin b. since is when the counts started.
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
