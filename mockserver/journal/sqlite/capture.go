package sqlite

import (
	"context"
	"fmt"
	"math"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// SetReply packs the capture's head anew, with the reply in it.
func (s *store) SetReply(ctx context.Context, id string, r journal.Reply) error {
	reply := r.Clone()
	seq, ok := journal.ParseCaptureID(id)
	return s.write(ctx, func(w *writer) error {
		if !ok {
			return captureNotFound(id)
		}
		ctx := context.Background()
		rows, err := w.stmts.selectHead.QueryContext(ctx, int64(seq))
		if err != nil {
			return err
		}
		var c journal.Capture
		found := false
		if err := each(rows, func() error {
			var head []byte
			found = true
			if err := rows.Scan(&head); err != nil {
				return err
			}
			return unpackCapture(head, &c)
		}); err != nil {
			return err
		}
		if !found {
			return captureNotFound(id)
		}
		c.Reply = &reply
		_, err = w.stmts.updateHead.ExecContext(ctx, packCapture(nil, &c), int64(seq))
		return err
	})
}

func captureNotFound(id string) error {
	return fmt.Errorf("capture %q: %w", id, journal.ErrNotFound)
}

// ClearBin deletes in portions, so that others need not wait for the end of a long one.
func (s *store) ClearBin(ctx context.Context, name string) (int, error) {
	cleared, last := 0, uint64(0)
	for {
		var n int
		err := s.write(ctx, func(w *writer) (err error) {
			n = 0
			b := w.bins[name]
			if b == nil {
				return nil
			}
			if last == 0 {
				last = b.last // what comes later stays
			}
			n, err = w.dropOldest(context.Background(), b, last, evictAtOnce)
			b.cleared += uint64(n)
			return err
		})
		if err != nil {
			return cleared, err
		}
		if cleared += n; n < evictAtOnce {
			return cleared, nil
		}
	}
}

// TrimBin evicts in portions, as ClearBin deletes.
func (s *store) TrimBin(ctx context.Context, name string, keep int) (int, error) {
	keep = max(0, keep)
	evicted := 0
	for {
		var n int
		err := s.write(ctx, func(w *writer) (err error) {
			n = 0
			b := w.bins[name]
			if b == nil || b.count <= keep {
				return nil
			}
			n, err = w.dropOldest(context.Background(), b, b.last, min(b.count-keep, evictAtOnce))
			b.evicted += uint64(n)
			return err
		})
		if err != nil {
			return evicted, err
		}
		if evicted += n; n < evictAtOnce {
			return evicted, nil
		}
	}
}

// DeleteCaptures deletes in portions, as ClearBin does.
func (s *store) DeleteCaptures(ctx context.Context, ids ...string) (int, error) {
	deleted := 0
	for first := true; first || len(ids) > 0; first = false { // without any too, so that a closed store says so
		portion := ids[:min(len(ids), evictAtOnce)]
		ids = ids[len(portion):]
		n := 0
		err := s.write(ctx, func(w *writer) (err error) {
			n, err = w.delete(context.Background(), portion)
			return err
		})
		if err != nil {
			return deleted, err
		}
		deleted += n
	}
	return deleted, nil
}

// delete deletes the captures of these ids, and returns how many there were.
func (w *writer) delete(ctx context.Context, ids []string) (int, error) {
	byID := make(map[int64]*bin, len(w.bins))
	for _, b := range w.bins {
		byID[b.id] = b
	}
	n := 0
	for _, id := range ids {
		seq, ok := journal.ParseCaptureID(id)
		if !ok || seq > math.MaxInt64 {
			continue
		}
		rows, err := w.stmts.deleteOne.QueryContext(ctx, int64(seq))
		if err != nil {
			return n, err
		}
		if err := each(rows, func() error {
			var id, size int64
			if err := rows.Scan(&id, &size); err != nil {
				return err
			}
			b := byID[id]
			if b == nil {
				return ErrCorrupt
			}
			b.count--
			b.bytes -= size
			b.cleared++
			w.held -= size
			w.touch(b)
			n++
			return nil
		}); err != nil {
			return n, err
		}
	}
	return n, nil
}
