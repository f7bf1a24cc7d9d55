package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// These are the causes of errors of Open.
var (
	// ErrAddress means that the address is not one of PostgreSQL.
	ErrAddress = errors.New("invalid address of a PostgreSQL database")
	// ErrForeign means that the schema in the database is not a journal, or was made by a newer
	// version.
	ErrForeign = errors.New("not a journal of this version")
	// ErrDenied means that the server refused the user, or the user may not do what the journal
	// needs.
	ErrDenied = errors.New("PostgreSQL refused access")
	// ErrServer means that the server is too old, or behind a pool that does not keep sessions.
	ErrServer = errors.New("unsupported PostgreSQL server")
	// ErrInUse means that servers use the journal, which is to be copied.
	ErrInUse = errors.New("journal is in use")
	// ErrIncomplete means that the schema has a copy that was interrupted.
	ErrIncomplete = journal.ErrIncomplete
	// ErrUnavailable means that the server cannot be reached now.
	ErrUnavailable = journal.ErrUnavailable
)

// errCorrupt means that rows of the journal contradict each other.
var errCorrupt = errors.New("journal is damaged")

// These are SQLSTATEs, or the first characters of their class: appendix A of PostgreSQL's manual.
const (
	stateAuthorization = "28"    // password or pg_hba.conf
	stateNoDatabase    = "3D000" // no such database
	stateDenied        = "42501" // insufficient privilege
	stateDiskFull      = "53100"
	stateTimeout       = "57014" // statement_timeout, or canceled
	stateNoSetting     = "42704" // no such setting
	stateBadSetting    = "22023" // a setting has a wrong value
	stateStartup       = "08P01" // a pool refuses a setting at the start
	stateNoTable       = "42P01"
	stateLocked        = "55P03" // lock_timeout
)

// isLost reports whether an error says nothing about the statement: the server cannot be reached,
// ends, starts, or is busy, or the connection broke. What was sent may have been committed.
func isLost(err error) bool {
	if err == nil || errors.Is(err, errCorrupt) || errors.Is(err, ErrIncomplete) {
		return false
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true
	}
	switch refused.Code {
	case stateDiskFull, stateTimeout:
		return false
	case "25006", "25P03", "40001", "40P01", stateLocked, "42P05", "26000": // a standby, an ended transaction, a deadlock, statements of another session
		return true
	}
	for _, class := range []string{"08", "53", "57", "58"} { // connection, resources, intervention, system
		if strings.HasPrefix(refused.Code, class) {
			return true
		}
	}
	return false
}

// explain wraps an error of the database with the sentinel of its cause and says what to do.
func (s *store) explain(doing string, err error) error {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, journal.ErrClosed), errors.Is(err, errCorrupt), errors.Is(err, ErrUnavailable):
		return err
	case errors.As(err, &refused) && refused.Code == stateDiskFull:
		return fmt.Errorf("%s: %w: %w; delete captures, keep fewer (--keep-bytes), or give the server a larger disk", doing, journal.ErrFull, err)
	case isLost(err):
		return fmt.Errorf("%s: %s: %w: %w", doing, s.name, ErrUnavailable, oneLine(err))
	}
	return fmt.Errorf("%s: %s: %w", doing, s.name, err)
}

// explainOpen wraps an error of Open with the sentinel of its cause and says what to do.
func explainOpen(name string, config *pgconn.Config, err error) error {
	var refused *pgconn.PgError
	code := ""
	if errors.As(err, &refused) {
		code = refused.Code
	}
	switch {
	case errors.Is(err, ErrForeign), errors.Is(err, ErrServer), errors.Is(err, ErrInUse), errors.Is(err, ErrIncomplete), errors.Is(err, errNoJournal):
		return fmt.Errorf("%s: %w", name, err)
	case strings.HasPrefix(code, stateAuthorization):
		return fmt.Errorf("%s: %w: %s; check user and password, and pg_hba.conf of the server", name, ErrDenied, refused.Message)
	case code == stateNoDatabase:
		return fmt.Errorf("%s: %w: %s; create it with: createdb %s", name, ErrDenied, refused.Message, config.Database)
	case code == stateDenied:
		return fmt.Errorf("%s: %w: %s; as its owner run: CREATE SCHEMA %s AUTHORIZATION %s", name, ErrDenied, refused.Message, schemaOf(config), config.User)
	case code == stateNoSetting, code == stateBadSetting, code == stateStartup:
		return fmt.Errorf("%s: %w: %s; check the options after \"?\"", name, ErrAddress, refused.Message)
	case errors.Is(err, context.Canceled):
		return err
	case refused == nil && strings.Contains(err.Error(), "tls"):
		return fmt.Errorf("%s: %w: %w; check sslmode and sslrootcert in the address, and the certificate of the server", name, ErrUnavailable, oneLine(err))
	case isLost(err):
		return fmt.Errorf("%s: %w: %w; start the server, or check host, port and firewall", name, ErrUnavailable, oneLine(err))
	}
	return fmt.Errorf("%s: %w", name, err)
}

// lineError is an error whose text is on one line.
type lineError struct{ error }

// oneLine makes the text of an error one line: those of failed connections have several.
func oneLine(err error) error { return lineError{err} }

// Error says each thing once: attempts with and without TLS often fail alike.
func (e lineError) Error() string {
	var list []string
	for line := range strings.Lines(e.error.Error()) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && (len(list) == 0 || !strings.HasSuffix(list[len(list)-1], line)) {
			list = append(list, line)
		}
	}
	return strings.Join(list, " ")
}

func (e lineError) Unwrap() error { return e.error }

// unpacked wraps the error of a damaged record with errCorrupt.
func unpacked(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errCorrupt, err)
}

// problemOf returns the problem that a list shows in place of an unreadable record.
func problemOf(err error) string { return journal.Damaged + err.Error() }
