package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// bin is a row of bins as the writer keeps it.
type bin struct {
	id      int64
	name    string
	count   int
	bytes   int64
	last    uint64
	evicted uint64
	cleared uint64
	touched bool // is in writer.dirty
}

// load reads what the writer keeps in memory.
func (w *writer) load(ctx context.Context) error {
	w.bins, w.seq, w.held = map[string]*bin{}, 0, 0
	w.dirty = w.dirty[:0]
	rows, err := w.conn.QueryContext(ctx, "SELECT id, name, count, bytes, last, evicted, cleared FROM bins")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		b := &bin{}
		if err := rows.Scan(&b.id, &b.name, &b.count, &b.bytes, &b.last, &b.evicted, &b.cleared); err != nil {
			return err
		}
		w.bins[b.name] = b
		w.seq = max(w.seq, b.last)
		w.held += b.bytes
		if b.count > w.s.o.PerBin {
			w.touch(b) // the bound was lowered: the next transaction sees to it
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	const question = "SELECT (SELECT count(*) FROM deliveries), (SELECT coalesce(max(seq), 0) FROM deliveries)"
	if err := w.conn.QueryRowContext(ctx, question).Scan(&w.deliveries, &w.deliverySeq); err != nil {
		return err
	}
	w.stale = false
	return nil
}

// bin returns the bin of that name, which is made on first use.
func (w *writer) bin(ctx context.Context, name string) (*bin, error) {
	if b := w.bins[name]; b != nil {
		return b, nil
	}
	b := &bin{name: name}
	if err := w.stmts.insertBin.QueryRowContext(ctx, []byte(name)).Scan(&b.id); err != nil {
		return nil, err
	}
	w.bins[name] = b
	return b, nil
}

// touch has a bin's row written at the end of the transaction.
func (w *writer) touch(b *bin) {
	if !b.touched {
		b.touched = true
		w.dirty = append(w.dirty, b)
	}
}

func (w *writer) saveBins(ctx context.Context) error {
	for _, b := range w.dirty {
		b.touched = false
		if _, err := w.stmts.updateBin.ExecContext(ctx, b.count, b.bytes, int64(b.last), int64(b.evicted), int64(b.cleared), b.id); err != nil {
			return err
		}
	}
	w.dirty = w.dirty[:0]
	return nil
}

// evictAtOnce bounds how many captures one statement deletes.
const evictAtOnce = 10_000

// retain drops the oldest captures of the bins that the batch made too long, and the oldest of all when there are
// too many bytes.
func (w *writer) retain(ctx context.Context) error {
	for _, b := range w.dirty {
		for b.count > w.s.o.PerBin {
			n, err := w.dropOldest(ctx, b, b.last, min(b.count-w.s.o.PerBin, evictAtOnce))
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("%w: bin %q counts captures that are not there", ErrCorrupt, b.name)
			}
			b.evicted += uint64(n)
		}
	}
	for w.held > w.s.o.Bytes {
		n, err := w.dropOldestOfAll(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%w: it counts bytes that no capture has", ErrCorrupt)
		}
	}
	return nil
}

// dropOldest deletes at most n captures of a bin, oldest first, up to the number last, and returns how many.
func (w *writer) dropOldest(ctx context.Context, b *bin, last uint64, n int) (int, error) {
	rows, err := w.stmts.oldestOfBin.QueryContext(ctx, b.id, int64(last), n)
	if err != nil {
		return 0, err
	}
	count, bytes, upTo := 0, int64(0), int64(0)
	if err := each(rows, func() error {
		var size int64
		err := rows.Scan(&upTo, &size)
		count++
		bytes += size
		return err
	}); err != nil || count == 0 {
		return 0, err
	}
	if _, err := w.stmts.deleteOfBin.ExecContext(ctx, b.id, upTo); err != nil {
		return 0, err
	}
	b.count -= count
	b.bytes -= bytes
	w.held -= bytes
	w.touch(b)
	return count, nil
}

// dropOldestOfAll deletes captures, whatever their bin, oldest first, until the bytes fit, and returns how many.
func (w *writer) dropOldestOfAll(ctx context.Context) (int, error) {
	byID := w.binsByID()
	rows, err := w.stmts.oldestOfAll.QueryContext(ctx, evictAtOnce)
	if err != nil {
		return 0, err
	}
	count, upTo := 0, int64(0)
	if err := each(rows, func() error {
		if w.held <= w.s.o.Bytes {
			return nil
		}
		var size, id int64
		if err := rows.Scan(&upTo, &size, &id); err != nil {
			return err
		}
		b := byID[id]
		if b == nil {
			return ErrCorrupt
		}
		b.count--
		b.bytes -= size
		b.evicted++
		w.held -= size
		w.touch(b)
		count++
		return nil
	}); err != nil || count == 0 {
		return 0, err
	}
	_, err = w.stmts.deleteOf.ExecContext(ctx, upTo)
	return count, err
}

func (w *writer) binsByID() map[int64]*bin {
	byID := make(map[int64]*bin, len(w.bins))
	for _, b := range w.bins {
		byID[b.id] = b
	}
	return byID
}

// drop deletes one capture and says whether there was one of that number.
func (w *writer) drop(ctx context.Context, seq uint64, byID map[int64]*bin) (bool, error) {
	if seq > math.MaxInt64 {
		return false, nil
	}
	var size, id int64
	err := w.stmts.deleteOne.QueryRowContext(ctx, int64(seq)).Scan(&id, &size)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	b := byID[id]
	if b == nil {
		return false, ErrCorrupt
	}
	b.count--
	b.bytes -= size
	b.cleared++
	w.held -= size
	w.touch(b)
	return true, nil
}

// each calls do for every row and closes rows.
func each(rows *sql.Rows, do func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := do(); err != nil {
			return err
		}
	}
	return rows.Err()
}
