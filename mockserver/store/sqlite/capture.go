package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
)

// SetResponse packs the head of the capture again with the response. It returns ErrFull if the
// response does not fit.
func (s *store) SetResponse(ctx context.Context, id string, r journal.Response) error {
	response := r.Clone()
	seq, ok := journal.ParseCaptureID(id)
	return s.write(ctx, func(w *writer) error {
		if !ok || seq > math.MaxInt64 {
			return captureNotFound(id)
		}
		ctx := context.Background()
		var head []byte
		var body, before, bin int64
		err := w.stmts.selectHead.QueryRowContext(ctx, int64(seq)).Scan(&head, &body, &before, &bin)
		if errors.Is(err, sql.ErrNoRows) {
			return captureNotFound(id)
		}
		if err != nil {
			return err
		}
		var c journal.Capture
		if err := unpacked(record.UnpackCapture(head, &c)); err != nil {
			return fmt.Errorf("capture %s: %w", id, err)
		}
		b := w.byID[bin]
		if b == nil {
			return ErrCorrupt
		}
		c.Response, c.Bin = &response, b.name
		size := int64(c.Size()) + body
		if size > maxCaptureBytes {
			return fmt.Errorf("the response to capture %s makes it %d bytes long, the limit is %d: %w", id, size, int64(maxCaptureBytes), errNoRoom)
		}
		if err := w.admit("capture "+id+" with its response", size); err != nil {
			return err
		}
		b.bytes += size - before
		w.bytes.captures += size - before
		w.touch(b)
		w.note(journal.Change{Kind: journal.ResponseSet, Bin: b.name, Seq: seq})
		_, err = w.stmts.updateHead.ExecContext(ctx, record.PackCapture(nil, &c), size, int64(seq))
		return err
	})
}

func captureNotFound(id string) error {
	return fmt.Errorf("capture %q: %w", id, journal.ErrNotFound)
}

// ClearBin deletes in portions, so that other requests do not have to wait for all of them.
func (s *store) ClearBin(ctx context.Context, name string) (int, error) {
	cleared, last := 0, uint64(0)
	for {
		var n int
		err := s.free(ctx, func(w *writer) (err error) {
			n = 0
			b := w.bins[name]
			if b == nil {
				return nil
			}
			if last == 0 {
				last = b.last // later captures stay
			}
			n, err = w.dropOldest(context.Background(), b, last, evictAtOnce, journal.BinCleared)
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

// TrimBin evicts in portions, as ClearBin does.
func (s *store) TrimBin(ctx context.Context, name string, keep int) (int, error) {
	keep = max(0, keep)
	evicted := 0
	for {
		var n int
		err := s.free(ctx, func(w *writer) (err error) {
			n = 0
			b := w.bins[name]
			if b == nil || b.count <= keep {
				return nil
			}
			n, err = w.dropOldest(context.Background(), b, b.last, min(b.count-keep, evictAtOnce), journal.CapturesEvicted)
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
func (s *store) DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error) {
	deleted := 0
	for {
		portion := seqs[:min(len(seqs), deleteAtOnce)]
		seqs = seqs[len(portion):]
		n := 0
		err := s.free(ctx, func(w *writer) error {
			n = 0
			for _, seq := range portion {
				found, err := w.drop(context.Background(), seq)
				if err != nil {
					return err
				}
				if found {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return deleted, err
		}
		if deleted += n; len(seqs) == 0 {
			return deleted, nil
		}
	}
}

// deleteAtOnce bounds how many captures one operation deletes by their numbers.
const deleteAtOnce = 1000
