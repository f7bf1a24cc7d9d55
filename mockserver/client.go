package mockserver

import (
	"cmp"
	"context"
	"io"
	"iter"
	"slices"
	"time"
)

// Client drives a server: Server.Client one in this process, Dial one over HTTP. Both do the same,
// return the same records, and wrap the same sentinel errors. You may use a Client from any
// goroutine.
type Client struct {
	transport transport
	run       string // the run of its calls; "" is none
}

// Close closes the client's connections. A client of a server in this process has none.
func (c *Client) Close() error { return c.transport.Close() }

// BinURL returns the address of a bin.
func (c *Client) BinURL(bin string) string {
	return c.transport.BinURL(bin)
}

// Register adds an endpoint and returns it with the values that the server set: id, secret,
// created. ErrInvalid.
func (c *Client) Register(ctx context.Context, e Endpoint) (Endpoint, error) {
	e.Run = cmp.Or(c.run, e.Run)
	return c.transport.Register(ctx, e)
}

// Remove deletes an endpoint of a provider. ErrNotFound when the provider has no such endpoint.
func (c *Client) Remove(ctx context.Context, provider, endpoint string) error {
	return c.transport.Remove(ctx, provider, endpoint)
}

// Endpoints lists the endpoints of a provider ("" is all), oldest first. Over HTTP it leaves out a
// secret that its provider shows only once.
func (c *Client) Endpoints(ctx context.Context, provider string) ([]Endpoint, error) {
	return c.transport.Endpoints(ctx, provider)
}

// Emit emits events, several of them in one step, and returns their deliveries before the first
// attempts. ErrInvalid, fixtures.ErrUnknownProvider, fixtures.ErrUnknownEvent.
func (c *Client) Emit(ctx context.Context, provider string, e ...Emission) ([]Delivery, error) {
	if c.run != "" {
		e = slices.Clone(e)
		for i := range e {
			e[i].Run = c.run
		}
	}
	return c.transport.Emit(ctx, provider, e...)
}

// Delivery returns one delivery with its attempts; ErrNotFound.
func (c *Client) Delivery(ctx context.Context, id string) (Delivery, error) {
	return c.transport.Delivery(ctx, id)
}

// Deliveries returns the deliveries that the query selects, newest first.
func (c *Client) Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error) {
	return c.transport.Deliveries(ctx, q)
}

// Redeliver makes a new delivery of the same event to the same endpoint; ErrNotFound.
func (c *Client) Redeliver(ctx context.Context, id string) (Delivery, error) {
	return c.transport.Redeliver(ctx, id)
}

// Notices lists what delivery policies did to the endpoints of a provider ("" is all): disabled,
// paused, deleted. The newest is first. fixtures.ErrUnknownProvider.
func (c *Client) Notices(ctx context.Context, provider string) ([]Notice, error) {
	return c.transport.Notices(ctx, provider)
}

// Clock returns the clock of the retry schedule.
func (c *Client) Clock(ctx context.Context) (Clock, error) {
	return c.transport.Clock(ctx, c.run)
}

// Advance moves a virtual clock forward and sends every attempt that is then due; ErrRealClock.
func (c *Client) Advance(ctx context.Context, by time.Duration) (Clock, error) {
	return c.transport.Advance(ctx, c.run, by)
}

// WaitIdle waits until no attempt is due.
func (c *Client) WaitIdle(ctx context.Context) error {
	return c.transport.WaitIdle(ctx, c.run)
}

// Configure sets all of a bin's settings and restarts its responses; ErrInvalidBin.
func (c *Client) Configure(ctx context.Context, bin string, set Settings) error {
	return c.transport.Configure(ctx, bin, set)
}

// Change changes some of a bin's settings. Nil members stay as they are, and concurrent changes do
// not undo each other; ErrInvalidBin.
func (c *Client) Change(ctx context.Context, bin string, change SettingsChange) (Settings, error) {
	return c.transport.Change(ctx, bin, change)
}

// Settings returns a bin's settings. They are zero if nobody configured the bin.
func (c *Client) Settings(ctx context.Context, bin string) (Settings, error) {
	return c.transport.Settings(ctx, bin)
}

// Bins returns every bin that has or had a capture, sorted by name.
func (c *Client) Bins(ctx context.Context) ([]BinSummary, error) {
	return c.transport.Bins(ctx)
}

// Stats returns the counts of a bin: what happened to every request for it.
func (c *Client) Stats(ctx context.Context, bin string) (BinStats, error) {
	return c.transport.Stats(ctx, bin)
}

// Sender describes the program that sent a bin's newest captures.
func (c *Client) Sender(ctx context.Context, bin string) (Sender, error) {
	return c.transport.Sender(ctx, bin)
}

// Captures returns the captures that the query selects, up to its limit, newest first unless the
// query says oldest; ErrInvalidBin.
func (c *Client) Captures(ctx context.Context, q Query) ([]Capture, error) {
	return c.transport.Captures(ctx, q)
}

