package mockserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Bin is the handle of one bin: a capture address, made on first use.
type Bin struct {
	client *Client
	name   string
}

// Bin returns the handle of a bin of this server.
func (s *Server) Bin(name string) *Bin { return NewBin(s.Client(), name) }

// NewBin returns the handle of a bin of the server that client drives.
func NewBin(client *Client, name string) *Bin { return &Bin{client, name} }

// Client returns the client of the bin's server.
func (b *Bin) Client() *Client { return b.client }

// Name returns the bin's name.
func (b *Bin) Name() string { return b.name }

// URL returns the bin's address. The bin records requests to it and to every path below it.
func (b *Bin) URL() string { return b.client.BinURL(b.name) }

// Captures returns all captures that the bin keeps, oldest first.
func (b *Bin) Captures(ctx context.Context) ([]Capture, error) {
	query := Query{CaptureQuery: CaptureQuery{Bin: b.name, Limit: MaxLimit, Oldest: true}}
	var all []Capture
	for {
		page, err := b.client.Captures(ctx, query)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < MaxLimit {
			return all, nil
		}
		query.After = page[len(page)-1].Seq
	}
}

// waitLimit is how long Wait waits when its context has no deadline.
const waitLimit = 5 * time.Second

// Wait waits until the bin has n captures or more, and returns them, oldest first. It waits until
// ctx's deadline, or for five seconds without one. When too few arrive, the error wraps
// ErrNotReceived and lists how many arrived and the nearest captures.
func (b *Bin) Wait(ctx context.Context, n int) ([]Capture, error) {
	limit := waitLimit
	waiting := ctx
	if deadline, ok := ctx.Deadline(); ok {
		// The wait has its own limit before ctx ends, so that it can still report what arrived.
		limit = min(max(time.Until(deadline), time.Millisecond), query.LongestWait)
		var cancel context.CancelFunc
		waiting, cancel = context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() {
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				cancel()
			}
		})()
	}
	waited, err := b.client.Wait(waiting, b.name, Wait{Count: n, Timeout: Duration(limit)})
	if err != nil {
		return nil, err
	}
	if !waited.OK {
		return waited.Matched, fmt.Errorf("bin %s: %w: %s%s", b.name, ErrNotReceived, waited.Reason, nearest(waited))
	}
	return waited.Matched, nil
}

// WaitFor waits as w says. A wait that runs out of time is not an error: see Waited.OK and
// Waited.Nearest.
func (b *Bin) WaitFor(ctx context.Context, w Wait) (Waited, error) {
	return b.client.Wait(ctx, b.name, w)
}

// Respond makes the bin give these responses, one after the other; it repeats the last one. Without
// any it answers 200 again.
func (b *Bin) Respond(ctx context.Context, responses ...Response) error {
	_, err := b.client.Change(ctx, b.name, SettingsChange{Responses: &Script{Sequence: responses}})
	return err
}

// VerifyWith makes the bin verify every capture as it arrives, with a provider's scheme and these
// secrets.
func (b *Bin) VerifyWith(ctx context.Context, provider string, secrets ...string) error {
	_, err := b.client.Change(ctx, b.name, SettingsChange{Provider: &provider, Secrets: &secrets})
	return err
}

// Configure sets all of the bin's settings.
func (b *Bin) Configure(ctx context.Context, set Settings) error {
	return b.client.Configure(ctx, b.name, set)
}

// Stats returns the bin's counts: what happened to every request for it.
func (b *Bin) Stats(ctx context.Context) (BinStats, error) {
	return b.client.Stats(ctx, b.name)
}

// Sender describes the program that sent the bin's newest captures: after which responses it
// retries, how long it waits, what it repeats.
func (b *Bin) Sender(ctx context.Context) (Sender, error) {
	return b.client.Sender(ctx, b.name)
}

// Clear deletes the bin's captures and returns how many there were.
func (b *Bin) Clear(ctx context.Context) (int, error) { return b.client.ClearBin(ctx, b.name) }

// Delete deletes the bin's captures that a query selects (QueryHelp explains the language), and
// returns how many there were.
func (b *Bin) Delete(ctx context.Context, q string) (int, error) {
	return b.client.DeleteCaptures(ctx, Query{CaptureQuery: CaptureQuery{Bin: b.name}, Q: q})
}

// nearest describes the nearest captures, one a line.
func nearest(w Waited) string {
	var text strings.Builder
	for _, miss := range w.Nearest {
		fmt.Fprintf(&text, "\n  %s %s: %s", miss.Capture.Method, miss.Capture.Target, strings.Join(miss.Differences, "; "))
	}
	return text.String()
}
