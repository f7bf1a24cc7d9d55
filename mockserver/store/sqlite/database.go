package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// These files are in the directory of a journal. SQLite adds journal.db-wal and journal.db-shm.
const (
	fileName = "journal.db"
	lockName = "journal.lock"
)

// applicationID marks the file as a hookrig journal: the ASCII codes of "hook".
const applicationID = 0x686f6f6b

// schema contains the migrations: schema/NNNN_name.sql leads to version NNNN.
//
//go:embed schema/*.sql
var schema embed.FS

// database is the opened and locked file of a journal.
type database struct {
	lock          *sql.DB // keeps the directory locked
	writing       *sql.DB // has one connection
	reading       *sql.DB
	checkpointing *sql.DB // has one connection
	shrinks       bool    // the file can be made shorter: see reclaim.go
	reserve       *reserve
	mark          *mark
}

// busyTimeout makes a connection wait up to 5 s while another one recovers or closes the log.
const busyTimeout = "busy_timeout(5000)"

// readers is how many queries run at once. Others wait.
const readers = 4

// cacheSize returns the size of a connection's page cache in KiB, at most limit. It is smaller for
// a store with a lower limit of bytes.
func cacheSize(bytes, limit int64) int64 { return min(limit, max(256, bytes>>16)) }

// openDatabase locks dir and opens the journal in it. It creates the file or migrates it as needed.
// bytes is the store's limit of bytes.
func openDatabase(ctx context.Context, dir string, bytes int64) (*database, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("journal directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("journal directory: %w", err)
	}
	d := &database{reserve: newReserve(dir, bytes)}
	err = d.open(ctx, dir, bytes)
	if err != nil && d.reserve.release() { // the disk may be full
		again := errors.Join(d.close(), d.open(ctx, dir, bytes))
		if again == nil {
			return d, nil
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *database) open(ctx context.Context, dir string, bytes int64) error {
	var err error
	if d.lock, err = lockDir(ctx, dir); err != nil {
		return err
	}
	path := filepath.Join(dir, fileName)
	if err := checkPresent(dir); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if err := checkLog(path); err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	if d.mark, err = openMark(dir); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := createPrivate(path); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := syncDirs(dir, filepath.Dir(dir)); err != nil {
		return fmt.Errorf("journal directory: %w", err)
	}
	if err := identify(ctx, path); err != nil {
		return explain("opening "+path, err)
	}
	if d.writing, err = connect(path, 1,
		busyTimeout, "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-"+strconv.FormatInt(cacheSize(bytes, 32<<10), 10)+")", "wal_autocheckpoint(0)", "temp_store(MEMORY)",
		"journal_size_limit("+strconv.Itoa(restartPages*pageSize)+")"); err != nil {
		return explain("opening "+path, err)
	}
	if err := checkPages(ctx, d.writing); err != nil {
		return explain("opening "+path, err)
	}
	if err := migrate(ctx, d.writing); err != nil {
		return explain("opening "+path, err)
	}
	if d.shrinks, err = canShrink(ctx, d.writing); err != nil {
		return explain("opening "+path, err)
	}
	if d.checkpointing, err = connect(path, 1, busyTimeout, "synchronous(FULL)", "wal_autocheckpoint(0)"); err != nil {
		return explain("opening "+path, err)
	}
	if d.reading, err = connect(path, readers, busyTimeout, "query_only(1)", "cache_size(-"+strconv.FormatInt(cacheSize(bytes, 8<<10), 10)+")"); err != nil {
		return explain("opening "+path, err)
	}
	return nil
}

func (d *database) close() error {
	var errs []error
	for _, db := range []*sql.DB{d.reading, d.checkpointing} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if d.writing != nil {
		err := d.emptyLog()
		if err != nil && d.reserve.release() {
			err = d.emptyLog()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("could not copy journal.db-wal into journal.db: keep both files together, the next start tries again: %w", err))
		}
		errs = append(errs, d.writing.Close())
	}
	if d.mark != nil {
		errs = append(errs, d.mark.close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	d.reading, d.checkpointing, d.writing, d.mark, d.lock = nil, nil, nil, nil, nil
	return errors.Join(errs...)
}

// emptyLog copies the log into the file, which is then complete without the log.
func (d *database) emptyLog() error {
	var p progress
	err := d.writing.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&p.busy, &p.logged, &p.done)
	if err == nil && p.busy != 0 {
		err = errors.New("a query still reads it")
	}
	return err
}

// connect opens a pool with at most that many connections, which stay open.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // for a drive letter
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// lockDir locks the directory for this process until the returned handle is closed or the process
// ends, even by a crash. It uses SQLite's lock on an empty file, which works wherever SQLite does.
func lockDir(ctx context.Context, dir string) (*sql.DB, error) {
	path := filepath.Join(dir, lockName)
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("journal lock: %w", err)
	}
	db, err := connect(path, 1, "locking_mode(EXCLUSIVE)")
	if err != nil {
		return nil, explain("locking "+dir, err)
	}
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return nil, errors.Join(explain("locking "+dir, err), db.Close())
	}
	return db, nil
}

