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

// The files of a journal's directory; SQLite adds -wal and -shm to the first.
const (
	fileName = "journal.db"
	lockName = "journal.lock"
)

// applicationID marks the file as a hookrig journal: "hook".
const applicationID = 0x686f6f6b

// schema holds the migrations: schema/NNNN_name.sql leads to version NNNN.
//
//go:embed schema/*.sql
var schema embed.FS

// database is the journal's file, opened and locked.
type database struct {
	lock    *sql.DB // holds the directory
	writing *sql.DB // of one connection
	reading *sql.DB
	moving  *sql.DB // of one connection: checkpoints
	shrinks bool    // the file can be made shorter: see reclaim.go
	reserve *reserve
	mark    *mark
}

// patience has a connection wait, up to 5 s, for a moment in which another one recovers or closes the log.
const patience = "busy_timeout(5000)"

// readers is how many queries run at once; others wait.
const readers = 4

// cacheSize is how many KiB of the file a connection keeps in memory, most at most: the less the store may hold the fewer.
func cacheSize(bytes, most int64) int64 { return min(most, max(256, bytes>>16)) }

// openDatabase locks dir and opens the journal in it, which is made or brought up to date as
// needed. bytes is how many bytes of records it may hold.
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
	if err != nil && d.reserve.giveUp() { // the disk is full, perhaps
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
	if err := checkWhole(dir); err != nil {
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
		patience, "auto_vacuum(INCREMENTAL)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-"+strconv.FormatInt(cacheSize(bytes, 32<<10), 10)+")", "wal_autocheckpoint(0)", "temp_store(MEMORY)",
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
	if d.moving, err = connect(path, 1, patience, "synchronous(FULL)", "wal_autocheckpoint(0)"); err != nil {
		return explain("opening "+path, err)
	}
	if d.reading, err = connect(path, readers, patience, "query_only(1)", "cache_size(-"+strconv.FormatInt(cacheSize(bytes, 8<<10), 10)+")"); err != nil {
		return explain("opening "+path, err)
	}
	return nil
}

func (d *database) close() error {
	var errs []error
	for _, db := range []*sql.DB{d.reading, d.moving} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if d.writing != nil {
		err := d.emptyLog()
		if err != nil && d.reserve.giveUp() {
			err = d.emptyLog()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the log could not be carried over into journal.db: keep journal.db-wal beside it; the next start tries again: %w", err))
		}
		errs = append(errs, d.writing.Close())
	}
	if d.mark != nil {
		errs = append(errs, d.mark.close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	d.reading, d.moving, d.writing, d.mark, d.lock = nil, nil, nil, nil, nil
	return errors.Join(errs...)
}

// emptyLog carries the log over into the file, so that this is whole without it.
func (d *database) emptyLog() error {
	var p progress
	err := d.writing.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&p.busy, &p.logged, &p.done)
	if err == nil && p.busy != 0 {
		err = errors.New("somebody reads it")
	}
	return err
}

// connect opens a pool of at most connections, which stay open.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
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

// lockDir takes the directory for this process until the returned handle is closed or the process ends, however it
// ends: SQLite's own lock, on a file that stays empty, works wherever SQLite does.
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

// createPrivate makes the file for its owner only, unless it exists; SQLite gives the files beside it the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// syncDirs makes new entries of directories durable, as SQLite does for the files that it makes itself.
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

// identify refuses a file that is not a journal before anything is changed in it.
func identify(ctx context.Context, path string) error {
	db, err := connect(path, 1, patience, "query_only(1)")
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
		return fmt.Errorf("%w: the file holds another application's data", ErrForeign)
	}
	steps, err := migrations()
	if err == nil && version > len(steps) {
		err = fmt.Errorf("%w: it has format %d, and this program reads formats up to %d: open it with the newer hookrig that wrote it, or use another folder",
			ErrForeign, version, len(steps))
	}
	return err
}

// checkedPages is how many pages a file has, 64 MiB, that is looked through when it is opened.
const checkedPages = 16384

// checkPages refuses a file whose pages are damaged, whole, before anything is read from it. Of a longer file that is seen where
// it is read.
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

// migrations are the names of the migrations, in their order.
func migrations() ([]string, error) { return fs.Glob(schema, "schema/*.sql") }

// otherTextIndexes reports whether a file of version 2 is one of those whose second migration added the text indexes, which the
// third one does in all later files, and not Bin.Cleared.
func otherTextIndexes(ctx context.Context, db *sql.DB) (found bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'sieves'").Scan(&found)
	return found, err
}

// migrate brings the file to the newest version, one transaction a step.
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
		found, err := otherTextIndexes(ctx, db)
		if err != nil {
			return err
		}
		if found {
			if err := step(ctx, db, 1, "DROP TABLE sieves; DROP TABLE slices"); err != nil { // they are made anew
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
