package query

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// waiter reads a bin's captures, each of them once.
type waiter struct {
	store    journal.Store
	shared   *sharedRead
	changes  *journal.Watch
	bin      string
	selected *selection
	wait     *Wait
	turn     func(context.Context) error // called before the captures of the result are read
	cursor   uint64                      // the highest seq read
	seen     int                         // captures read
	// the store skipped captures that do not contain the texts of the query
	searched bool
	matched  []uint64 // seqs of the captures in the result
	maxBytes int64    // bytes of them, not counting the last one
	damaged  int      // captures that the store could not read
	gap      bool     // some may have been evicted before they were read
	result   Waited
}

func (w *waiter) enough() bool  { return w.result.Count >= w.wait.Count }
func (w *waiter) tooMany() bool { return w.wait.Max != nil && w.result.Count > *w.wait.Max }

// decided reports whether more captures cannot change the result.
func (w *waiter) decided() bool { return w.tooMany() || w.wait.Max == nil && w.enough() }

// readNew checks the captures that are new.
func (w *waiter) readNew(ctx context.Context) error {
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
	return w.search(ctx)
}

// maxMatched returns how many bytes the captures in a result may have, not counting the last one.
func (o Options) maxMatched() int64 {
	if o.Memory >= defaultMemory {
		return defaultMemory / 4
	}
	return o.Memory / 16
}

// take counts one capture, if it matches.
func (w *waiter) take(ctx context.Context, c *journal.Capture) error {
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

// fill reads the captures of the result after turn returned. A wait keeps none in memory before.
func (w *waiter) fill(ctx context.Context) error {
	if err := w.turn(ctx); err != nil {
		return fmt.Errorf("wait in bin %s: %w", w.bin, err)
	}
	size := int64(0)
	add := func(c *journal.Capture) bool {
		size += int64(c.Size())
		w.result.Matched = append(w.result.Matched, *c)
		return size < w.maxBytes
	}
	const few = 8 // read these one by one
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

// search checks many new captures; the store skips most that do not match.
func (w *waiter) search(ctx context.Context) error {
	newest, err := w.store.Captures(ctx, journal.CaptureQuery{Bin: w.bin, After: w.cursor, Limit: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	w.searched = w.searched || len(w.selected.texts) > 0
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

// checkGap notes whether captures after the cursor may have been evicted unread: a bin evicts its
// oldest captures first, so when it has none up to the cursor, later ones may be missing too.
func (w *waiter) checkGap(ctx context.Context) error {
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

// fulfilled returns the result of a wait that succeeded, unless it is inconclusive.
func (w *waiter) fulfilled(ctx context.Context) (Waited, error) {
	w.result.Cursor = w.cursor
	if w.wait.Max != nil { // without Max, the captures that were read suffice
		if err := w.markInconclusive(ctx); err != nil {
			return Waited{}, err
		}
	}
	w.result.OK = !w.result.Inconclusive
	err := w.fill(ctx)
	return w.result, err
}

// markInconclusive marks the result inconclusive when captures were evicted before the wait read
// them, or cannot be read.
func (w *waiter) markInconclusive(ctx context.Context) error {
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
			w.result.Reason = fmt.Sprintf("inconclusive: bin %s evicted %d captures, and some of them may have matched; wait after a seq that it still has, or use another bin",
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
		w.result.Reason = fmt.Sprintf("inconclusive: the store deleted whole bins to make room, and bin %s may be one of them; wait after seq %d, or keep more bytes",
			w.bin, stats.Forgotten)
	}
	return nil
}

// failed returns the result of a wait that failed, with the reason.
func (w *waiter) failed(ctx context.Context) (Waited, error) {
	w.result.Cursor, w.result.Reason = w.cursor, w.reason()
	if !w.tooMany() { // captures that were evicted cannot make it fewer
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

func (w *waiter) reason() string {
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
	case w.searched:
		text += fmt.Sprintf("; others arrived in bin %s%s", w.bin, after)
	case w.seen == 0:
		text += fmt.Sprintf("; nothing at all arrived in bin %s%s", w.bin, after)
	case others > 0:
		text += fmt.Sprintf("; %d others arrived in bin %s%s", others, w.bin, after)
	}
	return text
}
