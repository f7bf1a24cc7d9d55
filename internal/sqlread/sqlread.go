// Package sqlread reads databases for the effects of scenarios: one query at a time, in a
// transaction that cannot write.
//
//	rows, err := sqlread.Query(ctx, "postgres://localhost/shop", "select count(*) from orders", nil)
//	rows, err := sqlread.Query(ctx, "sqlite:shop.db", "select id from orders where state = $1", []any{"paid"})
//
// PostgreSQL refuses writes because the transaction is READ ONLY. SQLite refuses them because the
// file is opened with mode=ro and query_only, so that it also never creates a file. One call opens
// one connection and closes it: nothing stays open between two samples.
package sqlread

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrDSN means that the text that names a database cannot be read.
var ErrDSN = errors.New("cannot read the database's name")

// Query runs one SELECT statement and returns its rows as {column: value}, at most 10 000 rows with
// 16 MiB. Values are as in JSON: null, bool, int64, float64 and text; times are RFC 3339, and other
// types are the database's text. args are the values of $1, $2, and so on.
//
// dsn is postgres://…, postgresql://… or sqlite:FILE, where FILE may be relative. Errors wrap
// ErrDSN, ErrStatement or ErrTooLarge, or come from the database; they never contain the password.
func Query(ctx context.Context, dsn, query string, args []any) ([]map[string]any, error) {
	if err := checkStatement(query); err != nil {
		return nil, err
	}
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case found && scheme == "sqlite" && rest != "":
		return querySQLite(ctx, strings.TrimPrefix(rest, "//"), query, args)
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return queryPostgres(ctx, dsn, query, args)
	}
	return nil, fmt.Errorf("%w %q: want postgres://USER@HOST/DATABASE or sqlite:FILE", ErrDSN, withoutPassword(dsn))
}

// withoutPassword returns a name of a database that can be shown.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		scheme, _, _ := strings.Cut(dsn, ":")
		return scheme + ":…"
	}
	return u.Redacted()
}
