package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// These are the causes of errors of Open, and of reading damaged records.
var (
	// ErrInUse means that another process, or another store of this one, has the directory open.
	ErrInUse = errors.New("journal is in use")
	// ErrForeign means that the file is not a journal or was written by a newer version.
	ErrForeign = errors.New("not a journal of this version")
	// ErrCorrupt means that the file is damaged.
	ErrCorrupt = errors.New("journal is damaged")
)

// remedy tells the reader of an error what to do about a damaged file.
const remedy = `stop hookrig, move the folder aside, and start with an empty one; "sqlite3 journal.db .recover" saves the readable part of the old file`

// moreRoom tells the reader of an error what to do about a full disk.
const moreRoom = "delete captures (a reserve allows that), keep fewer (--keep-bytes), or use a larger disk"

// explain wraps an error of SQLite with the sentinel of its cause and with a remedy.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	sentinel := error(nil)
	switch code(err) & 0xff {
	case sqlite3.SQLITE_FULL:
		sentinel = journal.ErrFull
	case sqlite3.SQLITE_CORRUPT:
		sentinel = ErrCorrupt
	case sqlite3.SQLITE_NOTADB:
		sentinel = ErrForeign
	case sqlite3.SQLITE_BUSY:
		sentinel = ErrInUse
	case sqlite3.SQLITE_INTERRUPT:
		sentinel = context.Canceled
	}
	if sentinel == ErrCorrupt {
		return fmt.Errorf("%s: %w: %w; %s", doing, sentinel, err, remedy)
	}
	if sentinel == journal.ErrFull {
		return fmt.Errorf("%s: %w: %w; %s", doing, sentinel, err, moreRoom)
	}
	if sentinel == nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, sentinel, err)
}

// code returns SQLite's result code, or 0 for another error.
func code(err error) int {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		return failure.Code()
	}
	return 0
}

// unpacked wraps the error of a damaged record with ErrCorrupt.
func unpacked(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// problemOf returns the problem that a list shows in place of an unreadable record.
func problemOf(err error) string { return journal.Damaged + err.Error() }
