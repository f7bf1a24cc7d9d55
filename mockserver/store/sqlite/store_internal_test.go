package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func openInternal(t *testing.T, o Options) *store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.(*store)
}

// TestQueryPlans checks that every query uses an index, without sorting, so that none reads more
// rows than it returns.
func TestQueryPlans(t *testing.T) {
	t.Parallel()
	s := openInternal(t, Options{})
	for name, c := range map[string]struct {
		text string
		args []any
		want string
	}{
		"capture":       {captureQuery(byNumber), []any{1}, "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)"},
		"newest":        {captureQuery(between + newest), []any{1, 2, 3}, "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"oldest":        {captureQuery(between + oldest), []any{1, 2, 3}, "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		"newest of bin": {captureQuery(between + ofBin + newest), []any{1, 2, 3, 4}, "SEARCH c USING INDEX captures_of_bin (bin=? AND rowid>? AND rowid<?)"},
		"oldest of bin": {captureQuery(between + ofBin + oldest), []any{1, 2, 3, 4}, "SEARCH c USING INDEX captures_of_bin (bin=? AND rowid>? AND rowid<?)"},
		"drop":          {"DELETE FROM captures WHERE bin = ? AND seq <= ?", []any{1, 2}, "USING INDEX captures_of_bin (bin=? AND rowid<?)"},
	} {
		var plan strings.Builder
		rows, err := s.db.reading.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+c.text, c.args...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := each(rows, func() error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan.WriteString(detail + "\n")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), c.want) || strings.Contains(plan.String(), "TEMP B-TREE") || strings.Contains(plan.String(), "SCAN") {
			t.Errorf("%s: %q, want %q, and neither a scan nor sorting", name, plan.String(), c.want)
		}
	}
}

// limitPages limits the file to n pages, which acts like a full disk.
func limitPages(t *testing.T, s *store, n int) {
	t.Helper()
	if err := s.write(t.Context(), func(w *writer) error {
		_, err := w.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n))
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestFull checks that on a full disk no part of a capture is stored, that acknowledged captures
// stay, and that appends work again once there is space.
func TestFull(t *testing.T) {
	t.Parallel()
	s := openInternal(t, Options{})
	limitPages(t, s, 100)
	acknowledged := 0
	var failed error
	for failed == nil {
		c := journal.Capture{Bin: fmt.Sprint("bin", acknowledged%3), Message: wire.Message{Body: make([]byte, 5000)}}
		if failed = s.AppendCapture(t.Context(), &c); failed == nil {
			acknowledged++
		} else if c.Seq != 0 || c.ID != "" {
			t.Errorf("one that failed has seq %d and id %q", c.Seq, c.ID)
		}
		if acknowledged > 1000 {
			t.Fatal("the file was never full")
		}
	}
	if !errors.Is(failed, journal.ErrFull) || acknowledged < 20 {
		t.Errorf("after %d: %v, want ErrFull", acknowledged, failed)
	}
	count := func(want int) {
		t.Helper()
		got, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit})
		stats, errStats := s.Stats(t.Context())
		if err != nil || errStats != nil || len(got) != want || stats.Captures != want {
			t.Errorf("%d captures, %v, %+v, %v; want %d", len(got), err, stats, errStats, want)
		}
	}
	count(acknowledged)
	c := journal.Capture{Bin: "new bin", Message: wire.Message{Body: make([]byte, 50_000)}}
	if err := s.AppendCapture(t.Context(), &c); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a second time: %v, want ErrFull", err)
	}
	limitPages(t, s, 1<<30)
	if err := s.AppendCapture(t.Context(), &c); err != nil || c.Seq != uint64(acknowledged)+1 {
		t.Errorf("with room again: seq %d, %v; want %d", c.Seq, err, acknowledged+1)
	}
	count(acknowledged + 1)
}

// TestFullGetsASecondTry checks that a commit on a full disk copies the log into the file and tries
// again.
func TestFullGetsASecondTry(t *testing.T) {
	t.Parallel()
	s := openInternal(t, Options{})
	if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "before"}); err != nil {
		t.Fatal(err)
	}
	tries := 0
	err := s.write(t.Context(), func(w *writer) error {
		if tries++; tries > 1 {
			return nil
		}
		ctx := context.Background()
		for _, text := range []string{"PRAGMA max_page_count = 1", "CREATE TABLE t AS SELECT zeroblob(10000000)"} {
			if _, err := w.conn.ExecContext(ctx, text); err != nil {
				if code(err)&0xff != sqlite3.SQLITE_FULL {
					t.Errorf("%v, want a full disk", err)
				}
				_, _ = w.conn.ExecContext(ctx, "PRAGMA max_page_count = 1000000")
				return err
			}
		}
		return errors.New("the file was never full")
	})
	if err != nil || tries != 2 {
		t.Errorf("%v after %d tries, want success at the second", err, tries)
	}
	if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "after"}); err != nil {
		t.Error(err)
	}
}

// TestWithdraw checks that a waiting request is withdrawn when its context ends, and is not stored.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	s := openInternal(t, Options{})
	busy, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.write(t.Context(), func(*writer) error {
			close(busy)
			<-release
			return nil
		})
	}()
	<-busy // the writer is busy: later requests wait
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.queue.empty() {
			runtime.Gosched()
		}
		cancel()
	}()
	c := journal.Capture{Bin: "a"}
	err := s.AppendCapture(ctx, &c)
	close(release)
	if err == nil || !errors.Is(err, ctx.Err()) {
		t.Errorf("%v, want %v", err, ctx.Err())
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "b"}); err != nil {
		t.Error(err)
	}
	bins, err := s.Bins(t.Context())
	if err != nil || len(bins) != 1 || bins[0].Name != "b" || bins[0].Count != 1 {
		t.Errorf("%+v, %v; want b alone", bins, err)
	}
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}

// TestLogStaysShort checks that senders wait for the log to be copied if the background is too
// slow.
func TestLogStaysShort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opened, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	s := opened.(*store)
	const never, longest = 1 << 30, 8 << 20 / pageSize
	if err := s.write(t.Context(), func(w *writer) error { // the writer reads s.log
		w.s.log = logLimits{checkpoint: never, restart: never, longest: longest}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 1<<20)
	var running sync.WaitGroup
	for sender := range 4 {
		running.Go(func() {
			for range 20 {
				c := journal.Capture{Bin: fmt.Sprint(sender), Message: wire.Message{Body: body}}
				if err := s.AppendCapture(t.Context(), &c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	info, err := os.Stat(filepath.Join(dir, fileName+"-wal"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 2*longest*pageSize { // one transaction may go beyond the limit
		t.Errorf("the log is %d MiB long after 80 MiB went through it", info.Size()>>20)
	}
}

// TestLostNumbersStayLost checks that numbers of lost captures are not used again after a failed
// transaction, when the writer loads the file.
func TestLostNumbersStayLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := openMark(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.set(41, 7)
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
	// This is an old copy of the journal with a newer mark.
	other := t.TempDir()
	old, err := Open(t.Context(), other, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(other, fileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*store)
	defer s.Close()
	failed := errors.New("a transaction that fails")
	if err := s.write(t.Context(), func(*writer) error { return failed }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	c := journal.Capture{Bin: "a"}
	if err := s.AppendCapture(t.Context(), &c); err != nil || c.Seq != 42 {
		t.Errorf("seq %d, %v; want 42", c.Seq, err)
	}
	if capture, delivery := readMark(dir); capture != 42 || delivery != 7 {
		t.Errorf("the mark has %d and %d", capture, delivery)
	}
}
