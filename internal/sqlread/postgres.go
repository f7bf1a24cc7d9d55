package sqlread

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// statementTimeout ends a query on the server when nobody waits for it any more.
const statementTimeout = 10 * time.Second

// queryPostgres lets PostgreSQL write each row as JSON, which has a form for every type, and reads
// that. So the program links pgx's connection only: its types would make it 3 MB larger.
func queryPostgres(ctx context.Context, dsn, query string, args []any) ([]map[string]any, error) {
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("%w %q: want postgres://USER@HOST/DATABASE", ErrDSN, withoutPassword(dsn))
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["statement_timeout"] = fmt.Sprint(statementTimeout.Milliseconds())
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres %s: %w", config.Host, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	list, err := readRows(ctx, conn, query, args)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return list, nil
}

func readRows(ctx context.Context, conn *pgconn.PgConn, query string, args []any) ([]map[string]any, error) {
	if err := conn.Exec(ctx, "begin read only").Close(); err != nil {
		return nil, err
	}
	prepared, err := conn.Prepare(ctx, "", query, nil)
	if err != nil {
		return nil, err
	}
	if len(args) != len(prepared.ParamOIDs) {
		return nil, fmt.Errorf("the query has %d parameters, got %d", len(prepared.ParamOIDs), len(args))
	}
	values := make([][]byte, len(args))
	for i, arg := range args {
		if values[i], err = parameter(arg, prepared.ParamOIDs[i]); err != nil {
			return nil, fmt.Errorf("parameter $%d: %w", i+1, err)
		}
	}
	types := map[string]uint32{}
	for _, field := range prepared.Fields {
		types[field.Name] = field.DataTypeOID
	}
	rows := conn.ExecParams(ctx, "select row_to_json(r)::text from (\n"+withoutSemicolon(query)+"\n) as r", values, prepared.ParamOIDs, nil, nil)
	list := newResult()
	for rows.NextRow() {
		row, err := readRow(rows.Values()[0], types)
		if err == nil {
			err = list.add(row)
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := rows.Close(); err != nil {
		return nil, err
	}
	return list.rows, nil
}

// The types that the values of rows and parameters are written for: pg_type.dat of PostgreSQL.
const (
	typeBytea       = 17
	typeInt8        = 20
	typeInt2        = 21
	typeInt4        = 23
	typeOID         = 26
	typeJSON        = 114
	typeDate        = 1082
	typeTimestamp   = 1114
	typeTimestamptz = 1184
	typeJSONB       = 3802
)

// readRow reads a row that PostgreSQL wrote as JSON. types are those of its columns.
func readRow(text []byte, types map[string]uint32) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var row map[string]any
	if err := decoder.Decode(&row); err != nil {
		return nil, fmt.Errorf("read a row: %w", err)
	}
	for name, v := range row {
		row[name] = column(v, types[name])
	}
	return row, nil
}

// column returns the value of a column: an integer as int64, a time in RFC 3339, bytes as text.
func column(v any, oid uint32) any {
	switch text, _ := v.(string); oid {
	case typeInt2, typeInt4, typeInt8, typeOID:
		if number, ok := v.(json.Number); ok {
			if n, err := number.Int64(); err == nil {
				return n
			}
		}
	case typeDate, typeTimestamp, typeTimestamptz:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
			if at, err := time.Parse(layout, text); err == nil {
				return plain(at)
			}
		}
	case typeBytea:
		if raw, err := hex.DecodeString(strings.TrimPrefix(text, `\x`)); err == nil && v != nil {
			return string(raw)
		}
	}
	return withFloats(v)
}

// withFloats returns a value with float64 in place of the numbers, as JSON is usually decoded.
func withFloats(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = withFloats(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withFloats(v[name])
		}
	}
	return v
}

// parameter returns the text of a parameter; nil is null. A list is an array, or JSON if the
// parameter is.
func parameter(v any, oid uint32) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case []any:
		if oid == typeJSON || oid == typeJSONB {
			return json.Marshal(v)
		}
		return array(v)
	case map[string]any:
		return json.Marshal(v)
	}
	return fmt.Append(nil, v), nil
}

// array returns the text of an array: {"a",NULL,"1"}.
func array(list []any) ([]byte, error) {
	text := []byte{'{'}
	for i, v := range list {
		if i > 0 {
			text = append(text, ',')
		}
		if nested, ok := v.([]any); ok {
			inner, err := array(nested)
			if err != nil {
				return nil, err
			}
			text = append(text, inner...)
			continue
		}
		element, err := parameter(v, 0)
		if err != nil {
			return nil, err
		}
		if element == nil {
			text = append(text, "NULL"...)
			continue
		}
		text = append(text, '"')
		text = append(text, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(element))...)
		text = append(text, '"')
	}
	return append(text, '}'), nil
}
