package capture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Wait describes what is waited for in a bin.
type Wait struct {
	Where   string           `json:"where,omitempty"`   // a jq condition; "" is any capture
	Q       string           `json:"q,omitempty"`       // a query, as in Query; both must hold
	Count   int              `json:"count"`             // at least so many; 0 with Settle is "never"
	Max     *int             `json:"max,omitempty"`     // no more than so many
	After   uint64           `json:"after,omitempty"`   // only captures with a higher seq
	Timeout journal.Duration `json:"timeout,omitempty"` // 0 is 5 s, at most 10 min
	// Settle is how long the count must stay within its bounds once it is reached, at most 10 min. It comes after
	// the time that Timeout bounds.
	Settle journal.Duration `json:"settle,omitempty"`
}

// Waited is how a wait ended.
type Waited struct {
	OK bool `json:"ok"`
	// Count is how many captures matched; without Max, once there are enough, no more are looked for. Matched holds them,
	// oldest first; of more than 1000 only as many as were waited for, and no more than fit in 64 MiB, or in a
	// 16th of Options.InFlight where that was made smaller, but for the last one. What the bin let go of before the wait
	// was over is not among them.
	Count   int               `json:"count"`
	Matched []journal.Capture `json:"matched"`
	// Cursor is the highest seq that was looked at: what to wait after for what comes next.
	Cursor uint64 `json:"cursor"`
	// Reason says in a sentence why it failed.
	Reason string `json:"reason,omitempty"`
	// Inconclusive: it cannot be told whether there were enough, or too many, because the bin let captures go before they
	// were looked at. OK is false, and Reason says so.
	Inconclusive bool `json:"inconclusive,omitempty"`
	// Nearest are, when it failed, the captures that came closest, and why each did not match.
	Nearest []NearMiss `json:"nearest,omitempty"`
}

// LongestWait bounds Wait.Timeout and Wait.Settle.
const LongestWait = 10 * time.Minute

// Bounds of a Wait.
const (
	defaultTimeout = 5 * time.Second
	mostAwaited    = 100_000
)

// check fills in what was left out, or says what is wrong.
func (w *Wait) check() error {
	if w.Timeout == 0 {
		w.Timeout = journal.Duration(defaultTimeout)
	}
	if w.Max == nil && w.Count == 0 && w.Settle > 0 {
		w.Max = new(int) // never
	}
	switch {
	case w.Count < 0 || w.Count > mostAwaited:
		return fmt.Errorf("%w wait: count %d: want 0 to %d", ErrInvalid, w.Count, mostAwaited)
	case w.Max != nil && *w.Max < w.Count:
		return fmt.Errorf("%w wait: max %d: want at least the count, %d", ErrInvalid, *w.Max, w.Count)
	case w.Max == nil && w.Count == 0:
		return fmt.Errorf("%w wait: count 0: that is so already; give a count, or a settle time for \"never\"", ErrInvalid)
	case w.Timeout < 0 || time.Duration(w.Timeout) > LongestWait:
		return fmt.Errorf("%w wait: timeout %s: want up to %s", ErrInvalid, w.Timeout, LongestWait)
	case w.Settle < 0 || time.Duration(w.Settle) > LongestWait:
		return fmt.Errorf("%w wait: settle %s: want up to %s", ErrInvalid, w.Settle, LongestWait)
	}
	return nil
}

// Wait waits in a bin; it wakes as soon as a capture is stored. A wait that is not fulfilled is not an error: see
// Waited.OK. Errors wrap ErrInvalid, or are ctx's or the store's; journal.ErrClosed when the server closes meanwhile.
func (s *Server) Wait(ctx context.Context, name string, w Wait) (Waited, error) {
	return s.WaitInQueue(ctx, name, w, func(context.Context) error { return nil })
}

