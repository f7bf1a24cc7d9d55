package journal

import "time"

// Limits bound a store. If a new record does not fit, the store evicts the oldest records: the
// captures of the bin for PerBin; for Bytes, the oldest captures of all bins or the oldest
// deliveries that are not pending, whichever have more bytes. It returns ErrFull for a record that
// does not fit even then: one that is too large, pending deliveries beyond half of Bytes, and
// documents beyond a quarter of Bytes or MostDocuments. A limit of 0 means the store's default.
type Limits struct {
	PerBin     int   // captures in one bin
	Deliveries int   // deliveries
	Bytes      int64 // sum of the Size of all records
	// How long captures and finished deliveries are kept after they were stored; 0 means no limit.
	For time.Duration
}

// MostDocuments is the largest sum of bytes of a store's documents.
const MostDocuments = 64 << 20

// Or returns l with the defaults for all fields that are 0 or less.
func (l Limits) Or(defaults Limits) Limits {
	if l.PerBin <= 0 {
		l.PerBin = defaults.PerBin
	}
	if l.Deliveries <= 0 {
		l.Deliveries = defaults.Deliveries
	}
	if l.Bytes <= 0 {
		l.Bytes = defaults.Bytes
	}
	if l.For <= 0 {
		l.For = defaults.For
	}
	return l
}

// Pending returns the largest sum of bytes of pending deliveries.
func (l Limits) Pending() int64 { return l.Bytes / 2 }

// Documents returns the largest sum of bytes of documents.
func (l Limits) Documents() int64 { return min(MostDocuments, l.Bytes/4) }

// maxEmptyBins is the largest number of bins without captures.
const maxEmptyBins = 1000

// EmptyBins returns how many bins without captures a store remembers, with the counts of what they
// evicted. It forgets them in the order in which they were emptied.
func (l Limits) EmptyBins() int { return int(min(maxEmptyBins, max(1, l.Bytes/8/binOverhead))) }
