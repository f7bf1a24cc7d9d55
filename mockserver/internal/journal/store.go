package journal

import (
	"context"
	"encoding/json"
	"time"
)

// How many records one query returns.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// PageSize is how many records a query with that limit returns at most: limit, within 1 and MaxLimit, or
// DefaultLimit when it is 0 or less.
func PageSize(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Store is the record of all that was sent and received. Every implementation passes the same contract test
// (package journaltest). All methods may be called from any goroutine; what they return belongs to the caller.
// What a method has written is durable, as far as the store is, when it returns.
type Store interface {
	// AppendCapture stores c and gives it its ID and Seq. ErrFull: there is no room on the disk. c is not kept:
	// its bytes may be used again when it returns.
	AppendCapture(ctx context.Context, c *Capture) error
	// SetResponse records what was answered to a capture after it was stored (a forwarded response).
	SetResponse(ctx context.Context, id string, r Response) error
	// Capture returns one capture; ErrNotFound when it is unknown or evicted.
	Capture(ctx context.Context, id string) (Capture, error)
	// Captures returns what the query selects.
	Captures(ctx context.Context, q CaptureQuery) ([]Capture, error)
	// Search gives the captures that the query selects, whatever its limit, to visit, one after the other, until visit
	// returns false. Those whose text does not hold each of the texts may be left out: see Folded. A capture is visit's to keep,
	// but not to change. What is stored or deleted meanwhile may be given or not.
	Search(ctx context.Context, q CaptureQuery, texts []string, visit func(*Capture) bool) error
	// Bins returns the bins that hold or held a capture, by name. Of those that hold none any more it forgets the ones
	// that became empty first: see Limits.EmptyBins and Stats.Forgotten.
	Bins(ctx context.Context) ([]Bin, error)
	// Counts returns how many captures with a seq above after and up to upTo each bin holds; bins with none are left out.
	Counts(ctx context.Context, after, upTo uint64) (map[string]int, error)
	// ClearBin deletes a bin's captures and returns how many there were. Sequence numbers are not given again.
	ClearBin(ctx context.Context, bin string) (int, error)
	// TrimBin has a bin keep its newest captures only, and returns how many went: they count as evicted.
	TrimBin(ctx context.Context, bin string, keep int) (int, error)
	// DeleteCaptures deletes the captures of these sequence numbers and returns how many there were: unknown ones are
	// passed over. They do not count as evicted.
	DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error)

	// SaveDeliveries stores new deliveries in their order, as one write, and gives each its Seq, and an ID if it has none.
	// ErrExists: an ID is taken; those before it are stored, and it and those behind it are not and keep a zero Seq.
	SaveDeliveries(ctx context.Context, list ...*Delivery) error
	// AppendAttempt adds an attempt to a delivery and sets its state and next due time; a nil attempt only sets those.
	AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error
	// Delivery returns one delivery with all its attempts.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries returns what the query selects, attempts included.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)

	// Put stores a document under (kind, key): endpoints, bin settings, provider state.
	Put(ctx context.Context, kind, key string, doc json.RawMessage) error
	// Get returns a document; ErrNotFound when there is none.
	Get(ctx context.Context, kind, key string) (json.RawMessage, error)
	// List returns the documents of a kind in the order of their keys.
	List(ctx context.Context, kind string) ([]Document, error)
	// Delete removes a document; ErrNotFound when there is none.
	Delete(ctx context.Context, kind, key string) error

	// Limits returns what bounds the store, its defaults included.
	Limits() Limits
	// Stats returns the store's totals.
	Stats(ctx context.Context) (Stats, error)
	// Watch tells what is committed from now on. Close the watch.
	Watch(f Filter) *Watch
	// Close flushes and releases the store. Later calls return ErrClosed, and watches end: see Watch.C. Closing twice is fine.
	Close() error
}

// Stats are the totals of a store. The evicted ones are gone: a result over all records is inconclusive when they are not 0.
type Stats struct {
	Captures          int    `json:"captures"`   // held
	Deliveries        int    `json:"deliveries"` // held
	Bytes             int64  `json:"bytes"`      // of all records: see Limits
	EvictedCaptures   uint64 `json:"evicted_captures"`
	EvictedDeliveries uint64 `json:"evicted_deliveries"`
	// Forgotten is the highest seq of a capture that was evicted from a bin that Bins does not return any more; 0 is none. A
	// bin whose Bin.Evicted is 0 may have held captures up to it.
	Forgotten uint64 `json:"forgotten"`
}

// Progress is where a delivery stands after an attempt.
type Progress struct {
	State State
	Next  int64 // due time in Unix nanoseconds on the schedule's clock; 0 is none
}

// Time returns Next as Delivery.Next has it: in UTC, zero when there is none.
func (p Progress) Time() time.Time {
	if p.Next == 0 {
		return time.Time{}
	}
	return time.Unix(0, p.Next).UTC()
}

// Document is one stored document.
type Document struct {
	Key string
	Doc json.RawMessage
}
