// Package journal is the record of all that was sent and received.
//
// A Store keeps three kinds of records. Captures are the requests that bins
// received; deliveries, with their attempts, are the events that providers
// sent; documents are what must outlive a restart besides: endpoints, the
// settings of bins. The store gives captures and deliveries ascending
// sequence numbers, which are never given twice: order is a sequence, not a
// clock. What a method has written is stored when it returns, so a response
// that is given after AppendCapture is a promise that the capture is there.
//
// Limits bound a store, and count all bytes that it keeps. The oldest captures
// of a bin, or of all bins, and the oldest deliveries make room for new
// ones. What went so is counted in Bin.Evicted and Stats, what was deleted on
// request in Bin.Cleared.
//
// Search finds captures by their text: their target, the names and values of
// their header lines, and their body, in any case of their letters (Folded).
//
// NewMemory is the store of a test. Package sqlite keeps the same records in
// a directory, package journaltest holds the contract that both pass.
package journal
