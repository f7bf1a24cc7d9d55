package mockserver

import (
	"context"
	"io"
	"time"
)

// Client drives a server, in this process (Server.Client) or over HTTP (Dial): the same calls, the same records, the same
// sentinels in the errors. It may be used from any goroutine.
type Client interface {
	// BinURL is the address of a bin.
	BinURL(bin string) string

	// Register adds an endpoint and returns it with what it was given: id, secret, created. ErrInvalid.
	Register(ctx context.Context, e Endpoint) (Endpoint, error)
	// Remove deletes an endpoint of a provider; ErrNotFound when it has none of that id.
	Remove(ctx context.Context, provider, endpoint string) error
	// Endpoints lists the endpoints of a provider ("" is all), oldest first. A secret that its provider shows only
	// once is left out over HTTP.
	Endpoints(ctx context.Context, provider string) ([]Endpoint, error)

	// Emit emits events, several of them as one, and returns their deliveries as they stand: the attempts follow.
	// ErrInvalid, fixtures.ErrUnknownProvider, fixtures.ErrUnknownEvent.
	Emit(ctx context.Context, provider string, e ...Emission) ([]Delivery, error)
	// Delivery returns one delivery with its attempts; ErrNotFound.
	Delivery(ctx context.Context, id string) (Delivery, error)
	// Deliveries returns what the query selects, newest first.
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)
	// Redeliver makes a new delivery of the same event to the same endpoint; ErrNotFound.
	Redeliver(ctx context.Context, id string) (Delivery, error)

	// Clock returns the schedule's clock.
	Clock(ctx context.Context) (Clock, error)
	// Advance moves a virtual clock forward and makes every attempt that becomes due; ErrRealClock.
	Advance(ctx context.Context, by time.Duration) (Clock, error)
	// WaitIdle waits until nothing is due.
	WaitIdle(ctx context.Context) error

	// BeginRun begins a run, which has its own endpoints and clock, and returns its id: see Run. ErrInvalid when there are too many.
	BeginRun(ctx context.Context, o RunOptions) (string, error)
	// EndRun ends a run and removes its endpoints; ErrNotFound.
	EndRun(ctx context.Context, id string) error
	// RunClock, AdvanceRun and WaitIdleRun are Clock, Advance and WaitIdle for a run; ErrNotFound.
	RunClock(ctx context.Context, id string) (Clock, error)
	AdvanceRun(ctx context.Context, id string, by time.Duration) (Clock, error)
	WaitIdleRun(ctx context.Context, id string) error

	// Configure sets all of a bin's settings and starts its script anew; ErrInvalidBin.
	Configure(ctx context.Context, bin string, set Settings) error
	// Change changes some of a bin's settings: what is nil stays, and changes made at the same time do not undo each other; ErrInvalidBin.
	Change(ctx context.Context, bin string, c SettingsChange) (Settings, error)
	// Settings returns a bin's settings; those of a bin never configured are zero.
	Settings(ctx context.Context, bin string) (Settings, error)
	// Bins returns every bin that holds or held a capture, by name.
	Bins(ctx context.Context) ([]BinSummary, error)
	// Stats returns the account of a bin: what became of every request that named it.
	Stats(ctx context.Context, bin string) (BinStats, error)
	// Sender tells what a bin's newest captures say of the program that sent them.
	Sender(ctx context.Context, bin string) (Sender, error)
	// Captures returns what the query selects, up to its limit, newest first unless it asks for the oldest; ErrInvalidBin.
	Captures(ctx context.Context, q Query) ([]Capture, error)
	// Capture returns one capture; ErrNotFound when it is unknown or evicted.
	Capture(ctx context.Context, id string) (Capture, error)
	// Export writes the captures that the query selects, all of its bin without bounds, as a file, oldest first; secrets are
	// redacted unless they are to be kept. ErrInvalidBin, ErrFile.
	Export(ctx context.Context, q Query, format FileFormat, keepSecrets bool, w io.Writer) error
	// Import adds the captures of a file to a bin; those that cannot be read are told in what it returns. ErrInvalidBin
	// when nothing could be.
	Import(ctx context.Context, bin string, format FileFormat, file io.Reader) (Imported, error)
	// Wait waits in a bin. A wait that is not fulfilled is no error: see Waited.OK. ErrInvalidBin.
	Wait(ctx context.Context, bin string, w Wait) (Waited, error)
	// Follow calls tell for all that is recorded, and for what becomes of it: a response, an attempt, a deletion. The first
	// update is Ready: from there on nothing is missed. It returns when ctx ends, with its cause, or with the first error
	// of tell or of the server. ErrInvalidBin.
	Follow(ctx context.Context, o FollowOptions, tell func(Update) error) error
	// ClearBin deletes a bin's captures and returns how many there were.
	ClearBin(ctx context.Context, bin string) (int, error)
	// DeleteCaptures deletes the captures of a bin that the query selects, whatever its limit, and returns how many there
	// were; ErrInvalidBin.
	DeleteCaptures(ctx context.Context, q Query) (int, error)
}
