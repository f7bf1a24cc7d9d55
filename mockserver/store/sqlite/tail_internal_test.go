package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// hold keeps the writer busy until the returned function is called, so that requests gather.
func hold(s *store) (release func()) {
	busy, free := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		_ = s.write(context.Background(), func(*writer) error {
			close(busy)
			<-free
			return nil
		})
	})
	<-busy
	return func() { close(free); done.Wait() }
}

// appendTogether appends n captures that the writer takes at once. Their bodies are their numbers.
func appendTogether(t *testing.T, s *store, bin string, n int) {
	t.Helper()
	release := hold(s)
	var senders sync.WaitGroup
	for i := range n {
		senders.Go(func() {
			c := journal.Capture{Bin: bin, Message: wire.Message{Method: "POST", Body: fmt.Appendf(nil, "body %d", i)}}
			if err := s.AppendCapture(t.Context(), &c); err != nil {
				t.Error(err)
			}
		})
	}
	for s.queue.length() < n {
		runtime.Gosched()
	}
	release()
	senders.Wait()
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// keepInTail prevents that captures leave the tail when nothing happens.
func keepInTail(t *testing.T, s *store) {
	t.Helper()
	if err := s.write(t.Context(), func(w *writer) error {
		w.s.tail.keep = 1 << 40
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// openWithTail opens a journal with one capture, and n more that are in the tail. It tries again
// when the store's own work, which begins when it is opened, has emptied the tail.
func openWithTail(t *testing.T, n int) (s *store, dir string) {
	t.Helper()
	for {
		dir = t.TempDir()
		opened, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s = opened.(*store)
		keepInTail(t, s)
		if err := s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
			t.Fatal(err)
		}
		appendTogether(t, s, "a", n)
		if s.tail.outside.Load() == int64(n) {
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			return s, dir
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// inTail returns a copy of the folder of such a journal, as a kill leaves it.
func inTail(t *testing.T, n int) string {
	t.Helper()
	_, live := openWithTail(t, n)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, fileName+"-shm")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTailIsRead checks that each query finds what is in the tail.
func TestTailIsRead(t *testing.T) {
	t.Parallel()
	const n = 20
	for name, count := range map[string]func(s *store) (int, error){
		"captures": func(s *store) (int, error) {
			list, err := s.Captures(t.Context(), journal.CaptureQuery{Bin: "a"})
			return len(list), err
		},
		"bins": func(s *store) (int, error) {
			bins, err := s.Bins(t.Context())
			return bins[0].Count, err
		},
		"counts": func(s *store) (int, error) {
			counts, err := s.Counts(t.Context(), 0, n+1)
			return counts["a"], err
		},
		"stats": func(s *store) (int, error) {
			stats, err := s.Stats(t.Context())
			return stats.Captures, err
		},
		"search": func(s *store) (int, error) {
			found := 1 // that without a body
			err := s.Search(t.Context(), journal.CaptureQuery{Bin: "a"}, []string{"body"}, func(c *journal.Capture) bool {
				found += strings.Count(string(c.Body), "body")
				return true
			})
			return found, err
		},
		"one": func(s *store) (int, error) {
			c, err := s.Capture(t.Context(), journal.CaptureID(n+1))
			return int(c.Seq), err
		},
		"clear": func(s *store) (int, error) { return s.ClearBin(t.Context(), "a") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := openWithTail(t, n)
			if got, err := count(s); err != nil || got != n+1 {
				t.Errorf("%d, %v; want %d", got, err, n+1)
			}
		})
	}
}

// TestTailSurvivesAKill checks that the next program inserts what is in the tail, once.
func TestTailSurvivesAKill(t *testing.T) {
	t.Parallel()
	const n = 100
	dir := inTail(t, n)
	for round := range 2 {
		// A kill may leave a mark that does not know the tail yet.
		if err := os.WriteFile(filepath.Join(dir, markName), fmt.Appendf(nil, markFormat, 1, 0), 0o600); err != nil {
			t.Fatal(err)
		}
		opened, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := opened.Captures(t.Context(), journal.CaptureQuery{Oldest: true, Limit: journal.MaxLimit})
		if err != nil || len(list) != n+1+round {
			t.Fatalf("%d captures, %v; want %d", len(list), err, n+1+round)
		}
		list = list[:n+1]
		bodies := map[string]bool{}
		for i, c := range list {
			if c.Seq != uint64(i+1) || c.Bin != "a" {
				t.Errorf("capture %d has number %d and bin %q", i+1, c.Seq, c.Bin)
			}
			bodies[string(c.Body)] = true
		}
		if len(bodies) != n+1 {
			t.Errorf("%d different bodies, want %d", len(bodies), n+1)
		}
		next := journal.Capture{Bin: "a"}
		if err := opened.AppendCapture(t.Context(), &next); err != nil || next.Seq != uint64(n+2+round) {
			t.Errorf("the next number is %d, %v; want %d", next.Seq, err, n+2+round)
		}
		// not closed: its file may be there again
		tail, err := os.ReadFile(filepath.Join(dir, tailName))
		if err != nil {
			t.Fatal(err)
		}
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, tailName)); err == nil {
			t.Error("the file is there after Close")
		}
		if err := os.WriteFile(filepath.Join(dir, tailName), tail, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedTail checks that a damaged tail loses only what follows the damage, and that this is
// logged.
func TestDamagedTail(t *testing.T) {
	t.Parallel()
	whole := inTail(t, 50)
	image, err := os.ReadFile(filepath.Join(whole, tailName))
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"its first bit":  func(b []byte) []byte { b[0] ^= 1; return b },
		"its checksum":   func(b []byte) []byte { b[5] ^= 1; return b },
		"its numbers":    func(b []byte) []byte { b[16] ^= 1; return b },
		"a body":         func(b []byte) []byte { b[bytes.LastIndex(b, []byte("body"))] ^= 1; return b },
		"it is cut":      func(b []byte) []byte { return b[:100] },
		"it is empty":    func(b []byte) []byte { return nil },
		"a wrong length": func(b []byte) []byte { b[11] = 0xff; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, tailName), damage(slices.Clone(image)), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s, err := Open(t.Context(), dir, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if list, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit}); err != nil || len(list) != 1 {
				t.Errorf("%d captures, %v; want the one that was not in the tail", len(list), err)
			}
			if !strings.Contains(log.String(), "has lost records") || !strings.Contains(log.String(), "captures_stored_up_to=51") {
				t.Errorf("the log says %q", log.String())
			}
			c := journal.Capture{Bin: "a"}
			if err := s.AppendCapture(t.Context(), &c); err != nil || c.Seq != 52 {
				t.Errorf("the next number is %d, %v; want 52", c.Seq, err)
			}
		})
	}
}

// batchOf returns a batch of captures with the numbers from first.
func batchOf(first uint64, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{seq: first + uint64(i), bin: "b", size: 700, head: []byte{1, 2}, body: fmt.Appendf(nil, "%d", first+uint64(i))}
	}
	return rows
}

// TestTailRecovers checks which captures are read from a file.
func TestTailRecovers(t *testing.T) {
	t.Parallel()
	part := func(batches ...[]row) []byte {
		var image []byte
		for _, b := range batches {
			image = appendBatch(image, b)
		}
		return image
	}
	over := func(old, image []byte) []byte { return append(image, old[min(len(old), len(image)):]...) }
	halves := func(a, b []byte) []byte { return append(append(a, make([]byte, tailHalf-len(a))...), b...) }
	for name, c := range map[string]struct {
		image      []byte
		last       uint64
		from, upTo uint64
	}{
		"two batches":                   {part(batchOf(4, 3), batchOf(7, 2)), 3, 4, 8},
		"inserted ones":                 {part(batchOf(4, 3), batchOf(7, 2)), 5, 6, 8},
		"all inserted":                  {part(batchOf(4, 3)), 6, 0, 0},
		"over an older batch":           {over(part(batchOf(4, 3), batchOf(7, 3)), part(batchOf(10, 3))), 9, 10, 12},
		"an older batch that fits":      {part(batchOf(10, 3), batchOf(7, 3)), 9, 10, 12},
		"a torn batch":                  {part(batchOf(4, 3), batchOf(7, 2))[:len(part(batchOf(4, 3)))+30], 3, 4, 6},
		"both halves":                   {halves(part(batchOf(4, 3)), part(batchOf(7, 2))), 3, 4, 8},
		"both halves, the second first": {halves(part(batchOf(7, 2)), part(batchOf(4, 3))), 3, 4, 8},
		"nothing":                       {make([]byte, 2*tailHalf), 3, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tailName), c.image, 0o600); err != nil {
				t.Fatal(err)
			}
			rows, err := newTail(dir).recover(c.last)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if c.from > 0 {
				want = int(c.upTo - c.from + 1)
			}
			if len(rows) != want {
				t.Fatalf("%d captures, want %d: %+v", len(rows), want, rows)
			}
			for i, r := range rows {
				if r.seq != c.from+uint64(i) || string(r.body) != fmt.Sprint(r.seq) || r.bin != "b" || r.size != 700 || string(r.head) != "\x01\x02" {
					t.Errorf("%d: %+v", i, r)
				}
			}
		})
	}
}

