//go:build !slim

package shard

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"net/url"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrations contains schema/NNNN_name.sql, which leads to version NNNN.
//
//go:embed schema/*.sql
var migrations embed.FS

// database is the schema of the bursts: our tables and River's.
type database struct {
	*pgxpool.Pool
	schema string
}

// suffix follows the name of the journal's schema: ours is another one, in the same database.
const suffix = "_bursts"

// schemaName is what a schema can be called here, so that it needs no quotes, and its channels have
// names that PostgreSQL accepts.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,29}$`)

// These bound how long a node waits for the database.
const (
	connectTimeout = 5 * time.Second
	callTimeout    = 10 * time.Second
)

// open connects to the database and brings the schema to the newest version. Errors do not quote
// the address, because it may contain a password.
func open(ctx context.Context, address string, connections int) (*database, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, fmt.Errorf("%w: want postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for special characters of the password", ErrAddress)
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%w: want postgres://USER:PASSWORD@HOST:PORT/DATABASE; an option, or a file that it names, is wrong", ErrAddress)
	}
	params := config.ConnConfig.RuntimeParams
	schema := params["search_path"]
	if schema == "" {
		schema = "hookrig"
	}
	if schema += suffix; !schemaName.MatchString(schema) {
		return nil, fmt.Errorf("%w: search_path %q: want one schema of lower-case letters, digits and \"_\"", ErrAddress, params["search_path"])
	}
	params["search_path"], params["application_name"] = schema, "hookrig burst"
	params["client_min_messages"], params["synchronous_commit"] = "warning", "on"
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	d := &database{pool, schema}
	if err := d.migrate(ctx); err != nil {
		pool.Close()
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, d.explain(err)
	}
	return d, nil
}

// migrate brings the schema to the newest version. Several nodes may call it at once: a lock makes
// all but the first one wait.
func (d *database) migrate(ctx context.Context) error {
	c, err := d.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("hookrig " + d.schema))
	lock := int64(hash.Sum64())
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	defer func() { // the connection goes back to the pool
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		if _, err := c.Exec(ending, "SELECT pg_advisory_unlock($1)", lock); err != nil {
			_ = c.Conn().Close(ending)
		}
	}()
	version, err := d.version(ctx, c)
	if err != nil {
		return err
	}
	steps, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: the format of schema %s is %d, and this program reads formats up to %d: use the newer hookrig that made it", ErrForeign, d.schema, version, len(steps))
	}
	for i, name := range steps[version:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := c.Conn().PgConn().Exec(ctx, fmt.Sprintf("BEGIN;\n%s\nUPDATE version SET version = %d;\nCOMMIT", script, version+i+1)).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	river, err := rivermigrate.New(riverpgxv5.New(d.Pool), &rivermigrate.Config{Schema: d.schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// version returns the version of our tables. It makes the schema and version 0 as needed.
func (d *database) version(ctx context.Context, c *pgxpool.Conn) (version int, err error) {
	var exists, known, used bool
	err = c.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.version') IS NOT NULL,
		EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1))`, d.schema).Scan(&exists, &known, &used)
	if err != nil {
		return 0, err
	}
	foreign := fmt.Errorf("%w: %s belongs to another application; name another one with ?search_path=NAME", ErrForeign, d.schema)
	if used && !known {
		return 0, foreign
	}
	if !exists {
		if _, err := c.Exec(ctx, "CREATE SCHEMA "+d.schema); err != nil {
			return 0, err
		}
	}
	if !known {
		_, err := c.Conn().PgConn().Exec(ctx, "BEGIN; CREATE TABLE version (application text NOT NULL, version bigint NOT NULL); INSERT INTO version VALUES ('hookrig bursts', 0); COMMIT").ReadAll()
		if err != nil {
			return 0, err
		}
	}
	var application string
	err = c.QueryRow(ctx, "SELECT v.application, v.version FROM version v").Scan(&application, &version)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42703" || errors.Is(err, pgx.ErrNoRows) || err == nil && application != "hookrig bursts" {
		return 0, foreign
	}
	return version, err
}
