package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Deletions leave free pages in the file, which new records fill again. If there are many, the file
// is shortened a little between transactions, so that no request waits long.
const (
	reclaimPages = 512  // start at this many free pages, 2 MiB, if they are a quarter of the file
	reclaimStep  = 1024 // pages freed between two transactions: 4 MiB
	// VACUUM an early file, which cannot be shortened, only up to this many used pages, 64 MiB
	rewritePages = 16384
	convertPages = 8 * rewritePages
)

// truncateEvery is the time between two tries to empty the log while a reader or a checkpoint
// prevents it.
const truncateEvery = 100 * time.Millisecond

// reclaim returns some free pages to the file system and reports whether more are left.
func (w *writer) reclaim(ctx context.Context) (more bool, err error) {
	if w.untruncated && time.Since(w.truncated) >= truncateEvery {
		if err := w.truncateLog(ctx); err != nil {
			return false, err
		}
	}
	if !w.freed {
		return false, nil
	}
	free, pages, err := filePages(ctx, w.conn)
	if err != nil {
		return false, err
	}
	diskFull := !w.s.db.reserve.allocated
	worth := free >= reclaimPages && free >= pages/4 || free > 0 && diskFull
	if !worth && !w.reclaiming {
		w.freed = false
		return false, nil
	}
	if !w.s.db.shrinks {
		w.freed = false
		if pages-free > rewritePages {
			return false, nil // it would take too long; new records fill the pages
		}
		if err := rewrite(ctx, w.conn); err != nil {
			return false, err
		}
		w.s.db.shrinks = true
		return false, w.truncateLog(ctx)
	}
	w.reclaiming = true
	if err := shorten(ctx, w.conn, reclaimStep); err != nil {
		return false, err
	}
	if free > reclaimStep {
		return true, nil
	}
	w.freed, w.reclaiming = false, false
	return false, w.truncateLog(ctx)
}

// truncateLog copies the log into the file and empties it. If a reader or a checkpoint prevents
// that, reclaim tries again later.
func (w *writer) truncateLog(ctx context.Context) error {
	if _, err := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 20"); err != nil {
		return err
	}
	var p progress
	err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&p.busy, &p.logged, &p.done)
	w.untruncated, w.truncated = err != nil || p.busy != 0, time.Now()
	if _, again := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 5000"); err == nil {
		err = again
	}
	return err
}

// querier is a connection, or a pool with one connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// filePages returns the number of free pages and of all pages of the file.
func filePages(ctx context.Context, db querier) (free, pages int, err error) {
	err = db.QueryRowContext(ctx, "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count").Scan(&free, &pages)
	return free, pages, err
}

// shorten moves up to n pages from the end of the file into free ones.
func shorten(ctx context.Context, db querier, n int) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", n))
	if err != nil {
		return err
	}
	return each(rows, func() error { return nil }) // each row frees one page
}

// rewrite copies the file without its free pages, and makes it one that can be shortened. It uses
// temporary files, not memory.
func rewrite(ctx context.Context, db querier) error {
	for _, text := range []string{"PRAGMA temp_store = FILE", "PRAGMA auto_vacuum = INCREMENTAL", "VACUUM", "PRAGMA temp_store = MEMORY"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// canShrink reports whether the file can be shortened. It rewrites a file of an early version for
// that if the file is not too long.
func canShrink(ctx context.Context, db querier) (bool, error) {
	const incremental = 2
	var mode int
	if err := db.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&mode); err != nil || mode == incremental {
		return err == nil, err
	}
	free, pages, err := filePages(ctx, db)
	if err != nil || pages-free > convertPages {
		return false, err
	}
	return true, rewrite(ctx, db)
}
