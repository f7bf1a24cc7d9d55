package journal

import (
	"context"
	"encoding/json"
	"time"
)

// These are the default and the largest number of records in the result of one query.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// PageSize returns the largest number of records that a query with that limit returns: limit, but
// at least 1 and at most MaxLimit. It returns DefaultLimit if limit is 0 or less.
func PageSize(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Store is the record of all that was sent and received. Every implementation passes the same
// contract test (package journaltest). You can call all methods from any goroutine, and you own
// what they return. When a method returns, its data is as durable as the store is.
type Store interface {
	// AppendCapture stores c and sets its ID and Seq. It returns ErrFull if c does not fit. The
	// store does not keep c: you may reuse its bytes after the call.
	AppendCapture(ctx context.Context, c *Capture) error
	// SetResponse adds a response to a stored capture, for example that of a forwarded request.
	SetResponse(ctx context.Context, id string, r Response) error
	// Capture returns one capture. It returns ErrNotFound if the capture is unknown or evicted.
	Capture(ctx context.Context, id string) (Capture, error)
	// Captures returns the captures that the query selects.
	Captures(ctx context.Context, q CaptureQuery) ([]Capture, error)
	// Search calls visit with each capture that the query selects, ignoring its limit, until visit
	// returns false. It may skip captures whose text does not contain all of texts: see Folded.
	// visit may keep a capture but must not change it. Concurrently stored or deleted captures may
	// be included or not.
	Search(ctx context.Context, q CaptureQuery, texts []string, visit func(*Capture) bool) error
	// Bins returns all bins with captures, and the latest empty ones, by name. It forgets the
	// others in the order in which they became empty: see Limits.EmptyBins and Stats.Forgotten.
	Bins(ctx context.Context) ([]Bin, error)
	// Counts returns the number of captures in each bin with after < seq <= upTo. It leaves out
	// bins with none.
	Counts(ctx context.Context, after, upTo uint64) (map[string]int, error)
	// ClearBin deletes a bin's captures and returns how many there were. Their sequence numbers are
	// not used again.
	ClearBin(ctx context.Context, bin string) (int, error)
	// TrimBin evicts all but the newest captures of a bin and returns how many it evicted.
	TrimBin(ctx context.Context, bin string, keep int) (int, error)
	// DeleteCaptures deletes captures by sequence number and returns how many there were. It
	// ignores unknown numbers. The captures do not count as evicted.
	DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error)

	// SaveDeliveries stores new deliveries in order, in one write. It sets the Seq of each, and the
	// ID if it is empty. It returns ErrExists for a duplicate ID: then the deliveries before that
	// one are stored, and the others are not and have a Seq of 0.
	SaveDeliveries(ctx context.Context, list ...*Delivery) error
	// AppendAttempt adds an attempt to a delivery and sets its state and next due time. If a is
	// nil, it only sets those.
	AppendAttempt(ctx context.Context, id string, a *Attempt, next Progress) error
	// Delivery returns one delivery with all its attempts.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries returns the deliveries that the query selects, with all their attempts.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)

	// Put stores a document for an endpoint, a bin's settings or a provider's state.
	Put(ctx context.Context, kind, key string, doc json.RawMessage) error
	// Get returns a document. It returns ErrNotFound if there is none.
	Get(ctx context.Context, kind, key string) (json.RawMessage, error)
	// List returns the documents of a kind, sorted by key.
	List(ctx context.Context, kind string) ([]Document, error)
	// Delete deletes a document. It returns ErrNotFound if there is none.
	Delete(ctx context.Context, kind, key string) error

	// Limits returns the limits of the store, including the defaults.
	Limits() Limits
	// Stats returns the store's totals.
	Stats(ctx context.Context) (Stats, error)
	// Watch reports changes that are committed from now on. Close the watch.
	Watch(f Filter) *Watch
	// Close flushes and releases the store. Later calls return ErrClosed, and watches end: see
	// Watch.C. You may call it twice.
	Close() error
}

// Shared is a Store that several servers may use at the same time. Their records are the same, but
// each server makes its own deliveries.
type Shared interface {
	Store
	// OnDocument makes the store call changed after another server has put or deleted a document,
	// or with empty names when it does not know which ones were. It calls changed in one goroutine,
	// and not after stop has returned. If changed returns an error, it is called again after a
	// second.
	OnDocument(changed func(kind, key string) error) (stop func())
	// Swap replaces a document by doc. If the document is not before, byte for byte, it returns
	// ErrChanged and changes nothing. nil stands for no document.
	Swap(ctx context.Context, kind, key string, before, doc json.RawMessage) error
	// Adopt makes this server the owner of all pending deliveries whose server has ended, and
	// returns their ids. A server owns the deliveries that it saves.
	Adopt(ctx context.Context) ([]string, error)
	// Announce makes Nodes list this server, with the state and the addresses of n, until the store
	// is closed.
	Announce(ctx context.Context, n Node) error
	// Nodes returns the servers that use the store, the oldest first. Those that have ended without
	// closing the store are among them for a day.
	Nodes(ctx context.Context) ([]Node, error)
	// Ready returns nil if the store took a write within the last seconds, else an error that wraps
	// ErrUnavailable and says why on one line. It does not wait.
	Ready() error
	// Load returns how the store keeps up with the requests of this server.
	Load() Load
}

// Stats are the totals of a store. If records were evicted, a result over all records is
// inconclusive.
type Stats struct {
	Captures          int    `json:"captures"`
	Deliveries        int    `json:"deliveries"`
	Bytes             int64  `json:"bytes"` // of all records: see Limits
	EvictedCaptures   uint64 `json:"evicted_captures"`
	EvictedDeliveries uint64 `json:"evicted_deliveries"`
	// Forgotten is the highest seq of a capture that was evicted from a bin that Bins no longer
	// returns. It is 0 if there is none. A bin may have had captures up to it even if its
	// Bin.Evicted is 0.
	Forgotten uint64 `json:"forgotten"`
}

// Progress is the state of a delivery after an attempt.
type Progress struct {
	State State
	Next  int64 // due time in Unix nanoseconds on the schedule's clock; 0 means none
}

// Time returns Next in the form of Delivery.Next: in UTC, zero if there is none.
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
