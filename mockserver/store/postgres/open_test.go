package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	plain := withoutTLS(t)
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
		{"no such option", as("hookrig") + "&serch_path=x", postgres.ErrAddress, `"serch_path"; check the options after "?"`},
		{"an option's value", as("hookrig") + "&work_mem=much", postgres.ErrAddress, `"work_mem": "much"; check the options after "?"`},
		{"no certificate", "postgres://u:se%20cret@h/db?sslmode=verify-full&sslrootcert=/nonexistent.pem", postgres.ErrAddress, "open /nonexistent.pem: no such file"},
		{"no TLS", "postgres://u:se%20cret@" + plain + "/db?sslmode=require", postgres.ErrUnavailable, "server refused TLS connection; check sslmode"},
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

// withoutTLS starts a server that refuses TLS, and returns its address.
func withoutTLS(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(c, make([]byte, 8)); err == nil {
				_, _ = c.Write([]byte("N"))
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

// An address may have options of PostgreSQL, with any characters.
func TestOptions(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.Start(t)+"&work_mem=5MB&hookrig.note="+url.PathEscape(`it's \ a "note"`)+"&options=-c%20temp_buffers%3D900", postgres.Options{})
	defer s.Close()
	if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
		t.Error(err)
	}
}

// A pool in session mode is like the server. One in transaction mode is refused, and leaves no lock
// that would stop other nodes.
func TestPool(t *testing.T) {
	t.Parallel()
	address := pgtest.Start(t)
	s := open(t, bouncer(t, address, "session", 40), postgres.Options{})
	if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for mode, size := range map[string]int{"transaction": 20, "statement": 20, "session": 1} {
		s, err := postgres.Open(t.Context(), bouncer(t, address, mode, size), postgres.Options{})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, postgres.ErrServer) || !strings.Contains(err.Error(), "there is a pool before it") {
			t.Errorf("%s of %d: %v", mode, size, err)
		}
	}
	if err := open(t, address, postgres.Options{}).Close(); err != nil {
		t.Error(err)
	}
}

// bouncer starts PgBouncer before a server, and returns its address.
func bouncer(t *testing.T, address, mode string, size int) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), "pgbouncer") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	folder, err := os.MkdirTemp("", "hookrig-bouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "ini")
	text := fmt.Sprintf("[databases]\npostgres = host=%s user=hookrig\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = %s\nauth_type = any\npool_mode = %s\ndefault_pool_size = %d\n",
		u.Query().Get("host"), folder, mode, size)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = []string{"-u", "nobody", file}
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	at := "postgres://hookrig@/postgres?port=6432&host=" + url.QueryEscape(folder)
	for {
		conn, err := pgconn.Connect(t.Context(), at)
		if err == nil {
			if err := conn.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			return at
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(err)
		}
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
