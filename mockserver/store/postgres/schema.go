package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// migrations contains schema/NNNN_name.sql, which leads to version NNNN.
//
//go:embed schema/*.sql
var migrations embed.FS

// oldestServer is the oldest supported server_version_num.
const oldestServer = 120000

// migrate brings the journal to the newest version. Several nodes may call it at once: an advisory
// lock makes all but the first one wait.
func migrate(ctx context.Context, config *pgconn.Config) error {
	c, err := connect(ctx, config)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.checkPool(ctx, config); err != nil {
		return err
	}
	if version, err := strconv.Atoi(c.setting(ctx, "server_version_num")); err != nil || version < oldestServer {
		return fmt.Errorf("%w: PostgreSQL %s, want at least %d", ErrServer, c.pg.ParameterStatus("server_version"), oldestServer/10000)
	}
	if c.setting(ctx, "server_encoding") != "UTF8" {
		return fmt.Errorf("%w: the encoding of the database is %s: create one with ENCODING 'UTF8'", ErrServer, c.setting(ctx, "server_encoding"))
	}
	schema := schemaOf(config)
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("hookrig " + schema))
	// The connection releases the lock when it ends.
	if err := c.run(ctx, fmt.Sprintf("SELECT pg_advisory_lock(%d)", int64(hash.Sum64()))); err != nil {
		return err
	}
	version, err := c.version(ctx, schema)
	if err != nil {
		return err
	}
	steps, err := fs.Glob(migrations, "schema/*.sql")
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: the format of schema %s is %d, and this program reads formats up to %d: use the newer hookrig that made it, or another database",
			ErrForeign, schema, version, len(steps))
	}
	for i, name := range steps[version:] {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if err := c.run(ctx, fmt.Sprintf("BEGIN;\n%s\nUPDATE version SET version = %d;\nCOMMIT", script, version+i+1)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// setting returns a setting of the server, or "".
func (c *conn) setting(ctx context.Context, name string) (value string) {
	_ = c.query(ctx, "SELECT current_setting($1)", [][]byte{[]byte(name)}, func(row [][]byte) error {
		value = string(row[0])
		return nil
	})
	return value
}

// version returns the version of the journal in a schema. It makes a schema, and a journal of
// version 0 in it, as needed.
func (c *conn) version(ctx context.Context, schema string) (int, error) {
	var exists, known, used bool
	if err := c.query(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass($1 || '.version') IS NOT NULL,
		EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1))`, [][]byte{[]byte(schema)}, func(row [][]byte) error {
		exists, known, used = row[0][0] == 1, row[1][0] == 1, row[2][0] == 1
		return nil
	}); err != nil {
		return 0, err
	}
	switch {
	case !exists:
		if err := c.run(ctx, "CREATE SCHEMA "+schema); err != nil {
			return 0, err
		}
	case used && !known:
		return 0, fmt.Errorf("%w: schema %s belongs to another application; name another one with ?search_path=NAME", ErrForeign, schema)
	}
	if !known {
		if err := c.run(ctx, "BEGIN; CREATE TABLE version (application text NOT NULL, version bigint NOT NULL); INSERT INTO version VALUES ('hookrig', 0); COMMIT"); err != nil {
			return 0, err
		}
	}
	version, ours := 0, false
	err := c.query(ctx, "SELECT v.version, v.application FROM version v", nil, func(row [][]byte) error {
		version, ours = int(integer(row[0])), string(row[1]) == "hookrig"
		return nil
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42703" || err == nil && !ours {
		err = fmt.Errorf("%w: schema %s belongs to another application; name another one with ?search_path=NAME", ErrForeign, schema)
	}
	return version, err
}