// WaitInQueue is Wait; when the wait is over, and before the captures of its result are read, it waits for its turn.
func (s *Server) WaitInQueue(ctx context.Context, name string, w Wait, turn func(context.Context) error) (Waited, error) {
	if err := checkNewBin(name); err != nil {
		return Waited{}, err
	}
	if err := w.check(); err != nil {
		return Waited{}, err
	}
	selected, err := s.newSelection(w.Q, w.Where, s.o.Now())
	if err != nil {
		return Waited{}, err
	}
	shared, leave := s.reads.of(name)
	defer leave()
	changes := s.o.Store.Watch(journal.Filter{Bin: name})
	defer changes.Close()
	watch := &watch{store: s.o.Store, shared: shared, changes: changes, bin: name, selected: selected, wait: &w, turn: turn, most: s.o.mostMatched(), cursor: w.After, result: Waited{Matched: []journal.Capture{}}}
	timer := time.NewTimer(time.Duration(w.Timeout))
	defer timer.Stop()
	settling := false
	var load pace
	for {
		if err := watch.look(ctx); err != nil {
			return Waited{}, err
		}
		switch {
		case watch.tooMany():
			return watch.failed(ctx)
		case !watch.enough() || settling:
		case w.Settle == 0:
			return watch.fulfilled(ctx)
		default:
			settling = true
			timer.Reset(time.Duration(w.Settle))
		}
		select {
		case <-changes.C():
			load.rest(ctx, s.closing)
		case <-timer.C:
			// What was stored before now counts, however late it is looked at.
			if err := watch.look(ctx); err != nil {
				return Waited{}, err
			}
			if !watch.enough() || watch.tooMany() {
				return watch.failed(ctx)
			}
			if settling || w.Settle == 0 {
				return watch.fulfilled(ctx)
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

// pace keeps a wait from looking anew for every single capture under load: after a few looks in a row, each look takes
// what came in the meantime. The first ones are at once.
type pace struct {
	since time.Time // the last look
	row   int       // looks without a pause between them
}

// Looks that are less than a restTime apart are in a row, of which there are no more than mostRow without a rest.
const (
	restTime = 500 * time.Microsecond
	mostRow  = 8
)

func (p *pace) rest(ctx context.Context, closing <-chan struct{}) {
	now := time.Now()
	if now.Sub(p.since) >= restTime {
		p.row = 0
	}
	p.since = now
	if p.row++; p.row <= mostRow {
		return
	}
	timer := time.NewTimer(restTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.since = now.Add(restTime)
	case <-ctx.Done():
	case <-closing:
	}
}

// watch looks at a bin's captures, each of them once.
type watch struct {
	store    journal.Store
	shared   *sharedRead
	changes  *journal.Watch
	bin      string
	selected *selection
	wait     *Wait
	turn     func(context.Context) error // called before the result is made
	cursor   uint64                      // the highest seq looked at
	seen     int                         // captures looked at
	sifted   bool                        // others were there, and not looked at because they do not hold the texts of the query
	matched  []uint64                    // seqs of the captures of the result, which are read when it is made
	most     int64                       // that they have, before the last one
	damaged  int                         // captures that the store could not read
	gap      bool                        // some may have been let go before they were looked at
	result   Waited
}

func (w *watch) enough() bool  { return w.result.Count >= w.wait.Count }
func (w *watch) tooMany() bool { return w.wait.Max != nil && w.result.Count > *w.wait.Max }

// decided says whether more captures would change nothing.
func (w *watch) decided() bool { return w.tooMany() || w.wait.Max == nil && w.enough() }

// look takes account of the captures that are new.
func (w *watch) look(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	page := journal.CaptureQuery{Bin: w.bin, After: w.cursor, Oldest: true}
	captures, more, err := w.shared.read(ctx, w.store, page, w.changes.At())
	if err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	if len(captures) > 0 {
		if err := w.checkGap(ctx); err != nil {
			return err
		}
	}
	for i := range captures {
		if err := w.take(ctx, &captures[i]); err != nil {
			return err
		}
		w.cursor = captures[i].Seq
	}
	if !more || w.decided() {
		return nil
	}
	return w.sift(ctx)
}

// mostMatched is how many bytes the captures in a result have, before the last one.
func (o Options) mostMatched() int64 {
	if o.InFlight >= usualInFlight {
		return usualInFlight / 4
	}
	return o.InFlight / 16
}

// take takes account of one capture.
func (w *watch) take(ctx context.Context, c *journal.Capture) error {
	w.seen++
	if c.IsDamaged() {
		w.damaged++
	}
	selected, err := w.selected.selects(ctx, c)
	if err != nil || !selected {
		return err
	}
	w.result.Count++
	if len(w.matched) < max(w.wait.Count, journal.MaxLimit) {
		w.matched = append(w.matched, c.Seq)
	}
	return nil
}

// fill reads the captures of the result, in its turn: a wait that goes on keeps none.
func (w *watch) fill(ctx context.Context) error {
	if err := w.turn(ctx); err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	size := int64(0)
	add := func(c *journal.Capture) bool {
		size += int64(c.Size())
		w.result.Matched = append(w.result.Matched, *c)
		return size < w.most
	}
	const few = 8 // are read one by one
	if len(w.matched) <= few {
		for _, seq := range w.matched {
			c, err := w.store.Capture(ctx, journal.CaptureID(seq))
			if errors.Is(err, journal.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("wait in bin %s: %w", w.bin, err)
			}
			if !add(&c) {
				break
			}
		}
		return nil
	}
	next := 0
	q := journal.CaptureQuery{Bin: w.bin, After: w.matched[0] - 1, Before: w.matched[len(w.matched)-1] + 1, Oldest: true}
	err := w.store.Search(ctx, q, nil, func(c *journal.Capture) bool {
		for next < len(w.matched) && w.matched[next] < c.Seq {
			next++
		}
		if next == len(w.matched) || w.matched[next] != c.Seq {
			return next < len(w.matched)
		}
		clone := c.Clone()
		return add(&clone)
	})
	if err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	return nil
}

// sift takes account of many new captures, of which the store leaves out most that do not match.
func (w *watch) sift(ctx context.Context) error {
	newest, err := w.store.Captures(ctx, journal.CaptureQuery{Bin: w.bin, After: w.cursor, Limit: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	w.sifted = w.sifted || len(w.selected.texts) > 0
	var failed error
	q := journal.CaptureQuery{Bin: w.bin, After: w.cursor, Before: newest[0].Seq + 1, Oldest: true}
	w.cursor = newest[0].Seq
	err = w.store.Search(ctx, q, w.selected.texts, func(c *journal.Capture) bool {
		if failed = w.take(ctx, c); failed == nil && w.decided() {
			w.cursor = c.Seq
			return false
		}
		return failed == nil
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	return nil
}

// checkGap notes whether captures after the cursor may be gone unseen: the bin is a ring, and when it holds nothing up
// to the cursor any more, it may have let go of what came after too.
func (w *watch) checkGap(ctx context.Context) error {
	if w.gap {
		return nil
	}
	if w.cursor > 0 {
		before, err := w.store.Captures(ctx, journal.CaptureQuery{Bin: w.bin, Before: w.cursor + 1, Limit: 1})
		if err != nil || len(before) > 0 {
			return err
		}
	}
	w.gap = true
	return nil
}

// fulfilled ends a wait that holds, if it can be told.
func (w *watch) fulfilled(ctx context.Context) (Waited, error) {
	w.result.Cursor = w.cursor
	if w.wait.Max != nil { // else those that were seen are enough, whatever is gone
		if err := w.markInconclusive(ctx); err != nil {
			return Waited{}, err
		}
	}
	w.result.OK = !w.result.Inconclusive
	err := w.fill(ctx)
	return w.result, err
}

// markInconclusive marks the result inconclusive when captures were evicted before the wait read them, or cannot be read.
func (w *watch) markInconclusive(ctx context.Context) error {
	if w.damaged > 0 {
		w.result.Inconclusive = true
		w.result.Reason = fmt.Sprintf("inconclusive: %d captures of bin %s are damaged and may have matched; clear the bin, or use another", w.damaged, w.bin)
		return nil
	}
	if err := w.checkGap(ctx); err != nil || !w.gap {
		return err
	}
	bins, err := w.store.Bins(ctx)
	if err != nil {
		return err
	}
	for _, b := range bins {
		if b.Name == w.bin && b.Evicted > 0 {
			w.result.Inconclusive = true
			w.result.Reason = fmt.Sprintf("inconclusive: bin %s let go of %d captures, and some of them may have matched; wait after a seq that it still holds, or use another bin",
				w.bin, b.Evicted)
			return nil
		}
	}
	stats, err := w.store.Stats(ctx)
	if err != nil {
		return err
	}
	if stats.Forgotten > w.wait.After {
		w.result.Inconclusive = true
		w.result.Reason = fmt.Sprintf("inconclusive: bins that were emptied to make room have been forgotten, and bin %s may be one of them; wait after seq %d, or keep more bytes",
			w.bin, stats.Forgotten)
	}
	return nil
}

// failed ends a wait that does not hold, with what is known of the reason.
func (w *watch) failed(ctx context.Context) (Waited, error) {
	w.result.Cursor, w.result.Reason = w.cursor, w.reason()
	if !w.tooMany() { // of which there are, whatever is gone
		if err := w.markInconclusive(ctx); err != nil {
			return Waited{}, err
		}
		if w.result.Inconclusive {
			w.result.Reason += "; " + w.reason()
		}
	}
	if err := w.fill(ctx); err != nil {
		return Waited{}, err
	}
	if w.enough() || w.selected.all() {
		return w.result, nil
	}
	nearest, err := w.nearest(ctx)
	if err != nil {
		return Waited{}, err
	}
	w.result.Nearest = nearest
	return w.result, nil
}

func (w *watch) reason() string {
	where := ""
	if !w.selected.all() {
		where = " with " + w.selected.String()
	}
	if w.tooMany() {
		return fmt.Sprintf("want at most %d captures%s, got %d", *w.wait.Max, where, w.result.Count)
	}
	text := fmt.Sprintf("want %d captures%s within %s, got %d", w.wait.Count, where, w.wait.Timeout, w.result.Count)
	after := ""
	if w.wait.After > 0 {
		after = fmt.Sprintf(" after seq %d", w.wait.After)
	}
	switch others := w.seen - w.result.Count; {
	case w.sifted:
		text += fmt.Sprintf("; others arrived in bin %s%s", w.bin, after)
	case w.seen == 0:
		text += fmt.Sprintf("; nothing at all arrived in bin %s%s", w.bin, after)
	case others > 0:
		text += fmt.Sprintf("; %d others arrived in bin %s%s", others, w.bin, after)
	}
	return text
}
