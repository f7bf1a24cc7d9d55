package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/store/sqlite"
)

func add(t testing.TB, s journal.Store, c *journal.Capture) journal.Capture {
	t.Helper()
	if err := s.AppendCapture(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return *c
}

func closeStore(t testing.TB, s journal.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a new one", "with ? and %41 #")
	s := open(t, dir, sqlite.Options{PerBin: 2})
	first := add(t, s, journaltest.Capture("a", 1))
	for i := range 3 {
		add(t, s, journaltest.Capture("b", i))
	}
	last := add(t, s, journaltest.Capture("c", 1))
	if _, err := s.ClearBin(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDeliveries(t.Context(), journaltest.Delivery("d", 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "bin", "a", []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	before, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)

	s = open(t, dir, sqlite.Options{PerBin: 2})
	got, err := s.Capture(t.Context(), first.ID)
	if err != nil || string(got.Body) != string(first.Body) || got.Headers[2] != first.Headers[2] {
		t.Errorf("%+v, %v", got, err)
	}
	if after, err := s.Stats(t.Context()); err != nil || after != before {
		t.Errorf("%+v, %v; want %+v", after, err, before)
	}
	if d, err := s.Delivery(t.Context(), "d"); err != nil || d.State != journal.Pending {
		t.Errorf("%+v, %v", d, err)
	}
	if doc, err := s.Get(t.Context(), "bin", "a"); err != nil || string(doc) != `{}` {
		t.Errorf("%s, %v", doc, err)
	}
	if c := add(t, s, journaltest.Capture("c", 2)); c.Seq <= last.Seq {
		t.Errorf("seq %d was reused after ClearBin and a restart; the last was %d", c.Seq, last.Seq)
	}
	for _, name := range []string{"journal.db", "journal.db-wal", "journal.lock"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it for its owner only", name, info.Mode(), err)
		}
	}
	closeStore(t, s)

	// A lowered limit takes effect with the next write.
	s = open(t, dir, sqlite.Options{PerBin: 1})
	add(t, s, journaltest.Capture("e", 1))
	bins, err := s.Bins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bins {
		if b.Count > 1 {
			t.Errorf("bin %q holds %d, want at most 1", b.Name, b.Count)
		}
	}
	closeStore(t, s)
}

func TestOneStoreADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	if _, err := sqlite.Open(t.Context(), dir, sqlite.Options{}); !errors.Is(err, sqlite.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v, want ErrInUse that names %s", err, dir)
	}
	closeStore(t, s)
	closeStore(t, open(t, dir, sqlite.Options{}))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	other := func(script string) func(path string) error {
		return func(path string) error {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				return err
			}
			_, err = db.Exec(script)
			return errors.Join(err, db.Close())
		}
	}
	for name, c := range map[string]struct {
		write func(path string) error
		want  error
	}{
		"text":                       {func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("not a database. ", 100)), 0o600) }, sqlite.ErrForeign},
		"another database":           {other("CREATE TABLE t (x)"), sqlite.ErrForeign},
		"another application's":      {other("PRAGMA application_id = 7"), sqlite.ErrForeign},
		"a newer version":            {other("PRAGMA application_id = 0x686f6f6b; PRAGMA user_version = 99"), sqlite.ErrForeign},
		"a journal without its bins": {other("PRAGMA application_id = 0x686f6f6b; PRAGMA user_version = 1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "journal.db")
			if err := c.write(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
			if err == nil {
				closeStore(t, s)
				t.Fatal("it was opened")
			}
			if c.want == nil {
				return
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v, want %v that names %s", err, c.want, path)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) && c.want == sqlite.ErrForeign {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlite.Open(t.Context(), file, sqlite.Options{}); err == nil {
		closeStore(t, s)
		t.Error("a file was opened as a directory")
	}
}

// TestDamage checks that damaged records are reported and that nothing is made up for them.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for i := range 400 {
		add(t, s, journaltest.Capture("a", i))
	}
	closeStore(t, s)
	path := filepath.Join(dir, "journal.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 4; i < len(data)/2; i++ {
		data[i] ^= 0x55
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		if !errors.Is(err, sqlite.ErrCorrupt) {
			t.Errorf("Open: %v, want ErrCorrupt", err)
		}
		return
	}
	defer closeStore(t, s)
	for q := (journal.CaptureQuery{Oldest: true, Limit: journal.MaxLimit}); ; {
		page, err := s.Captures(t.Context(), q)
		if err != nil {
			if !errors.Is(err, sqlite.ErrCorrupt) {
				t.Errorf("Captures: %v, want ErrCorrupt", err)
			}
			return
		}
		if len(page) == 0 {
			t.Fatal("nobody noticed")
		}
		q.After = page[len(page)-1].Seq
	}
}

