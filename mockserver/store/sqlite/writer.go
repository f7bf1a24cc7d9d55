package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
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

	foundSeq, foundDelivery   uint64 // the last ones in the file when it was loaded
	markedSeq, markedDelivery uint64 // what the mark said when the file was opened
	deliveries                int    // stored
	byID                      map[int64]*bin
	// The order is that in which they became empty. Some may have captures again.
	emptyBins  []*bin
	bytes      account
	counters   map[string]int64
	stale      bool // the fields above may differ from the file
	nearlyFull bool // the disk is nearly full

	pending   []row            // captures of the tail that the next transaction inserts
	spare     half             // the memory of pending, or of what it was last
	inserting <-chan struct{}  // insertTail closes it when it ends; nil: it does not run
	appended  []journal.Change // what finishAppended reports; its memory is reused

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
	w.markedSeq, w.markedDelivery = s.db.mark.capture, s.db.mark.delivery
	for i := range w.args {
		w.args[i].Ordinal = i + 1
	}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := errors.Join(w.load(ctx), w.recover(ctx)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w.compareMark()
	s.tail.follow(w)
	return w, nil
}

// run stores requests until the queue is closed and empty.
func (w *writer) run() {
	defer w.close()
	ctx := context.Background() // a taken request is committed even if its sender no longer waits
	var batch []*request
	for {
		select {
		case <-w.s.queue.ready:
		case <-w.s.tail.rest.C:
		}
		var closed bool
		if batch, closed = w.s.queue.take(batch[:0], w.s.tail.atOnce); w.s.tail.add(batch) {
			w.finishAppended(batch)
			if w.s.tail.full() {
				w.insertTail(ctx)
			}
		} else {
			w.await()
			w.commitAll(ctx, batch)
			if closed && len(batch) == 0 {
				return
			}
		}
		clear(batch)
		if closed {
			w.s.queue.wake()
		}
	}
}

// commitAll commits the batch, and the tail before it.
func (w *writer) commitAll(ctx context.Context, batch []*request) {
	if w.takeTail(); len(batch) > 0 || len(w.pending) > 0 {
		err := w.commit(ctx, batch)
		if err == nil {
			w.s.tail.know(batch)
			w.s.db.mark.set(w.seq, w.deliverySeq)
		}
		w.finish(batch, err)
		w.maintain(ctx)
	}
	freed := w.freed
	if more, err := w.reclaim(ctx); more && err == nil {
		w.s.queue.wake()
	} else if freed && !w.freed {
		_ = w.s.db.reserve.acquire() // the disk may have space again
	}
	w.s.tail.follow(w)
}

// maintain does what is due after a commit.
func (w *writer) maintain(ctx context.Context) {
	_ = w.checkpoint(ctx)
	w.s.textIndexes.notify(w.seq)
}

// insertTail inserts the captures of the tail in another goroutine, while more are appended to it.
// Until await returns, only that goroutine uses the database and the fields of the writer.
func (w *writer) insertTail(ctx context.Context) {
	w.await()
	if w.takeTail(); w.stale {
		w.s.queue.wake() // commitAll tries again
		return
	}
	done := make(chan struct{})
	w.inserting = done
	go func() {
		defer close(done)
		if w.commit(ctx, nil) == nil {
			w.report() // evictions
		}
		w.maintain(ctx)
	}()
}

// await waits for insertTail.
func (w *writer) await() {
	if w.inserting == nil {
		return
	}
	<-w.inserting
	w.inserting = nil
	w.s.tail.follow(w)
}

// takeTail moves the captures of the tail to those that the next transaction inserts.
func (w *writer) takeTail() {
	t := w.s.tail
	if !w.stale {
		w.seq = max(w.seq, t.seq)
	}
	switch {
	case len(t.rows) == 0:
	case len(w.pending) > 0: // they could not be inserted, and are still in their half
		w.pending = append(w.pending, t.rows...)
		t.rows, t.image = nil, nil
	default:
		taken := t.take(w.spare)
		w.pending, w.spare = taken.rows, taken
	}
}

// finish wakes the senders whose requests were committed or failed with err.
func (w *writer) finish(batch []*request, err error) {
	if err == nil {
		w.report()
	}
	wake(batch, err)
}

// finishAppended wakes the senders of a batch that is in the tail.
func (w *writer) finishAppended(batch []*request) {
	w.appended = w.appended[:0]
	for i, r := range batch {
		w.appended = append(w.appended, journal.Change{Kind: journal.CaptureStored, Bin: w.s.tail.fresh[i].bin, Seq: r.seq})
	}
	w.s.db.mark.set(w.s.tail.seq, w.s.db.mark.delivery)
	w.s.feed.Add(w.appended...)
	w.s.feed.Wake()
	wake(batch, nil)
}

