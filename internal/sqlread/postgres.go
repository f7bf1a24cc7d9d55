package sqlread

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementTimeout ends a query on the server when nobody waits for it any more.
const statementTimeout = 10 * time.Second

func queryPostgres(ctx context.Context, dsn, query string, args []any) ([]map[string]any, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("%w %q: want postgres://USER@HOST/DATABASE", ErrDSN, withoutPassword(dsn))
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["statement_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres %s: %w", config.Host, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer rows.Close()
	list := newResult()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, fmt.Errorf("postgres: %w", err)
		}
		row := map[string]any{}
		for i, field := range rows.FieldDescriptions() {
			row[field.Name] = jsonValue(values[i])
		}
		if err := list.add(row); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return list.rows, nil
}

// jsonValue returns a value of PostgreSQL as JSON has it: arrays, numerics, UUIDs and json columns
// too.
func jsonValue(v any) any {
	switch v := v.(type) {
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	case json.Marshaler, []any, map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		var out any
		if json.Unmarshal(text, &out) != nil {
			return string(text)
		}
		return out
	}
	return plain(v)
}
