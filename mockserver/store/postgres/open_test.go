package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/store/postgres"
)

func admin(t *testing.T, address, sql string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.Exec(t.Context(), sql).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOpenSaysWhatToDo checks the errors of Open: their cause, and what they tell.
func TestOpenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	admin(t, address, `CREATE ROLE guest LOGIN; CREATE ROLE nobody; CREATE SCHEMA shop; CREATE TABLE shop.orders (id int);
		CREATE SCHEMA clock; CREATE TABLE clock.version (n int); CREATE SCHEMA other; CREATE TABLE other.version (application text, version bigint)`)
	admin(t, address, `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
	newer := address + "&search_path=newer"
	if err := open(t, newer, postgres.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	admin(t, address, "UPDATE newer.version SET version = 99")
	as := func(user string) string { return strings.Replace(address, "hookrig@", user+":se%20cret@", 1) }
	for _, c := range []struct {
		what, address string
		cause         error
		says          string
	}{
		{"no server", "postgres://u:se%20cret@127.0.0.1:1/db?connect_timeout=2", postgres.ErrUnavailable, "start the server"},
		{"no socket", "postgres://u@/db?host=/nonexistent&password=se%20cret", postgres.ErrUnavailable, "start the server"},
		{"no database", strings.Replace(as("hookrig"), "/postgres?", "/nothing?", 1), postgres.ErrDenied, "createdb nothing"},
		{"no login", as("nobody"), postgres.ErrDenied, "check user and password"},
		{"no permission", as("guest"), postgres.ErrDenied, "CREATE SCHEMA hookrig AUTHORIZATION guest"},
		{"encoding", strings.Replace(as("hookrig"), "/postgres?", "/latin?", 1), postgres.ErrServer, "ENCODING 'UTF8'"},
		{"newer", newer, postgres.ErrForeign, "the format of schema newer is 99"},
		{"foreign schema", address + "&search_path=shop", postgres.ErrForeign, "schema shop belongs to another application"},
		{"foreign version", address + "&search_path=clock", postgres.ErrForeign, "schema clock belongs to another application"},
		{"empty version", address + "&search_path=other", postgres.ErrForeign, "schema other belongs to another application"},
		{"schema's name", address + "&search_path=a,b", postgres.ErrAddress, "want one schema"},
		{"no URL", "postgres://u:se cret@h:x/db", postgres.ErrAddress, "want postgres://USER:PASSWORD@HOST:PORT/DATABASE"},
		{"bad port", "postgres://u:se%20cret@h:999999/db", postgres.ErrAddress, "want postgres://"},
		{"bad option", "postgres://u:se%20cret@h/db?sslmode=perhaps", postgres.ErrAddress, "option"},
		{"another scheme", "mysql://u:se%20cret@h/db", postgres.ErrAddress, "want postgres://"},
	} {
		s, err := postgres.Open(t.Context(), c.address, postgres.Options{})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %v that says %q", c.what, err, c.cause, c.says)
		}
		if err != nil && (strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the error has the password or several lines: %v", c.what, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgres.Open(ended, address, postgres.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// TestOpenTrims checks that a lower limit applies to what is stored already, and that a schema that
// another role made can be used.
func TestOpenTrims(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	admin(t, address, "CREATE ROLE guest LOGIN; CREATE SCHEMA hookrig AUTHORIZATION guest")
	address = strings.Replace(address, "hookrig@", "guest@", 1)
	s := open(t, address, postgres.Options{})
	for i := range 30 {
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: []string{"a", "b"}[i%2]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, address, postgres.Options{PerBin: 4})
	defer s.Close()
	if stats, err := s.Stats(t.Context()); err != nil || stats.Captures != 8 || stats.EvictedCaptures != 22 {
		t.Errorf("%+v, %v; want 8 captures", stats, err)
	}
}
