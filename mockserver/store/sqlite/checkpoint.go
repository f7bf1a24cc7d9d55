package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// The log is carried over into the file in the background, so that senders do not wait for it: by the time the log
// is long enough to be started over, little of it is left to do. Pages are of pageSize.
//
// logLimits say when: in pages of the log that are not in the file yet, or of the whole log.
type logLimits struct {
	checkpoint int // are worth a checkpoint
	restart    int // let the log be started over once the checkpoint has nearly caught up
	longest    int // is checkpointed while all wait, since the background does not catch up
}

// usualLogLimits are 4, 16 and 128 MiB.
func usualLogLimits() logLimits {
	return logLimits{checkpoint: 1024, restart: restartPages, longest: 32768}
}

const restartPages = 4096

// checkpointer carries the log over, on a connection and a goroutine of its own.
type checkpointer struct {
	stmt    *sql.Stmt
	wanted  chan struct{}
	running sync.WaitGroup
}

func newCheckpointer(ctx context.Context, db *sql.DB) (*checkpointer, error) {
	stmt, err := db.PrepareContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil {
		return nil, err
	}
	c := &checkpointer{stmt: stmt, wanted: make(chan struct{}, 1)}
	c.running.Go(func() {
		for range c.wanted {
			var p progress
			_ = p.read(context.Background(), c.stmt) // the writer sees how far it came
		}
	})
	return c, nil
}

// want has a checkpoint made soon.
func (c *checkpointer) want() {
	select {
	case c.wanted <- struct{}{}:
	default:
	}
}

func (c *checkpointer) close() error {
	close(c.wanted)
	c.running.Wait()
	return c.stmt.Close()
}

// progress is what the pragma answers: the pages of the log, and how many of them are in the file.
type progress struct {
	busy, logged, done int
}

func (p *progress) left() int { return p.logged - p.done }

func (p *progress) read(ctx context.Context, stmt *sql.Stmt) error {
	return stmt.QueryRowContext(ctx).Scan(&p.busy, &p.logged, &p.done)
}

// checkpoint keeps the log short. It is called between two transactions; a failure leaves the log as it is, so that
// nothing is lost by it, and the next call tries again.
func (w *writer) checkpoint(ctx context.Context) error {
	var p progress
	if err := p.read(ctx, w.stmts.logged); err != nil {
		return err
	}
	limits := w.s.log
	w.tight = p.left() >= w.s.db.reserve.pages(4) && w.s.db.reserve.isTight()
	switch {
	case w.tight:
		return p.read(ctx, w.stmts.checkpoint)
	case p.logged >= limits.longest, p.logged >= limits.restart && p.left() < limits.checkpoint/2:
		// While nobody writes this reaches the log's end, and the next transaction starts it over, unless a reader
		// still needs it.
		return p.read(ctx, w.stmts.checkpoint)
	case p.left() >= limits.checkpoint:
		w.s.checkpoints.want()
	}
	return nil
}
