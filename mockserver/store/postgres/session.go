package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// startup splits a configuration: the settings that a server takes when a session starts, and those
// that the session sets then. Pools such as PgBouncer refuse most settings at the start.
func startup(config *pgconn.Config) (start *pgconn.Config, later map[string]string) {
	start, later = config.Copy(), config.RuntimeParams
	start.RuntimeParams = map[string]string{}
	for _, name := range []string{"application_name", "client_encoding", "options", "replication"} {
		if value, given := later[name]; given {
			start.RuntimeParams[name] = value
		}
	}
	return start, later
}

// set makes settings of the session.
func (c *conn) set(ctx context.Context, settings map[string]string) error {
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if name != "options" && name != "replication" {
			calls = append(calls, fmt.Sprintf("set_config(%s, %s, false)", literal(name), literal(settings[name])))
		}
	}
	return c.run(ctx, "SELECT "+strings.Join(calls, ", "))
}

// literal returns a text as a constant of SQL.
func literal(text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	return "E'" + strings.ReplaceAll(text, "'", `\'`) + "'"
}

// poolTimeout bounds the check for a pool. One that has too few connections makes it wait.
const poolTimeout = 5 * time.Second

// checkPool returns ErrServer if the address leads to a pool that gives the statements of a session
// to several sessions of the server: locks, settings and notices belong to a session.
func (c *conn) checkPool(ctx context.Context, config *pgconn.Config) error {
	ctx, cancel := context.WithTimeout(ctx, poolTimeout)
	defer cancel()
	process, err := c.text(ctx, "SELECT pg_backend_pid()")
	if err != nil || process == strconv.FormatUint(uint64(c.pg.PID()), 10) { // the server itself
		return err
	}
	// The other session holds the one that c had, so that c gets another one, and is the last to
	// give it back.
	kept := ""
	other, err := connect(ctx, config)
	if err == nil {
		defer other.close()
		err = other.run(ctx, "BEGIN")
	}
	if err == nil {
		err = c.run(ctx, "SELECT set_config('hookrig.session', 'kept', false)")
	}
	if err == nil {
		err = other.run(ctx, "COMMIT")
	}
	if err == nil {
		kept, err = c.text(ctx, "SELECT current_setting('hookrig.session', true)")
	}
	if err == nil && kept == "kept" {
		return nil
	}
	return fmt.Errorf("%w: there is a pool before it which does not keep sessions, or has too few connections: use the address of the server, or a pool in session mode with 20 connections for each hookrig", ErrServer)
}

// text returns the only value of a statement without preparing that, which takes a session.
func (c *conn) text(ctx context.Context, sql string) (string, error) {
	results, err := c.pg.Exec(ctx, sql).ReadAll()
	if err != nil {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}