// report adds the changes of the last transaction to the feed: before its senders are woken, so
// that a sender that was answered finds its change there.
func (w *writer) report() {
	w.s.feed.Add(w.changes...)
	w.s.feed.Wake()
}

// wake wakes the senders of a batch.
func wake(batch []*request, err error) {
	for _, r := range batch {
		if err != nil {
			r.err = err
		}
		r.done <- struct{}{}
	}
}

// commit writes the batch in one transaction. After an error nothing of it is stored. On a full
// disk it copies the log into the file, which may make room in the log, and tries once more.
func (w *writer) commit(ctx context.Context, batch []*request) error {
	err := w.try(ctx, batch)
	if isFull(err) && w.emptyLog(ctx) {
		err = w.try(ctx, batch)
	}
	if isFull(err) {
		err = w.commitDeletions(ctx, batch, err)
	}
	if err == nil {
		w.s.tail.outside.Add(-int64(len(w.pending)))
		w.pending = nil
	}
	return explain("writing to the journal", err)
}

func isFull(err error) bool { return code(err)&0xff == sqlite3.SQLITE_FULL }

// commitDeletions releases the reserve and commits only the deletions of the batch. All other
// requests fail with cause.
func (w *writer) commitDeletions(ctx context.Context, batch []*request, cause error) error {
	deletions := make([]*request, 0, len(batch))
	for _, r := range batch {
		if r.frees {
			deletions = append(deletions, r)
		}
	}
	if len(deletions) == 0 || !w.s.db.reserve.release() {
		return cause
	}
	w.emptyLog(ctx)
	if err := w.try(ctx, deletions); err != nil {
		return err
	}
	w.freed = true
	for _, r := range batch {
		if !r.frees {
			r.err = explain("writing to the journal", cause)
		}
	}
	return nil
}

// recover inserts the captures that an earlier program left in the tail.
func (w *writer) recover(ctx context.Context) error {
	var err error
	if w.pending, err = w.s.tail.recover(w.foundSeq); err != nil || len(w.pending) == 0 {
		return err
	}
	first, last := w.pending[0].seq, w.pending[len(w.pending)-1].seq
	w.seq = max(w.seq, last) // the mark may be older: it is written after the tail
	err = w.commit(ctx, nil)
	if errors.Is(err, journal.ErrFull) && w.s.db.reserve.release() {
		err = w.commit(ctx, nil)
	}
	if first == w.foundSeq+1 { // else some before them are lost
		w.foundSeq = last
	}
	return err
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
func (w *writer) try(ctx context.Context, batch []*request) error {
	if w.stale {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	w.changes = w.changes[:0]
	err := w.transact(ctx, batch)
	if err != nil {
		w.stale = true
		_, _ = w.stmts.rollback.ExecContext(ctx) // fails if SQLite has already rolled back
	}
	return err
}

func (w *writer) transact(ctx context.Context, batch []*request) error {
	if _, err := w.stmts.begin.ExecContext(ctx); err != nil {
		return err
	}
	if err := w.insertCaptures(ctx, batch); err != nil {
		return err
	}
	for _, r := range batch {
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
		errors.Is(r.err, record.ErrDamaged) || errors.Is(r.err, errNoRoom) {
		return nil
	}
	return r.err
}

// insertCaptures inserts the captures of the tail, and those of the batch, which it numbers in
// order.
func (w *writer) insertCaptures(ctx context.Context, batch []*request) error {
	i := insertion{w: w, ctx: ctx}
	for _, r := range w.pending {
		b, err := w.bin(ctx, r.bin)
		if err != nil {
			return err
		}
		if err := i.add(b, r); err != nil {
			return err
		}
	}
	for _, r := range batch {
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
		w.note(journal.Change{Kind: journal.CaptureStored, Bin: b.name, Seq: r.seq})
		if err := i.add(b, row{r.seq, b.name, r.size, r.head, r.body}); err != nil {
			return err
		}
	}
	return i.flush()
}

// insertion gathers captures that one statement inserts.
type insertion struct {
	w       *writer
	ctx     context.Context
	n, size int
}

func (i *insertion) add(b *bin, r row) error {
	w := i.w
	b.last = r.seq
	b.count++
	b.bytes += int64(r.size)
	w.bytes.captures += int64(r.size)
	w.touch(b)
	if r.body == nil {
		r.body = []byte{}
	}
	args := w.args[i.n*captureColumns:][:captureColumns]
	args[0].Value, args[1].Value, args[2].Value, args[3].Value, args[4].Value = int64(r.seq), b.id, int64(r.size), r.head, r.body
	i.n, i.size = i.n+1, i.size+r.size
	if i.n == insertRows || i.size >= insertBytes {
		return i.flush()
	}
	return nil
}

func (i *insertion) flush() error {
	n := i.n
	if n == 0 {
		return nil
	}
	i.n, i.size = 0, 0
	return i.w.conn.Raw(func(any) error { return i.w.insertRows(i.ctx, n) })
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
