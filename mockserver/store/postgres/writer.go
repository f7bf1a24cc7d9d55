package postgres

import (
	"context"
	"time"
)

// writer is the one goroutine of a node that writes. No other goroutine uses its fields.
type writer struct {
	s      *store
	c      *conn // nil: not connected
	number int64 // of the batch that is being written
	cursor int64 // the last row of changes that was reported to the feed
	// unsure is a batch that may have been committed, because the connection broke meanwhile.
	unsure int64
}

// gatherTime is how long the writer waits for requests that probably come at once. A transaction
// takes a multiple of it.
const gatherTime = time.Millisecond

// changesAtOnce is how many rows of changes are read at once.
const changesAtOnce = 1000

// open connects the writer, and reports only changes that are committed from now on.
func (w *writer) open(ctx context.Context) error {
	if err := w.connect(ctx); err != nil {
		return err
	}
	return w.c.query(ctx, sqlNewest, nil, func(row [][]byte) error {
		w.reach(integer(row[0]))
		return nil
	})
}

func (w *writer) connect(ctx context.Context) error {
	if w.c != nil {
		return nil
	}
	config := w.s.config.Copy()
	// Plans are kept, also those that were made when the tables were small.
	config.RuntimeParams["enable_seqscan"], config.RuntimeParams["enable_bitmapscan"] = "off", "off"
	c, err := connect(ctx, config)
	if err == nil {
		if err = c.prepareAll(ctx, statements()); err != nil {
			c.close()
		}
	}
	if err == nil {
		w.c = c
	}
	return err
}

func (w *writer) disconnect() {
	if w.c != nil {
		w.c.close()
		w.c = nil
	}
}

// run stores requests until the queue is closed and empty.
func (w *writer) run() {
	defer w.disconnect()
	var batch []*request
	hints := w.s.hints          // nil: rests
	var rested <-chan time.Time // nil: does not rest
	for {
		select {
		case <-w.s.queue.ready:
		case <-hints:
			w.catchUp()
			w.s.counts.reads.Add(1)
			hints, rested = nil, time.After(w.s.rest())
			continue
		case <-rested:
			hints, rested = w.s.hints, nil
			continue
		}
		// The senders of the last batch were just woken: most of them come back at once.
		var closed bool
		w.s.queue.await(len(batch)/2, gatherTime)
		batch, closed = w.s.queue.take(batch[:0], batchBytes)
		if len(batch) > 0 {
			w.store(batch)
			w.s.queue.finished()
		} else if closed {
			return
		}
		if closed {
			w.s.queue.wake()
		}
	}
}

// store commits the batch and wakes its senders. If the database refuses a part of it, the requests
// are stored one by one, so that only the wrong one fails.
func (w *writer) store(batch []*request) {
	err := w.commit(batch)
	if err == nil || len(batch) == 1 || isLost(err) {
		wake(batch, w.s.explain("writing to the journal", err))
		return
	}
	for i := range batch {
		err := w.commit(batch[i : i+1])
		wake(batch[i:i+1], w.s.explain("writing to the journal", err))
	}
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

// commit writes the batch in one transaction. After an error nothing of it is stored, or, if it is
// lost, nobody knows. It waits for a database that went away for a short time.
func (w *writer) commit(batch []*request) error {
	w.number++
	for {
		err := w.try(batch)
		if err == nil || !isLost(err) {
			w.s.outage.end()
			return err
		}
		if !w.s.outage.wait(context.Background()) {
			return err
		}
	}
}

// try commits the batch or disconnects.
func (w *writer) try(batch []*request) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	err := w.connect(ctx)
	if err != nil {
		return err
	}
	stored, err := w.isStored(ctx)
	if err != nil || stored {
		if err != nil {
			w.disconnect()
		}
		return err
	}
	for _, r := range batch {
		r.err, r.seq = nil, 0
	}
	t, err := w.begin(ctx, batch)
	var changed bool
	if err == nil {
		changed, err = t.transact(batch)
	}
	switch {
	case err != nil:
	case changed:
		err = t.commit()
	default:
		err = t.rollback()
	}
	if err != nil {
		if t.committing && isLost(err) {
			w.unsure = w.number
		}
		w.disconnect()
		return err
	}
	if changed {
		w.report(t, len(batch))
	}
	return nil
}

// isStored reports whether the batch was committed by an earlier try. It takes the lock, so that
// this try has ended.
func (w *writer) isStored(ctx context.Context) (found bool, err error) {
	if w.unsure != w.number {
		return false, nil
	}
	b := w.c.start(ctx)
	b.add(sqlBegin, nil, nil)
	b.add(sqlLock, nil, nil)
	b.add(sqlFindBatch, [][]byte{number(w.cursor), text(w.s.node), number(w.number)}, func([][]byte) error {
		found = true
		return nil
	})
	b.add(sqlRollback, nil, nil)
	if err = b.end(); err != nil {
		return false, err
	}
	w.unsure = 0
	if found {
		w.catchUp()
	}
	return found, nil
}

// report adds the changes of a transaction to the feed: before its senders are woken, so that a
// sender that was answered finds its change there.
func (w *writer) report(t *tx, requests int) {
	w.reach(t.row.change)
	w.s.counts.committed(requests)
	if len(t.changes) == 0 && len(t.documents) == 0 {
		return
	}
	w.s.given.add(w.s.node, t.given)
	w.s.feed.Add(t.changes...)
	w.s.feed.Wake()
	w.s.tell(w.cursor)
}

// reach notes which row of changes was read last.
func (w *writer) reach(n int64) {
	w.cursor = n
	w.s.counts.cursor.Store(n)
}

// apply reports a row of changes that another node, or an earlier try, has committed.
func (w *writer) apply(row [][]byte) error {
	n := integer(row[0])
	if n != w.cursor+1 { // rows in between were deleted
		w.skipChanges(n - 1)
	}
	w.reach(n)
	list, complete := unpackChanges(row[1])
	if !complete {
		w.skipChanges(n)
	}
	w.s.feed.Add(list.changes...)
	w.s.feed.Wake()
	w.s.documents.add(list.documents...)
	if w.s.given.add(w.s.node, list.given) {
		w.s.given.tell()
	}
	return nil
}

// skipChanges notes that rows of changes up to n cannot be read.
func (w *writer) skipChanges(n int64) {
	w.reach(n)
	w.s.feed.Miss()
	w.s.feed.Wake()
	w.s.documents.add(documentName{})
	w.s.given.miss()
}

// catchUp reports what other nodes have changed. After an error the next call tries again.
func (w *writer) catchUp() {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if err := w.connect(ctx); err != nil {
		return
	}
	for {
		newest, before := int64(0), w.cursor
		err := w.c.query(ctx, sqlNewest, nil, func(row [][]byte) error {
			newest = integer(row[0])
			return nil
		})
		if err == nil && newest > w.cursor {
			err = w.c.query(ctx, sqlChanges, [][]byte{number(w.cursor), number(int64(changesAtOnce))}, w.apply)
		}
		if err != nil {
			w.disconnect()
			return
		}
		w.s.outage.end()
		if newest <= w.cursor {
			return
		}
		if w.cursor == before {
			w.skipChanges(newest)
		}
	}
}

// submit runs an operation on the writer's goroutine.
func (s *store) submit(ctx context.Context, n needs, operation func(*tx) error) error {
	r := s.queue.get()
	r.operation, r.needs = operation, n
	err := s.queue.submit(ctx, r)
	s.queue.put(r)
	return err
}