// TestDamagedPagesAreRefused checks that Open refuses a file with damaged pages and says what to
// do.
func TestDamagedPagesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for i := range 400 {
		add(t, s, journaltest.Capture("a", i))
	}
	closeStore(t, s)
	path := filepath.Join(dir, "journal.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 2; i < len(data)/2+16<<10; i++ {
		data[i] = 0xff
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err == nil {
		closeStore(t, s)
	}
	if !errors.Is(err, sqlite.ErrCorrupt) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move the folder aside") {
		t.Errorf("%v, want ErrCorrupt that names %s and says what to do", err, path)
	}
}

// TestClearLongBin checks that ClearBin deletes in portions and leaves later captures.
func TestClearLongBin(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), sqlite.Options{})
	defer closeStore(t, s)
	const n, senders = 25_000, 250
	var running sync.WaitGroup
	for range senders {
		running.Go(func() {
			for range n / senders {
				add(t, s, &journal.Capture{Bin: "long"})
			}
		})
	}
	running.Wait()
	cleared := make(chan int)
	go func() {
		n, err := s.ClearBin(context.Background(), "long")
		if err != nil {
			t.Error(err)
		}
		cleared <- n
	}()
	for { // until the first portion is deleted
		stats, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stats.Captures < n {
			break
		}
	}
	later := add(t, s, &journal.Capture{Bin: "long"})
	if got := <-cleared; got != n {
		t.Errorf("%d cleared, want %d", got, n)
	}
	left, err := s.Captures(t.Context(), journal.CaptureQuery{Bin: "long"})
	if err != nil || len(left) != 1 || left[0].Seq != later.Seq {
		t.Errorf("%d left, %v; want the one that came later", len(left), err)
	}
}

// TestLogIsEmptiedAfterAReader checks that the log, which a reader keeps from being emptied when a
// bin is cleared, is emptied when the reader has ended and something else is written.
func TestLogIsEmptiedAfterAReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, sqlite.Options{})
	for range 8 {
		add(t, s, &journal.Capture{Bin: "large", Message: wire.Message{Body: make([]byte, 1<<20)}})
	}
	reader, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	tx, err := reader.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ClearBin(t.Context(), "large"); err != nil {
		t.Fatal(err)
	}
	log := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "journal.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	for range 50 { // the free pages are returned between them
		add(t, s, &journal.Capture{Bin: "meanwhile"})
	}
	if log() < 4<<20 {
		t.Fatalf("the log has %d bytes while it is read: this test shows nothing", log())
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for log() > 1<<20 && t.Context().Err() == nil { // for ever, if nothing tries again
		add(t, s, &journal.Capture{Bin: "meanwhile"})
	}
	closeStore(t, s)
}

// TestClearShortensTheFile checks that clearing returns disk space while captures arrive, and that
// Close leaves no log. It tests a new file and one of an earlier version.
func TestClearShortensTheFile(t *testing.T) {
	t.Parallel()
	const large = 16 // MiB
	for _, old := range []bool{false, true} {
		dir := t.TempDir()
		if old {
			extract(t, "testdata/journals/record4-schema3.tar.gz", dir)
		}
		s := open(t, dir, sqlite.Options{})
		body := make([]byte, 1<<20)
		for range large {
			add(t, s, &journal.Capture{Bin: "large", Message: wire.Message{Body: body}})
		}
		kept := add(t, s, journaltest.Capture("kept", 1))
		if n, err := s.ClearBin(t.Context(), "large"); n != large || err != nil {
			t.Fatal(n, err)
		}
		size := func(name string) int64 {
			info, err := os.Stat(filepath.Join(dir, name))
			if errors.Is(err, os.ErrNotExist) {
				return 0
			}
			if err != nil {
				t.Fatal(err)
			}
			return info.Size()
		}
		for size("journal.db") > 4<<20 || size("journal.db-wal") > 4<<20 {
			add(t, s, &journal.Capture{Bin: "meanwhile"})
			if _, err := s.TrimBin(t.Context(), "meanwhile", 0); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Capture(t.Context(), kept.ID); err != nil || string(got.Body) != string(kept.Body) {
			t.Errorf("%+v, %v", got, err)
		}
		closeStore(t, s)
		if n := size("journal.db-wal"); n > 0 {
			t.Errorf("the log has %d bytes after a clean stop", n)
		}
		s = open(t, dir, sqlite.Options{})
		if got, err := s.Capture(t.Context(), kept.ID); err != nil || string(got.Body) != string(kept.Body) {
			t.Errorf("opened again: %+v, %v", got, err)
		}
		closeStore(t, s)
	}
}
