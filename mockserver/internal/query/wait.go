package query

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Wait says which captures to wait for in a bin.
type Wait struct {
	Where string `json:"where,omitempty"` // a jq condition; "" is any capture
	Q     string `json:"q,omitempty"`     // a query, as in Query; both must hold
	// at least this many; 0 with Settle is "never"
	Count   int              `json:"count"`
	Max     *int             `json:"max,omitempty"`     // at most this many
	After   uint64           `json:"after,omitempty"`   // only captures with a higher seq
	Timeout journal.Duration `json:"timeout,omitempty"` // 0 is 5 s, at most 10 min
	// Settle is how long the count must stay within its bounds once it reached them, at most 10
	// min. This time starts when the wait for the count ends, so Timeout does not include it.
	Settle journal.Duration `json:"settle,omitempty"`
}

// Waited is the result of a wait.
type Waited struct {
	OK bool `json:"ok"`
	// Count is how many captures matched. Without Max, the wait stops counting once there are
	// enough. Matched holds them, oldest first: up to 1000, or Count of the Wait if that is more,
	// and up to 64 MiB, or a 16th of Options.Memory if that was made smaller; the last one may
	// exceed the bytes. It lacks captures that the bin evicted before the wait ended.
	Count   int               `json:"count"`
	Matched []journal.Capture `json:"matched"`
	// Cursor is the highest seq that was checked. Wait after it for later captures.
	Cursor uint64 `json:"cursor"`
	// Reason says in a sentence why the wait failed.
	Reason string `json:"reason,omitempty"`
	// Inconclusive: the bin evicted captures before they were checked, so there may have been
	// enough, or too many. OK is false, and Reason explains it.
	Inconclusive bool `json:"inconclusive,omitempty"`
	// Nearest are, after a failure, the captures that matched most, and why each did not match.
	Nearest []NearMiss `json:"nearest,omitempty"`
}

// LongestWait bounds Wait.Timeout and Wait.Settle.
const LongestWait = 10 * time.Minute

// Bounds of a Wait.
const (
	defaultTimeout = 5 * time.Second
	maxAwaited     = 100_000
)

// check sets the defaults and returns what is wrong.
func (w *Wait) check() error {
	if w.Timeout == 0 {
		w.Timeout = journal.Duration(defaultTimeout)
	}
	if w.Max == nil && w.Count == 0 && w.Settle > 0 {
		w.Max = new(int) // never
	}
	switch {
	case w.Count < 0 || w.Count > maxAwaited:
		return fmt.Errorf("%w wait: count %d: want 0 to %d", journal.ErrInvalid, w.Count, maxAwaited)
	case w.Max != nil && *w.Max < w.Count:
		return fmt.Errorf("%w wait: max %d: want at least the count, %d", journal.ErrInvalid, *w.Max, w.Count)
	case w.Max == nil && w.Count == 0:
		return fmt.Errorf("%w wait: count 0: this is always true; give a count, or a settle time for \"never\"", journal.ErrInvalid)
	case w.Timeout < 0 || time.Duration(w.Timeout) > LongestWait:
		return fmt.Errorf("%w wait: timeout %s: want up to %s", journal.ErrInvalid, w.Timeout, LongestWait)
	case w.Settle < 0 || time.Duration(w.Settle) > LongestWait:
		return fmt.Errorf("%w wait: settle %s: want up to %s", journal.ErrInvalid, w.Settle, LongestWait)
	}
	return nil
}

// Wait waits in a bin; it wakes as soon as a capture is stored. A failed wait is not an error: see
// Waited.OK. Errors wrap journal.ErrInvalid, or come from ctx or the store; the error is
// journal.ErrClosed when the server closes meanwhile.
func (s *Searcher) Wait(ctx context.Context, name string, w Wait) (Waited, error) {
	return s.WaitInQueue(ctx, name, w, func(context.Context) error { return nil })
}

// WaitInQueue is Wait, but calls turn when the wait is over, before it reads the captures of the
// result. turn blocks until the caller may use the memory for them.
func (s *Searcher) WaitInQueue(ctx context.Context, name string, w Wait, turn func(context.Context) error) (Waited, error) {
	if err := journal.CheckNewBin(name); err != nil {
		return Waited{}, err
	}
	if err := w.check(); err != nil {
		return Waited{}, err
	}
	selected, err := s.newSelection(w.Q, w.Where, s.o.Now())
	if err != nil {
		return Waited{}, err
	}
	shared, leave := s.shared.of(name)
	defer leave()
	changes := s.o.Store.Watch(journal.Filter{Bin: name})
	defer changes.Close()
	waiter := &waiter{store: s.o.Store, shared: shared, changes: changes, bin: name, selected: selected, wait: &w, turn: turn, maxBytes: s.o.maxMatched(), cursor: w.After, result: Waited{Matched: []journal.Capture{}}}
	timer := time.NewTimer(time.Duration(w.Timeout))
	defer timer.Stop()
	settling := false
	var load throttle
	for {
		if err := waiter.readNew(ctx); err != nil {
			return Waited{}, err
		}
		switch {
		case waiter.tooMany():
			return waiter.failed(ctx)
		case !waiter.enough() || settling:
		case w.Settle == 0:
			return waiter.fulfilled(ctx)
		default:
			settling = true
			timer.Reset(time.Duration(w.Settle))
		}
		select {
		case <-changes.C():
			load.pause(ctx, s.closing)
		case <-timer.C:
			// Captures that were stored before the timeout count, even if they are read late.
			if err := waiter.readNew(ctx); err != nil {
				return Waited{}, err
			}
			if !waiter.enough() || waiter.tooMany() {
				return waiter.failed(ctx)
			}
			if settling || w.Settle == 0 {
				return waiter.fulfilled(ctx)
			}
			settling = true
			timer.Reset(time.Duration(w.Settle))
		case <-ctx.Done():
			return Waited{}, fmt.Errorf("wait in bin %s: %w", name, ctx.Err())
		case <-s.closing:
			return Waited{}, fmt.Errorf("wait in bin %s: the capture server closes: %w", name, journal.ErrClosed)
		}
	}
}

// throttle limits how often a wait reads new captures under load: after several reads in a row it
// pauses, so that the next read takes all that arrived meanwhile. The first reads are immediate.
type throttle struct {
	since time.Time // the last read
	row   int       // reads without a pause between them
}

// Reads less than throttlePause apart are in a row. After maxRow of them the wait pauses.
const (
	throttlePause = 500 * time.Microsecond
	maxRow        = 8
)

func (p *throttle) pause(ctx context.Context, closing <-chan struct{}) {
	now := time.Now()
	if now.Sub(p.since) >= throttlePause {
		p.row = 0
	}
	p.since = now
	if p.row++; p.row <= maxRow {
		return
	}
	timer := time.NewTimer(throttlePause)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.since = now.Add(throttlePause)
	case <-ctx.Done():
	case <-closing:
	}
}
