package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// logLimits are numbers of pages of pageSize. They decide when the log is copied into the file: in
// the background, so that senders do not wait for it. When the log is long enough to be overwritten
// from its start, few pages are left to copy.
type logLimits struct {
	checkpoint int // pages to copy that are worth a checkpoint
	// A log of this length is overwritten from its start once few pages are left to copy.
	restart int
	longest int // a log of this length is copied while senders wait
}

// defaultLogLimits returns limits of 4, 16 and 128 MiB.
func defaultLogLimits() logLimits {
	return logLimits{checkpoint: 1024, restart: restartPages, longest: 32768}
}

const restartPages = 4096

// checkpointer copies the log into the file in a goroutine with its own connection.
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
			_ = p.read(context.Background(), c.stmt) // the writer reads the progress
		}
	})
	return c, nil
}

// want requests a checkpoint.
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

// progress is the result of the pragma: the pages of the log, and how many of them are in the file.
type progress struct {
	busy, logged, done int
}

func (p *progress) left() int { return p.logged - p.done }

func (p *progress) read(ctx context.Context, stmt *sql.Stmt) error {
	return stmt.QueryRowContext(ctx).Scan(&p.busy, &p.logged, &p.done)
}

// checkpoint keeps the log short. The writer calls it between two transactions. A failure loses
// nothing: it leaves the log unchanged, and the next call tries again.
func (w *writer) checkpoint(ctx context.Context) error {
	var p progress
	if err := p.read(ctx, w.stmts.logged); err != nil {
		return err
	}
	limits := w.s.log
	w.nearlyFull = p.left() >= w.s.db.reserve.pages(4) && w.s.db.reserve.nearlyFull()
	switch {
	case w.nearlyFull:
		return p.read(ctx, w.stmts.checkpoint)
	case p.logged >= limits.longest, p.logged >= limits.restart && p.left() < limits.checkpoint/2:
		// Nothing else writes now, so this copies the whole log. The next transaction overwrites
		// it from its start, unless a reader still needs it.
		return p.read(ctx, w.stmts.checkpoint)
	case p.left() >= limits.checkpoint:
		w.s.checkpoints.want()
	}
	return nil
}