// TestTailOnAFullDatabase checks that captures in the tail, whose senders were answered, are
// inserted once the file has room again, and that others are refused until then.
func TestTailOnAFullDatabase(t *testing.T) {
	t.Parallel()
	s, dir := openWithTail(t, 2)
	limitPages(t, s, 1)
	var conn *sql.Conn
	if err := s.write(t.Context(), func(w *writer) error { conn = w.conn; return nil }); err != nil {
		t.Fatal(err)
	}
	stored := 303
	appendTogether(t, s, "a", 300) // all are answered, and the insertion fails
	var err error
	for ; stored < 1000; stored++ { // the writer notices it when the other half is full
		if err = s.AppendCapture(t.Context(), &journal.Capture{Bin: "a"}); err != nil {
			break
		}
	}
	if !errors.Is(err, journal.ErrFull) {
		t.Errorf("another one: %v, want ErrFull", err)
	}
	if list, err := s.Captures(t.Context(), journal.CaptureQuery{}); err != nil || len(list) != 3 {
		t.Errorf("%d captures, %v; want those that are in the file", len(list), err)
	}
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(killed, fileName+"-shm")); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), killed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if list, err := again.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit}); err != nil || len(list) != stored {
		t.Errorf("after a kill: %d captures, %v; want %d", len(list), err, stored)
	}
	// an operation would have to wait for the tail
	if _, err := conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000000"); err != nil {
		t.Fatal(err)
	}
	c := journal.Capture{Bin: "a"}
	if err := s.AppendCapture(t.Context(), &c); err != nil || c.Seq != uint64(stored+1) {
		t.Errorf("number %d, %v; want %d", c.Seq, err, stored+1)
	}
	list, err := s.Captures(t.Context(), journal.CaptureQuery{Oldest: true, Limit: journal.MaxLimit})
	if err != nil || len(list) != stored+1 {
		t.Fatalf("%d captures, %v; want %d", len(list), err, stored+1)
	}
	for i, c := range list {
		if c.Seq != uint64(i+1) {
			t.Fatalf("capture %d has number %d", i+1, c.Seq)
		}
	}
}

// TestLossBeforeTheTail checks that lost captures are logged although the tail has later ones.
func TestLossBeforeTheTail(t *testing.T) {
	t.Parallel()
	dir := inTail(t, 50)
	if err := os.Truncate(filepath.Join(dir, fileName+"-wal"), 0); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := Open(t.Context(), dir, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Captures(t.Context(), journal.CaptureQuery{Oldest: true, Limit: journal.MaxLimit})
	if err != nil || len(list) != 50 || list[0].Seq != 2 {
		t.Errorf("%d captures, %v; want those of the tail", len(list), err)
	}
	if !strings.Contains(log.String(), "has lost records") {
		t.Errorf("the log says %q", log.String())
	}
}