// createPrivate creates a file that only its owner can read, unless it exists. SQLite creates the
// files next to it with the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// syncDirs makes new directory entries durable, as SQLite does for the files that it creates.
func syncDirs(dirs ...string) error {
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be synced there
	}
	for _, dir := range dirs {
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// identify returns an error for a file that is not a journal, before anything in it is changed.
func identify(ctx context.Context, path string) error {
	db, err := connect(path, 1, busyTimeout, "query_only(1)")
	if err != nil {
		return err
	}
	defer db.Close()
	var application, version, tables int
	const question = `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`
	if err := db.QueryRowContext(ctx, question).Scan(&application, &version, &tables); err != nil {
		return err
	}
	if application != applicationID && (application != 0 || version != 0 || tables != 0) {
		return fmt.Errorf("%w: the file belongs to another application", ErrForeign)
	}
	steps, err := migrations()
	if err == nil && version > len(steps) {
		err = fmt.Errorf("%w: its format is %d, and this program reads formats up to %d: open it with the newer hookrig that wrote it, or use another folder",
			ErrForeign, version, len(steps))
	}
	return err
}

// checkedPages is the largest number of pages, 64 MiB, that are checked when a file is opened.
const checkedPages = 16384

// checkPages returns an error for a file with damaged pages. It skips a file that is longer than
// checkedPages: there the damage is noticed when the page is read.
func checkPages(ctx context.Context, db *sql.DB) error {
	var pages int
	if err := db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil || pages > checkedPages {
		return err
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s; %s", ErrCorrupt, strings.ReplaceAll(found, "\n", " "), remedy)
	}
	return nil
}

// migrations returns the names of the migrations in order.
func migrations() ([]string, error) { return fs.Glob(schema, "schema/*.sql") }

// hasEarlyTextIndexes reports whether a file of version 2 has text indexes. Early programs added
// them as the second migration; in all later files the third one does, and the second adds
// Bin.Cleared.
func hasEarlyTextIndexes(ctx context.Context, db *sql.DB) (found bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'sieves'").Scan(&found)
	return found, err
}

// migrate brings the file to the newest version, with one transaction for each step.
func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	if version == 2 {
		found, err := hasEarlyTextIndexes(ctx, db)
		if err != nil {
			return err
		}
		if found {
			// they are built again
			if err := step(ctx, db, 1, "DROP TABLE sieves; DROP TABLE slices"); err != nil {
				return err
			}
			version = 1
		}
	}
	for i, name := range steps[version:] {
		script, err := schema.ReadFile(name)
		if err != nil {
			return err
		}
		if err := step(ctx, db, version+i+1, string(script)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// step runs a script that brings the file to a version, in one transaction.
func step(ctx context.Context, db *sql.DB, version int, script string) error {
	text := fmt.Sprintf("BEGIN IMMEDIATE;\n%s;\nPRAGMA application_id=%d;\nPRAGMA user_version=%d;\nCOMMIT", script, applicationID, version)
	_, err := db.ExecContext(ctx, text)
	if err != nil {
		_, _ = db.ExecContext(ctx, "ROLLBACK")
	}
	return err
}
