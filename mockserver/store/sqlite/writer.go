package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Figures of the file, measured with bodies of 500 bytes.
const (
	pageSize   = 4096 // SQLite's own: 8192 was no faster
	insertRows = 8    // captures that one statement inserts

	insertBytes = 1 << 20 // that captures have, at the most, before they are inserted
)

// writer is the one goroutine that writes. It alone touches its fields.
type writer struct {
	s     *store
	conn  *sql.Conn
	stmts statements

	bins        map[string]*bin
	seq         uint64 // of the last capture
	deliverySeq uint64 // of the last delivery

	foundSeq, foundDelivery uint64 // the last ones that the file holds, when it was read
	deliveries              int    // held
	byID                    map[int64]*bin
	empties                 []*bin // those that became empty, in that order, and may have captures again
	bytes                   account
	counters                map[string]int64
	stale                   bool // the fields above may differ from the file
	tight                   bool // the disk is nearly full

	batch      []*request
	freed      bool // pages of the file may be free
	reclaiming bool // they are being given back

	dirty   []*bin           // whose rows must be written in this transaction
	counted []string         // counters that must be
	changes []journal.Change // that this transaction made, or so many that all watches miss some: see note
	args    []driver.NamedValue
}

func newWriter(ctx context.Context, s *store) (*writer, error) {
	conn, err := s.db.writing.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{s: s, conn: conn, args: make([]driver.NamedValue, insertRows*captureColumns)}
	for i := range w.args {
		w.args[i].Ordinal = i + 1
	}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := w.load(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.compareMark()
	return w, nil
}

// run commits what gathers until the queue is closed and empty.
func (w *writer) run() {
	defer w.close()
	ctx := context.Background() // what was taken is committed, whoever still waits for it
	largest := int(min(batchBytes, max(1<<20, w.s.o.Bytes/32)))
	for range w.s.queue.ready {
		var closed bool
		bound := largest
		if w.tight {
			bound = int(min(int64(bound), w.s.db.reserve.size/4))
		}
		if w.batch, closed = w.s.queue.take(w.batch[:0], bound); len(w.batch) > 0 {
			w.answer(w.commit(ctx))
			_ = w.checkpoint(ctx)
			w.s.textIndexes.reach(w.seq)
		} else if closed {
			return
		}
		freed := w.freed
		if more, err := w.reclaim(ctx); more && err == nil {
			w.s.queue.wake()
		} else if freed && !w.freed {
			_ = w.s.db.reserve.take() // there may be room again
		}
		if closed {
			w.s.queue.wake()
		}
	}
}

// answer wakes those whose requests were committed, or failed with err.
func (w *writer) answer(err error) {
	if err == nil { // first, so that whoever is answered finds it told
		w.s.feed.Add(w.changes...)
		w.s.feed.Wake()
	}
	for _, r := range w.batch {
		if err != nil {
			r.err = err
		}
		r.done <- struct{}{}
	}
	clear(w.batch)
}

// commit writes the batch in one transaction. An error means that nothing of it was kept. A full disk may still have
// room in the log, once that has been carried over into the file: then a second try succeeds.
func (w *writer) commit(ctx context.Context) error {
	err := w.try(ctx)
	if isFull(err) && w.emptyLog(ctx) {
		err = w.try(ctx)
	}
	if isFull(err) {
		err = w.commitDeletions(ctx, err)
	}
	if err == nil {
		w.s.db.mark.set(w.seq, w.deliverySeq)
	}
	return explain("writing to the journal", err)
}

func isFull(err error) bool { return code(err)&0xff == sqlite3.SQLITE_FULL }

// commitDeletions gives up the reserve for what the batch deletes. The rest of it fails with the error why.
func (w *writer) commitDeletions(ctx context.Context, why error) error {
	deletions := make([]*request, 0, len(w.batch))
	for _, r := range w.batch {
		if r.frees {
			deletions = append(deletions, r)
		}
	}
	if len(deletions) == 0 || !w.s.db.reserve.giveUp() {
		return why
	}
	w.emptyLog(ctx)
	whole := w.batch
	w.batch = deletions
	err := w.try(ctx)
	w.batch = whole
	if err != nil {
		return err
	}
	w.freed = true
	for _, r := range whole {
		if !r.frees {
			r.err = explain("writing to the journal", why)
		}
	}
	return nil
}

// compareMark tells what was stored once and is not there any more.
func (w *writer) compareMark() {
	m := w.s.db.mark
	if m.capture > w.foundSeq || m.delivery > w.foundDelivery {
		w.s.told.Error("the journal has lost records that it had stored: its log was damaged, cut short or removed, or an older copy of it was put here",
			"captures_up_to", w.foundSeq, "captures_stored_up_to", m.capture, "deliveries_up_to", w.foundDelivery, "deliveries_stored_up_to", m.delivery)
	}
	m.set(w.seq, w.deliverySeq)
}

// emptyLog carries the whole log over into the file and says whether it could. Whoever reads meanwhile
// keeps it from that, so it tries for a while.
func (w *writer) emptyLog(ctx context.Context) bool {
	const tries, pause = 20, 5 * time.Millisecond
	for range tries {
		var p progress
		if err := p.read(ctx, w.stmts.checkpoint); err == nil && p.left() == 0 {
			return p.logged > 0
		}
		time.Sleep(pause)
	}
	return false
}

// try makes one transaction of the batch, or nothing.
func (w *writer) try(ctx context.Context) error {
	if w.stale {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	w.changes = w.changes[:0]
	err := w.transact(ctx)
	if err != nil {
		w.stale = true
		_, _ = w.stmts.rollback.ExecContext(ctx) // fails where SQLite has done it by itself
	}
	return err
}

func (w *writer) transact(ctx context.Context) error {
	if _, err := w.stmts.begin.ExecContext(ctx); err != nil {
		return err
	}
	if err := w.insertCaptures(ctx); err != nil {
		return err
	}
	for _, r := range w.batch {
		if r.operation == nil {
			continue
		}
		if err := w.operate(r); err != nil {
			return err
		}
	}
	if err := w.retain(ctx); err != nil {
		return err
	}
	if err := w.saveBins(ctx); err != nil {
		return err
	}
	if err := w.saveAccount(ctx); err != nil {
		return err
	}
	_, err := w.stmts.commit.ExecContext(ctx)
	return err
}

// operate runs an operation. One that finds its record missing, taken, damaged or without room fails alone, and what it has
// changed stays; any other error fails the transaction.
func (w *writer) operate(r *request) error {
	r.err = r.operation(w)
	if errors.Is(r.err, journal.ErrNotFound) || errors.Is(r.err, journal.ErrExists) ||
		errors.Is(r.err, errRecord) || errors.Is(r.err, errRoom) {
		return nil
	}
	return r.err
}

// insertCaptures numbers the captures of the batch, in their order, and inserts them.
func (w *writer) insertCaptures(ctx context.Context) error {
	n, size := 0, 0
	flush := func() error {
		return w.conn.Raw(func(any) error { return w.insertRows(ctx, n) })
	}
	for _, r := range w.batch {
		if r.operation != nil {
			continue
		}
		counted := int64(r.size)
		if w.bins[r.bin] == nil {
			counted += int64((&journal.Bin{Name: r.bin}).Size())
		}
		if r.err = w.admit("a capture", counted); r.err != nil {
			continue
		}
		b, err := w.bin(ctx, r.bin)
		if err != nil {
			return err
		}
		w.seq++
		r.seq = w.seq
		b.last = w.seq
		b.count++
		b.bytes += int64(r.size)
		w.bytes.captures += int64(r.size)
		w.touch(b)
		w.note(journal.Change{Kind: journal.CaptureStored, Bin: b.name, Seq: r.seq})
		body := r.body
		if body == nil {
			body = []byte{}
		}
		row := w.args[n*captureColumns:][:captureColumns]
		row[0].Value, row[1].Value, row[2].Value, row[3].Value, row[4].Value = int64(r.seq), b.id, int64(r.size), r.head, body
		n, size = n+1, size+r.size
		if n == insertRows || size >= insertBytes {
			if err := flush(); err != nil {
				return err
			}
			n, size = 0, 0
		}
	}
	if n == 0 {
		return nil
	}
	return flush()
}

// insertRows inserts the first n rows of args: all in one statement when they are insertRows, else one by one.
func (w *writer) insertRows(ctx context.Context, n int) error {
	if n == insertRows {
		_, err := w.stmts.insertMany.ExecContext(ctx, w.args)
		return err
	}
	var row [captureColumns]driver.NamedValue
	for i := range n {
		for j := range row {
			row[j] = driver.NamedValue{Ordinal: j + 1, Value: w.args[i*captureColumns+j].Value}
		}
		if _, err := w.stmts.insertOne.ExecContext(ctx, row[:]); err != nil {
			return err
		}
	}
	return nil
}

// note keeps a change for those who watch, once it is committed. Of more changes than the feed keeps
// it drops the rest: whoever watches then knows that he missed some.
func (w *writer) note(c journal.Change) {
	if n := len(w.changes) - 1; n >= 0 && c.Kind == journal.CapturesEvicted && w.changes[n].Kind == c.Kind && w.changes[n].Bin == c.Bin {
		w.changes[n].Seq = c.Seq
		return
	}
	if len(w.changes) <= journal.FeedSize {
		w.changes = append(w.changes, c)
	}
}

func (w *writer) close() {
	for _, stmt := range []driver.StmtExecContext{w.stmts.insertOne, w.stmts.insertMany} {
		_ = stmt.(driver.Stmt).Close()
	}
	for _, stmt := range w.stmts.all {
		_ = stmt.Close()
	}
	_ = w.conn.Close()
}
