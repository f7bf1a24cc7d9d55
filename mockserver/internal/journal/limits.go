package journal

import "time"

// Limits bound what a store keeps. Where a new record finds no room, the oldest ones make room and are counted as evicted: the
// captures of its bin when PerBin is reached; when Bytes are, the oldest captures of all bins or the oldest
// deliveries that are not pending, whichever of the two hold more. What cannot make room is refused with ErrFull: a record that
// is too large, pending deliveries beyond half of Bytes, and documents beyond a quarter of Bytes or MostDocuments. A
// limit that is 0 is the store's default.
type Limits struct {
	PerBin     int           // captures that a bin holds
	Deliveries int           // deliveries held
	Bytes      int64         // of all records together: the sum of their Size
	For        time.Duration // how long captures, and deliveries that are not pending, are kept after they were stored; 0 is for ever
}

// MostDocuments is how many bytes all documents of a store have at most.
const MostDocuments = 64 << 20

// Or returns l with the defaults in the place of what is 0 or less.
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

// Pending is how many bytes the deliveries that are pending may have together.
func (l Limits) Pending() int64 { return l.Bytes / 2 }

// Documents is how many bytes all documents may have together.
func (l Limits) Documents() int64 { return min(MostDocuments, l.Bytes/4) }

// mostEmpty is how many bins without captures are remembered.
const mostEmpty = 1000

// EmptyBins is how many bins without captures a store remembers, with what they evicted. The one that became empty first is
// forgotten first.
func (l Limits) EmptyBins() int { return int(min(mostEmpty, max(1, l.Bytes/8/binOverhead))) }
