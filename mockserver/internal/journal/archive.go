package journal

import (
	"context"
	"errors"
)

// Archive is the journal of a server that does not run, opened so that Copy can copy it. Its
// records have the bytes that the stores keep (package record): so a copy is exact, also of records
// that are damaged. Only one goroutine may use an archive.
type Archive interface {
	// Name returns where the journal is, without a password.
	Name() string
	// Origin returns what Begin was called with, or "" if the journal is not an incomplete copy.
	Origin(ctx context.Context) (string, error)
	// Account returns what the journal counts.
	Account(ctx context.Context) (Account, error)
	// Last returns the highest seq of the stored captures and deliveries, 0 if there are none.
	Last(ctx context.Context) (Position, error)
	// Captures calls visit with every capture, by ascending Seq. visit may use the bytes only until
	// it returns. Captures returns the first error of visit.
	Captures(ctx context.Context, visit func(ArchivedCapture) error) error
	// Deliveries calls visit with every delivery, as Captures does.
	Deliveries(ctx context.Context, visit func(ArchivedDelivery) error) error
	// Documents calls visit with every document, sorted by kind and key, as Captures does.
	Documents(ctx context.Context, visit func(ArchivedDocument) error) error

	// Begin makes an empty journal an incomplete copy, which no server opens, and notes its origin.
	// It returns ErrExists if the journal is not empty.
	Begin(ctx context.Context, origin string) error
	// Restore stores records in one transaction. The numbers of captures and deliveries must be
	// higher than those that are stored. Documents replace those of the same name.
	Restore(ctx context.Context, r Records) error
	// SetAccount sets what the journal counts, once all records are restored.
	SetAccount(ctx context.Context, a Account) error
	// End makes the copy complete: servers can open it.
	End(ctx context.Context) error
	// Close releases the journal.
	Close() error
}

// ErrIncomplete means that a journal is a copy that was interrupted.
var ErrIncomplete = errors.New("journal is an incomplete copy")

// Records are records that are restored together.
type Records struct {
	Captures   []ArchivedCapture
	Deliveries []ArchivedDelivery
	Documents  []ArchivedDocument
}

// ArchivedCapture is a capture as a store keeps it.
type ArchivedCapture struct {
	Seq        uint64
	Bin        string
	Size       int64 // see Capture.Size
	Head, Body []byte
}

// ArchivedDelivery is a delivery as a store keeps it.
type ArchivedDelivery struct {
	Seq                           uint64
	ID, Provider, Endpoint, Event string
	State                         State
	Next                          int64 // see Progress.Next
	Size                          int64 // see Delivery.Size
	Record                        []byte
	Attempts                      [][]byte
}

// ArchivedDocument is a document.
type ArchivedDocument struct {
	Kind string
	Document
}

// Account is what a journal counts.
type Account struct {
	// Bins are the empty bins in the order in which they became empty, and then the others.
	Bins []ArchivedBin
	// Numbers are the last ones that were used, also for records that are gone.
	Numbers           Position
	EvictedCaptures   uint64 // see Stats
	EvictedDeliveries uint64
	Forgotten         uint64
	// Marks say when records were stored, by ascending At.
	Marks []Mark
}

// ArchivedBin is a bin with the bytes of its captures.
type ArchivedBin struct {
	Bin
	Bytes int64
}

// Mark says that all records up to these numbers were stored at a time, in Unix nanoseconds.
type Mark struct {
	At int64
	Position
}
