package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Sentinels of Open, and of reading what is damaged.
var (
	// ErrInUse: another process, or another store of this one, has the directory open.
	ErrInUse = errors.New("journal is in use")
	// ErrForeign: the file is not a journal, or is one of a newer version.
	ErrForeign = errors.New("not a journal of this version")
	// ErrCorrupt: the file is damaged.
	ErrCorrupt = errors.New("journal is damaged")
)

// remedy says what to do about a file that is damaged.
const remedy = `stop hookrig, move the folder aside, and start with an empty one; "sqlite3 journal.db .recover" gets out of the old file what can be read`

// moreRoom says what to do about a full disk.
const moreRoom = "delete captures, which a reserve has room for, keep fewer (--keep-bytes), or give the folder a larger disk"

// explain gives SQLite's errors the sentinels that callers know.
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

// code returns SQLite's result code, or 0.
func code(err error) int {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		return failure.Code()
	}
	return 0
}
