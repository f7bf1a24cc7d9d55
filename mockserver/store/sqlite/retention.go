package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// bin is a row of bins in the writer's memory.
type bin struct {
	id      int64
	name    string
	count   int
	bytes   int64
	last    uint64
	evicted uint64
	cleared uint64
	touched bool // it is in writer.dirty
	listed  bool // it is in writer.emptyBins
}

func (b *bin) size() int64 { return int64((&journal.Bin{Name: b.name}).Size()) }

// load reads what the writer has in memory.
func (w *writer) load(ctx context.Context) error {
	w.bins, w.byID, w.seq, w.bytes = map[string]*bin{}, map[int64]*bin{}, 0, account{}
	w.dirty, w.emptyBins, w.counted = w.dirty[:0], nil, w.counted[:0]
	rows, err := w.conn.QueryContext(ctx, "SELECT id, name, count, bytes, last, evicted, cleared FROM bins ORDER BY last")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		b := &bin{}
		if err := rows.Scan(&b.id, &b.name, &b.count, &b.bytes, &b.last, &b.evicted, &b.cleared); err != nil {
			return err
		}
		w.bins[b.name], w.byID[b.id] = b, b
		w.seq = max(w.seq, b.last)
		w.bytes.captures += b.bytes
		w.bytes.bins += b.size()
		if b.count > w.s.o.PerBin {
			w.touch(b) // the limit was lowered: the next transaction evicts the rest
		}
		if b.count == 0 {
			b.listed = true
			w.emptyBins = append(w.emptyBins, b)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := w.loadAccount(ctx); err != nil {
		return err
	}
	const question = "SELECT (SELECT count(*) FROM deliveries), (SELECT coalesce(max(seq), 0) FROM deliveries)"
	var last uint64
	if err := w.conn.QueryRowContext(ctx, question).Scan(&w.deliveries, &last); err != nil {
		return err
	}
	// The mark may be ahead of the file: the numbers of lost records are not used again.
	w.foundSeq, w.foundDelivery = w.seq, max(last, uint64(w.counters[lastDelivery]))
	w.seq, w.deliverySeq = max(w.foundSeq, w.markedSeq), max(w.foundDelivery, w.markedDelivery)
	if n := len(w.pending); n > 0 {
		w.seq = max(w.seq, w.pending[n-1].seq)
	}
	w.stale = false
	return nil
}

// bin returns the bin with that name. It creates the bin if it is missing.
func (w *writer) bin(ctx context.Context, name string) (*bin, error) {
	if b := w.bins[name]; b != nil {
		return b, nil
	}
	b := &bin{name: strings.Clone(name)} // name shares the memory of a whole request head
	if err := w.stmts.insertBin.QueryRowContext(ctx, []byte(name)).Scan(&b.id); err != nil {
		return nil, err
	}
	w.bins[name], w.byID[b.id] = b, b
	w.bytes.bins += b.size()
	return b, nil
}

// touch marks a bin's row to be written at the end of the transaction.
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

// evictAtOnce is how many captures one statement deletes at most.
const evictAtOnce = 10_000

// retain evicts the oldest captures of the changed bins that are over their limit, and then
// whatever is over the limit of bytes.
func (w *writer) retain(ctx context.Context) error {
	for _, b := range w.dirty {
		for b.count > w.s.o.PerBin {
			n, err := w.dropOldest(ctx, b, b.last, min(b.count-w.s.o.PerBin, evictAtOnce), journal.CapturesEvicted)
			if err != nil {
				return err
			}
			if n == 0 {
				w.resetCount(b)
			}
			b.evicted += uint64(n)
		}
	}
	return w.makeRoom(ctx)
}

// dropOldest deletes at most n captures of a bin, oldest first, up to the number last. It returns
// how many it deleted.
func (w *writer) dropOldest(ctx context.Context, b *bin, last uint64, n int, kind journal.ChangeKind) (int, error) {
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
	w.bytes.captures -= bytes
	w.freed = true
	w.touch(b)
	w.note(journal.Change{Kind: kind, Bin: b.name, Seq: uint64(upTo)})
	return count, w.noteEmpty(ctx, b)
}

// dropOldestOfAll evicts captures of all bins, oldest first, up to the number last, until enough
// returns true. It returns how many it evicted, at most evictAtOnce.
func (w *writer) dropOldestOfAll(ctx context.Context, last uint64, enough func() bool) (int, error) {
	rows, err := w.stmts.oldestOfAll.QueryContext(ctx, int64(last), evictAtOnce)
	if err != nil {
		return 0, err
	}
	count, upTo := 0, int64(0)
	var emptied []*bin
	if err := each(rows, func() error {
		if enough() {
			return nil
		}
		var size, id int64
		if err := rows.Scan(&upTo, &size, &id); err != nil {
			return err
		}
		b := w.byID[id]
		if b == nil {
			return ErrCorrupt
		}
		b.count--
		b.bytes -= size
		b.evicted++
		w.bytes.captures -= size
		w.touch(b)
		w.note(journal.Change{Kind: journal.CapturesEvicted, Bin: b.name, Seq: uint64(upTo)})
		if b.count == 0 {
			emptied = append(emptied, b)
		}
		count++
		return nil
	}); err != nil || count == 0 {
		return 0, err
	}
	for _, b := range emptied {
		if err := w.noteEmpty(ctx, b); err != nil {
			return 0, err
		}
	}
	w.freed = true
	_, err = w.stmts.deleteOf.ExecContext(ctx, upTo)
	return count, err
}

// drop deletes one capture and reports whether it existed.
func (w *writer) drop(ctx context.Context, seq uint64) (bool, error) {
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
	b := w.byID[id]
	if b == nil {
		return false, ErrCorrupt
	}
	b.count--
	b.bytes -= size
	b.cleared++
	w.bytes.captures -= size
	w.freed = true
	w.touch(b)
	w.note(journal.Change{Kind: journal.CaptureDeleted, Bin: b.name, Seq: seq})
	return true, w.noteEmpty(ctx, b)
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
