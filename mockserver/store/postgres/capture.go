package postgres

import (
	"context"
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
	if !ok || seq > math.MaxInt64 {
		seq = 0 // no capture has this number
	}
	return s.submit(ctx, needs{capture: seq}, func(t *tx) error {
		row, err := t.capture(seq)
		if err != nil {
			return err
		}
		if row == nil {
			return captureNotFound(id)
		}
		var c journal.Capture
		if err := unpacked(record.UnpackCapture(row.head, &c)); err != nil {
			return fmt.Errorf("capture %s: %w", id, err)
		}
		if err := t.loadBins([]int64{row.bin}); err != nil {
			return err
		}
		b := t.byID[row.bin]
		c.Response, c.Bin = &response, b.name
		size := int64(c.Size()) + row.body
		if size > maxCaptureBytes {
			return fmt.Errorf("the response to capture %s makes it %d bytes long, the limit is %d: %w", id, size, int64(maxCaptureBytes), errNoRoom)
		}
		if err := t.admit("capture "+id+" with its response", size); err != nil {
			return err
		}
		t.touch(b)
		b.bytes += size - row.size
		t.row.captureBytes += size - row.size
		row.head, row.size = record.PackCapture([]byte{}, &c), size
		t.batch.add(sqlUpdateHead, [][]byte{number(seq), row.head, number(size)}, nil)
		t.note(journal.Change{Kind: journal.ResponseSet, Bin: b.name, Seq: seq})
		return nil
	})
}

func captureNotFound(id string) error {
	return fmt.Errorf("capture %q: %w", id, journal.ErrNotFound)
}

// ClearBin deletes in portions, so that other requests do not have to wait for all of them.
func (s *store) ClearBin(ctx context.Context, name string) (int, error) {
	cleared, last := 0, int64(0)
	for {
		var n int
		err := s.submit(ctx, needs{bin: name}, func(t *tx) error {
			n = 0
			b, err := t.bin(name)
			if err != nil || b == nil {
				return err
			}
			if last == 0 {
				last = b.last // later captures stay
			}
			n, err = t.dropOldest(b, last, evictAtOnce, journal.BinCleared)
			b.cleared += int64(n)
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
		err := s.submit(ctx, needs{bin: name}, func(t *tx) error {
			n = 0
			b, err := t.bin(name)
			if err != nil || b == nil || b.count <= int64(keep) {
				return err
			}
			n, err = t.dropOldest(b, b.last, min(int(b.count)-keep, evictAtOnce), journal.CapturesEvicted)
			b.evicted += int64(n)
			t.row.evictedCaptures += int64(n)
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

// deleteAtOnce bounds how many captures one operation deletes by their numbers.
const deleteAtOnce = 1000

// DeleteCaptures deletes in portions, as ClearBin does.
func (s *store) DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error) {
	deleted := 0
	for {
		var portion []uint64
		for _, seq := range seqs[:min(len(seqs), deleteAtOnce)] {
			if seq <= math.MaxInt64 {
				portion = append(portion, seq)
			}
		}
		seqs = seqs[min(len(seqs), deleteAtOnce):]
		n := 0
		err := s.submit(ctx, needs{}, func(t *tx) (err error) {
			n, err = t.drop(portion)
			return err
		})
		if err != nil {
			return deleted, err
		}
		if deleted += n; len(seqs) == 0 {
			return deleted, nil
		}
	}
}
