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

// These figures were measured with bodies of 500 bytes.
const (
	pageSize   = 4096 // SQLite's default: 8192 was no faster
	insertRows = 8    // captures inserted by one statement

	insertBytes = 1 << 20 // captures are inserted once they have this many bytes
)

// writer is the one goroutine that writes. No other goroutine uses its fields.
type writer struct {
	s     *store
	conn  *sql.Conn
	stmts statements

	bins        map[string]*bin
	seq         uint64 // the last capture
	deliverySeq uint64 // the last delivery

	foundSeq, foundDelivery uint64 // the last ones in the file when it was loaded
	deliveries              int    // stored
	byID                    map[int64]*bin
	// The order is that in which they became empty. Some may have captures again.
	emptyBins  []*bin
	bytes      account
	counters   map[string]int64
	stale      bool // the fields above may differ from the file
	nearlyFull bool // the disk is nearly full

	batch      []*request
	freed      bool // the file may have free pages
	reclaiming bool // free pages are being returned to the file system

	untruncated bool      // the log is still to be emptied, which a reader or a checkpoint prevented
	truncated   time.Time // when that was last tried

	dirty   []*bin           // bins to write in this transaction
	counted []string         // counters to write in this transaction
	changes []journal.Change // of this transaction; see note
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

// run commits requests until the queue is closed and empty.
func (w *writer) run() {
	defer w.close()
	ctx := context.Background() // a taken request is committed even if its sender no longer waits
	largest := int(min(batchBytes, max(1<<20, w.s.o.Bytes/32)))
	for range w.s.queue.ready {
		var closed bool
		bound := largest
		if w.nearlyFull {
			bound = int(min(int64(bound), w.s.db.reserve.size/4))
		}
		if w.batch, closed = w.s.queue.take(w.batch[:0], bound); len(w.batch) > 0 {
			w.finish(w.commit(ctx))
			_ = w.checkpoint(ctx)
			w.s.textIndexes.notify(w.seq)
		} else if closed {
			return
		}
		freed := w.freed
		if more, err := w.reclaim(ctx); more && err == nil {
			w.s.queue.wake()
		} else if freed && !w.freed {
			_ = w.s.db.reserve.acquire() // the disk may have space again
		}
		if closed {
			w.s.queue.wake()
		}
	}
}

// finish wakes the senders whose requests were committed or failed with err.
func (w *writer) finish(err error) {
	if err == nil { // before done, so that a sender that was answered finds its change in the feed
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

// commit writes the batch in one transaction. After an error nothing of it is stored. On a full
// disk it copies the log into the file, which may make room in the log, and tries once more.
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

// commitDeletions releases the reserve and commits only the deletions of the batch. All other
// requests fail with cause.
func (w *writer) commitDeletions(ctx context.Context, cause error) error {
	deletions := make([]*request, 0, len(w.batch))
	for _, r := range w.batch {
		if r.frees {
			deletions = append(deletions, r)
		}
	}
	if len(deletions) == 0 || !w.s.db.reserve.release() {
		return cause
	}
	w.emptyLog(ctx)
	all := w.batch
	w.batch = deletions
	err := w.try(ctx)
	w.batch = all
	if err != nil {
		return err
	}
	w.freed = true
	for _, r := range all {
		if !r.frees {
			r.err = explain("writing to the journal", cause)
		}
	}
	return nil
}

// compareMark logs an error if records that were stored once are missing.
func (w *writer) compareMark() {
	m := w.s.db.mark
	if m.capture > w.foundSeq || m.delivery > w.foundDelivery {
		w.s.logger.Error("the journal has lost records that were stored: its log was damaged, truncated or deleted, or an older copy of the file was restored",
			"captures_up_to", w.foundSeq, "captures_stored_up_to", m.capture, "deliveries_up_to", w.foundDelivery, "deliveries_stored_up_to", m.delivery)
	}
	m.set(w.seq, w.deliverySeq)
}

// emptyLog copies the whole log into the file and reports whether it could. A concurrent reader
// prevents that, so it tries for up to 100 ms.
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

// try commits the batch in one transaction or changes nothing.
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
		_, _ = w.stmts.rollback.ExecContext(ctx) // fails if SQLite has already rolled back
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

// operate runs an operation. If its record is missing, damaged, a duplicate or too large for the
// limits, only the operation fails, and its earlier changes stay. Any other error fails the
// transaction.
func (w *writer) operate(r *request) error {
	r.err = r.operation(w)
	if errors.Is(r.err, journal.ErrNotFound) || errors.Is(r.err, journal.ErrExists) ||
		errors.Is(r.err, errRecord) || errors.Is(r.err, errNoRoom) {
		return nil
	}
	return r.err
}

// insertCaptures numbers the captures of the batch in order and inserts them.
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

// insertRows inserts the first n rows of args: with one statement if n is insertRows, else one by
// one.
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

// note records a change for watchers, who get it after the commit. It drops changes beyond
// FeedSize: the watchers then know that they missed some.
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