// Capture returns one capture; ErrNotFound when the id is unknown or the capture was evicted.
func (c *Client) Capture(ctx context.Context, id string) (Capture, error) {
	return c.transport.Capture(ctx, id)
}

// Digests yields the number and the SHA-256 of the body of a bin's captures after a number, oldest
// first. It is for programs that compare many: a digest takes less time than a capture.
// ErrInvalidBin.
func (c *Client) Digests(ctx context.Context, bin string, after uint64) iter.Seq2[Digest, error] {
	return func(yield func(Digest, error) bool) {
		for more := true; more; {
			var page []Digest
			var err error
			if page, more, err = c.transport.Digests(ctx, bin, after); err != nil {
				yield(Digest{}, err)
				return
			}
			for _, d := range page {
				if after = d.Seq; !yield(d, nil) {
					return
				}
			}
		}
	}
}

// Export writes the captures that the query selects to w as a file, oldest first. Without bounds it
// writes all captures of the bin. It redacts secrets unless keepSecrets is true. ErrInvalidBin,
// ErrFile.
func (c *Client) Export(ctx context.Context, q Query, format FileFormat, keepSecrets bool, w io.Writer) error {
	return c.transport.Export(ctx, q, format, keepSecrets, w)
}

// Import adds the captures of a file to a bin. Its result lists the records that it could not read.
// ErrInvalidBin when it could read none.
func (c *Client) Import(ctx context.Context, bin string, format FileFormat, file io.Reader) (Imported, error) {
	return c.transport.Import(ctx, bin, format, file)
}

// Wait waits in a bin. A wait that runs out of time is not an error: see Waited.OK. ErrInvalidBin.
func (c *Client) Wait(ctx context.Context, bin string, w Wait) (Waited, error) {
	return c.transport.Wait(ctx, bin, w)
}

// Nodes lists the servers that share the server's database, the oldest first, and those that have
// ended without saying so for a day. Without others it returns the server.
func (c *Client) Nodes(ctx context.Context) ([]Node, error) { return c.transport.Nodes(ctx) }

// Follow calls handle for every record, and for every later change of it: a response, an attempt, a
// deletion. The first update is Ready; Follow misses nothing after it. It returns when ctx ends,
// with its cause, or with the first error of handle or of the server. ErrInvalidBin.
func (c *Client) Follow(ctx context.Context, o FollowOptions, handle func(Update) error) error {
	return c.transport.Follow(ctx, o, handle)
}

// ClearBin deletes a bin's captures and returns how many there were.
func (c *Client) ClearBin(ctx context.Context, bin string) (int, error) {
	return c.transport.ClearBin(ctx, bin)
}

// DeleteCaptures deletes the captures of a bin that the query selects, whatever its limit, and
// returns how many there were; ErrInvalidBin.
func (c *Client) DeleteCaptures(ctx context.Context, q Query) (int, error) {
	return c.transport.DeleteCaptures(ctx, q)
}

// transport carries the calls of a Client to a server: local in this process, remote over HTTP.
// Where a method takes a run, "" is none.
type transport interface {
	Close() error

	BeginRun(ctx context.Context, o RunOptions) (string, error)
	EndRun(ctx context.Context, run string) error

	BinURL(bin string) string
	Register(ctx context.Context, e Endpoint) (Endpoint, error)
	Remove(ctx context.Context, provider, endpoint string) error
	Endpoints(ctx context.Context, provider string) ([]Endpoint, error)
	Emit(ctx context.Context, provider string, e ...Emission) ([]Delivery, error)
	Delivery(ctx context.Context, id string) (Delivery, error)
	Deliveries(ctx context.Context, q DeliveryQuery) ([]Delivery, error)
	Redeliver(ctx context.Context, id string) (Delivery, error)
	Notices(ctx context.Context, provider string) ([]Notice, error)
	Clock(ctx context.Context, run string) (Clock, error)
	Advance(ctx context.Context, run string, by time.Duration) (Clock, error)
	WaitIdle(ctx context.Context, run string) error
	Configure(ctx context.Context, bin string, set Settings) error
	Change(ctx context.Context, bin string, c SettingsChange) (Settings, error)
	Settings(ctx context.Context, bin string) (Settings, error)
	Bins(ctx context.Context) ([]BinSummary, error)
	Stats(ctx context.Context, bin string) (BinStats, error)
	Sender(ctx context.Context, bin string) (Sender, error)
	Captures(ctx context.Context, q Query) ([]Capture, error)
	Capture(ctx context.Context, id string) (Capture, error)
	Digests(ctx context.Context, bin string, after uint64) (page []Digest, more bool, err error)
	Export(ctx context.Context, q Query, format FileFormat, keepSecrets bool, w io.Writer) error
	Import(ctx context.Context, bin string, format FileFormat, file io.Reader) (Imported, error)
	Wait(ctx context.Context, bin string, w Wait) (Waited, error)
	Follow(ctx context.Context, o FollowOptions, handle func(Update) error) error
	Nodes(ctx context.Context) ([]Node, error)
	ClearBin(ctx context.Context, bin string) (int, error)
	DeleteCaptures(ctx context.Context, q Query) (int, error)
}
