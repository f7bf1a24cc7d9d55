// Package journal records all that was sent and received.
//
// A Store has three kinds of records. Captures are the requests that bins received. Deliveries,
// with their attempts, are the events that providers sent. Documents are other data that must
// survive a restart: endpoints and the settings of bins. The store assigns ascending sequence
// numbers to captures and deliveries and never uses a number twice: order is a sequence, not a
// clock. When a method returns, its data is stored. So a response that is sent after AppendCapture
// guarantees that the capture is stored.
//
// Limits bound a store and count all bytes in it. The store evicts the oldest captures of a bin, or
// of all bins, and the oldest deliveries. It counts them in Bin.Evicted and Stats, and captures
// that were deleted on request in Bin.Cleared.
//
// Search finds captures by their text, ignoring case: target, names and values of header lines, and
// body (Folded).
//
// NewMemory returns a store for tests. Package sqlite stores the same records in a directory, and
// package postgres in a database that several servers may use (Shared). Package journaltest is the
// contract test of all three.
package journal
