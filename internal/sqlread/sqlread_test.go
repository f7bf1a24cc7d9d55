package sqlread_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/internal/sqlread"
)

const table = `create table orders (id integer primary key, state text, total double precision);
insert into orders values (1, 'paid', 9.5), (2, 'open', null)`

// shops returns a SQLite file and a PostgreSQL server with the same table.
func shops(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop #1?.db")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("#", "%23", "?", "%3f").Replace(file))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(table); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"sqlite": "sqlite:" + file, "postgres": postgres(t)} // one server: its start takes long
}

func postgres(t *testing.T) string {
	t.Helper()
	dsn := pgtest.Start(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for name, dsn := range shops(t) {
		t.Run(name, func(t *testing.T) {
			got, err := sqlread.Query(t.Context(), dsn, "select id, state, total from orders where id < $1 order by id", []any{int64(9)})
			want := []map[string]any{{"id": int64(1), "state": "paid", "total": 9.5}, {"id": int64(2), "state": "open", "total": nil}}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			none, err := sqlread.Query(t.Context(), dsn, "select id from orders where id = 7", nil)
			if err != nil || none == nil || len(none) != 0 {
				t.Errorf("no rows: %v, %v", none, err)
			}
			for _, write := range []string{
				"insert into orders values (3, 'x', 1)", "delete from orders", "update orders set state = 'x' returning id",
				"create table other (id integer)", "drop table orders",
			} {
				if _, err := sqlread.Query(t.Context(), dsn, write, nil); err == nil {
					t.Errorf("%s was not refused", write)
				}
			}
			after, err := sqlread.Query(t.Context(), dsn, "select count(*) as n from orders where state in ('paid', 'open')", nil)
			if diff := cmp.Diff([]map[string]any{{"n": int64(2)}}, after); err != nil || diff != "" {
				t.Errorf("after the writes: %v (-want +got):\n%s", err, diff)
			}
			if name == "postgres" {
				testValues(t, dsn)
				testTypes(t, dsn)
				testTransaction(t, dsn)
			}
			if _, err := sqlread.Query(t.Context(), dsn, "select nonsense", nil); err == nil || !strings.Contains(err.Error(), "nonsense") {
				t.Errorf("a wrong query: %v", err)
			}
		})
	}
}

// A result that is too large is an error: a part of it would give a wrong value.
func TestLargeResults(t *testing.T) {
	t.Parallel()
	for name, dsn := range shops(t) {
		t.Run(name, func(t *testing.T) {
			text := map[string]string{"sqlite": "printf('%.1000000c', 'x')", "postgres": "repeat('x', 1000000)"}[name]
			numbers := func(n int) string {
				return fmt.Sprintf("with recursive n(i) as (select 1 union all select i + 1 from n where i < %d) ", n)
			}
			for query, want := range map[string]string{
				numbers(10_000) + "select i from n":             "",
				numbers(10_001) + "select i from n":             "more than 10000 rows",
				numbers(16) + "select " + text + " as t from n": "",
				numbers(17) + "select " + text + " as t from n": "more than 16 MiB in 17 rows",
			} {
				_, err := sqlread.Query(t.Context(), dsn, query, nil)
				if want == "" && err != nil || want != "" && (!errors.Is(err, sqlread.ErrTooLarge) || !strings.Contains(err.Error(), want)) {
					t.Errorf("%s: %v, want %q", query, err, want)
				}
			}
		})
	}
}

func testValues(t *testing.T, dsn string) {
	t.Helper()
	got, err := sqlread.Query(t.Context(), dsn,
		`select true as b, 1.25::numeric as n, '{"a":[1]}'::jsonb as j, array[1,2] as l,
		'5f0c8a9e-0000-4000-8000-0000000000ff'::uuid as u, '2026-01-02T03:04:05Z'::timestamptz at time zone 'UTC' as t, 'ab'::bytea as y`, nil)
	want := []map[string]any{{
		"b": true, "n": 1.25, "j": map[string]any{"a": []any{1.0}}, "l": []any{1.0, 2.0},
		"u": "5f0c8a9e-0000-4000-8000-0000000000ff", "t": "2026-01-02T03:04:05Z", "y": "ab",
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// testTypes checks values that PostgreSQL writes in its own way, and parameters of every kind.
func testTypes(t *testing.T, dsn string) {
	t.Helper()
	for _, c := range []struct {
		query string
		args  []any
		want  any // the column v of the only row
	}{
		{"select array['a', null, 'b,\"c\"'] as v", nil, []any{"a", nil, `b,"c"`}},
		{"select array[[1.5, 2], [3, 4]] as v", nil, []any{[]any{1.5, 2.0}, []any{3.0, 4.0}}},
		{"select '2026-01-02'::date as v", nil, "2026-01-02T00:00:00Z"},
		{"select '2026-01-02T03:04:05.678+02:00'::timestamptz as v", nil, "2026-01-02T01:04:05.678Z"},
		{"select 'infinity'::timestamptz as v", nil, "infinity"},
		{"select 'NaN'::float8 as v", nil, "NaN"},
		{"select 9007199254740993 as v", nil, int64(9007199254740993)},
		{"select 3::numeric as v", nil, 3.0},
		{"select 1::smallint as v", nil, int64(1)},
		{"select null::bytea as v", nil, nil},
		{"select '\\xff'::bytea as v", nil, "\xff"},
		{"select '{\"a\":{\"b\":[1,null]}}'::json as v", nil, map[string]any{"a": map[string]any{"b": []any{1.0, nil}}}},
		{"select interval '1 day' as v", nil, "1 day"},
		{"select '' as v", nil, ""},
		{"select 1 as v, 2 as v", nil, int64(2)},
		{"select 'a;b' as v; -- the end", nil, "a;b"},
		{"-- first\nselect 1 as v -- last", nil, int64(1)},
		{"with a as (select 7 as v) select * from a ;", nil, int64(7)},
		{"select v from (values (2), (1)) as l(v) order by v limit 1", nil, int64(1)},
		{"select count(*) as v from orders where state = any($1)", []any{[]any{"paid", "open", `x"y\z`, nil}}, int64(2)},
		{"select count(*) as v from orders where id = any($1)", []any{[]any{int64(1), 7.0}}, int64(1)},
		{"select $1::text[] as v", []any{[]any{`a"b`, `c\d`, nil, "", "{}"}}, []any{`a"b`, `c\d`, nil, "", "{}"}},
		{"select $1::int[] as v", []any{[]any{[]any{int64(1)}, []any{int64(2)}}}, []any{[]any{1.0}, []any{2.0}}},
		{"select $1::jsonb as v", []any{[]any{int64(1), "a"}}, []any{1.0, "a"}},
		{"select $1::jsonb as v", []any{map[string]any{"a": int64(1)}}, map[string]any{"a": 1.0}},
		{"select $1::boolean as v", []any{true}, true},
		{"select $1::float8 as v", []any{1e21}, 1e21},
		{"select $1::integer as v", []any{9.0}, int64(9)},
		{"select $1::text as v", []any{nil}, nil},
		{"select $1::text as v", []any{"it's; \"so\""}, `it's; "so"`},
	} {
		rows, err := sqlread.Query(t.Context(), dsn, c.query, c.args)
		if err != nil || len(rows) != 1 {
			t.Errorf("%s %v: %v, %v", c.query, c.args, rows, err)
			continue
		}
		if diff := cmp.Diff(c.want, rows[0]["v"]); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", c.query, c.args, diff)
		}
	}
	if _, err := sqlread.Query(t.Context(), dsn, "select $1::text, $2::text", []any{"a"}); err == nil || !strings.Contains(err.Error(), "the query has 2 parameters, got 1") {
		t.Errorf("a missing parameter: %v", err)
	}
}

// TestOnlyOneSelect checks that nothing reaches the database that writes files or runs programs.
func TestOnlyOneSelect(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(table); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "written.db")
	for _, query := range []string{
		"vacuum into '" + out + "'", "attach 'file:" + out + "?mode=rwc' as x", "select 1; attach '" + out + "' as x", "/* select */ vacuum into '" + out + "'",
		"select ';' ; vacuum into '" + out + "'", "select 1 -- x\n; vacuum into '" + out + "'", "select 1 /* ' */; attach '" + out + "' as x; --'",
		"copy (select 1) to program 'true'", "", ";", "pragma query_only = 0", "explain analyze delete from orders",
	} {
		if _, err := sqlread.Query(t.Context(), "sqlite:"+file, query, nil); !errors.Is(err, sqlread.ErrStatement) {
			t.Errorf("%q: %v", query, err)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a query wrote a file")
	}
	for _, query := range []string{
		"select 'a;b' as x", "SELECT 1; ", "select 1 ; -- the end", "-- first\n/* then; */ with a as (select 1) select * from a", "values (1)", "select 'it''s; so'",
	} {
		if _, err := sqlread.Query(t.Context(), "sqlite:"+file, query, nil); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
}

// testTransaction checks that a statement cannot leave the read-only transaction.
func testTransaction(t *testing.T, dsn string) {
	t.Helper()
	for _, escape := range []string{
		"commit; delete from orders", "set transaction read write", "set session characteristics as transaction read write",
		"select set_config('transaction_read_only', 'off', true)",
	} {
		_, err := sqlread.Query(t.Context(), dsn, escape, nil)
		rows, after := sqlread.Query(t.Context(), dsn, "select count(*) as n from orders", nil)
		if after != nil || rows[0]["n"] != int64(2) {
			t.Errorf("%s: %v, then %v, %v", escape, err, rows, after)
		}
	}
}

func TestWrongNames(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"": `""`, "sqlite:": `"sqlite:"`, "mysql://root:s3cret@localhost/x": "postgres://", "shop.db": `"shop.db"`,
	} {
		_, err := sqlread.Query(t.Context(), dsn, "select 1", nil)
		if !errors.Is(err, sqlread.ErrDSN) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing.db")
	if _, err := sqlread.Query(t.Context(), "sqlite:"+missing, "select 1", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("reading created the file")
	}
}
