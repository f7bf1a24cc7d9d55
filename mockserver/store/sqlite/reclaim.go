package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// What was deleted leaves free pages in the file, which new records fill again. When they are many the file is made
// shorter, a little between every two transactions, so that nobody waits for long.
const (
	reclaimPages = 512   // are worth it, 2 MiB, if they are a quarter of the file
	reclaimStep  = 1024  // pages that are given back between two transactions: 4 MiB
	rewritePages = 16384 // that are in use, 64 MiB, at most: a file of a version that could not be made shorter is then written anew
	convertPages = 8 * rewritePages
)

// reclaim gives free pages back to the file system, some of them, and reports whether more are left.
func (w *writer) reclaim(ctx context.Context) (more bool, err error) {
	if !w.freed {
		return false, nil
	}
	free, pages, err := filePages(ctx, w.conn)
	if err != nil {
		return false, err
	}
	worth := free >= reclaimPages && free >= pages/4 || free > 0 && !w.s.db.reserve.held // the disk is full
	if !worth && !w.reclaiming {
		w.freed = false
		return false, nil
	}
	if !w.s.db.shrinks {
		w.freed = false
		if pages-free > rewritePages {
			return false, nil // it would take too long; the pages are filled again
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

// truncateLog carries the log over into the file and empties it, unless somebody reads.
func (w *writer) truncateLog(ctx context.Context) error {
	if _, err := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 20"); err != nil {
		return err
	}
	var p progress
	err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&p.busy, &p.logged, &p.done)
	if _, again := w.conn.ExecContext(ctx, "PRAGMA busy_timeout = 5000"); err == nil {
		err = again
	}
	return err
}

// querier is a connection, or a pool of one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// filePages returns how many pages of the file are free, and how many there are.
func filePages(ctx context.Context, db querier) (free, pages int, err error) {
	err = db.QueryRowContext(ctx, "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count").Scan(&free, &pages)
	return free, pages, err
}

// shorten moves up to n pages from the end of the file to free ones.
func shorten(ctx context.Context, db querier, n int) error {
	rows, err := db.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", n))
	if err != nil {
		return err
	}
	return each(rows, func() error { return nil }) // a page for each row
}

// rewrite writes the file anew, without free pages, as one that can be made shorter. What it needs besides memory is in
// temporary files.
func rewrite(ctx context.Context, db querier) error {
	for _, text := range []string{"PRAGMA temp_store = FILE", "PRAGMA auto_vacuum = INCREMENTAL", "VACUUM", "PRAGMA temp_store = MEMORY"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// canShrink reports whether the file can be made shorter. One of an earlier version is written anew for that, if it is
// not too long.
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
