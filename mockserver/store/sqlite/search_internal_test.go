package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
)

// appendSearched appends the captures from first to end and returns them in order.
func appendSearched(t *testing.T, s journal.Store, first, end int) []journal.Capture {
	t.Helper()
	all := make([]journal.Capture, end-first)
	var work sync.WaitGroup
	const senders = 64
	for sender := range senders {
		work.Go(func() {
			for i := sender; i < len(all); i += senders {
				c := journaltest.SearchedCapture(first + i)
				if err := s.AppendCapture(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				all[i] = *c
			}
		})
	}
	work.Wait()
	slices.SortFunc(all, func(a, b journal.Capture) int { return int(a.Seq) - int(b.Seq) })
	return all
}

// textIndexes returns the number of slices of each text index in the file.
func textIndexes(t *testing.T, s *store) map[int64]int {
	t.Helper()
	all := map[int64]int{}
	if err := s.query(t.Context(), s.read.textIndexes.QueryContext, func(rows *sql.Rows) error {
		var segment int64
		var slices int
		err := rows.Scan(&segment, &slices)
		all[segment] = slices
		return err
	}, 0, 1<<40); err != nil {
		t.Fatal(err)
	}
	return all
}

// until waits until the text indexes meet a condition.
func until(t *testing.T, s *store, what string, so func(map[int64]int) bool) {
	t.Helper()
	for begin := time.Now(); !so(textIndexes(t, s)); {
		if time.Since(begin) > 5*time.Minute {
			t.Fatalf("%s: the text indexes are %v", what, textIndexes(t, s))
		}
		time.Sleep(time.Millisecond)
	}
}

func checkTexts(t *testing.T, s *store, stored []journal.Capture) {
	t.Helper()
	texts := journaltest.SearchedTexts()
	for i := range 4 {
		text := texts[rand.IntN(len(texts))]
		q := journal.CaptureQuery{Oldest: i%2 == 0, Bin: []string{"", "b"}[i/2%2]}
		if i%2 == 0 {
			q.After, q.Before = stored[len(stored)/5].Seq, stored[len(stored)*4/5].Seq
		}
		if i%3 < 2 {
			journaltest.CheckSearch(t, s, stored, q, text)
		} else {
			journaltest.CheckSearch(t, s, stored, q, text, "order3", "x-n")
		}
	}
}

// TestSearchThroughTextIndexes checks that a search finds the same with and without text indexes:
// while they are built, after deletions, after reopening, and when a segment is nearly empty.
func TestSearchThroughTextIndexes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *store {
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.(*store)
	}
	s := open()
	stored := appendSearched(t, s, 0, 3*textindex.SegmentSize+500)
	checkTexts(t, s, stored) // while they are built
	until(t, s, "three segments", func(all map[int64]int) bool { return all[0] > 0 && all[1] > 0 && all[2] > 0 && len(all) == 3 })
	checkTexts(t, s, stored)

	var doomed []uint64
	var left []journal.Capture
	for i, c := range stored {
		if c.Seq < textindex.SegmentSize || 2*textindex.SegmentSize <= c.Seq && c.Seq < 3*textindex.SegmentSize-100 || i%7 == 0 {
			doomed = append(doomed, c.Seq)
		} else {
			left = append(left, c)
		}
	}
	if n, err := s.DeleteCaptures(t.Context(), doomed...); n != len(doomed) || err != nil {
		t.Fatal(n, err)
	}
	checkTexts(t, s, left)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open()
	defer s.Close()
	checkTexts(t, s, left)
	left = append(left, appendSearched(t, s, len(stored), len(stored)+textindex.SegmentSize)...)
	until(t, s, "an empty one deleted, a small one dropped", func(all map[int64]int) bool {
		_, empty := all[0]
		slices, there := all[2]
		return !empty && all[1] > 0 && there && slices == 0 && all[3] > 0
	})
	checkTexts(t, s, left)
	kept := 0
	if err := s.db.reading.QueryRowContext(t.Context(), "SELECT count(*) FROM slices").Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if all := textIndexes(t, s); kept != all[1]+all[3] {
		t.Errorf("%d slices are stored for %v", kept, all)
	}
}

// TestTextIndexSkipsBlocks checks that a search for a missing text reads almost nothing.
func TestTextIndexSkipsBlocks(t *testing.T) {
	t.Parallel()
	s := openInternal(t, Options{})
	appendSearched(t, s, 0, textindex.SegmentSize)
	until(t, s, "a segment", func(all map[int64]int) bool { return len(all) == 1 })
	for _, text := range []string{"hippopotamus", "7093517422", "order-nowhere"} {
		visits := 0
		err := s.Search(t.Context(), journal.CaptureQuery{}, []string{text}, func(*journal.Capture) bool { visits++; return true })
		if err != nil || visits > textindex.SegmentSize/10 {
			t.Errorf("%s: %d visits, %v; want a few", text, visits, err)
		}
	}
}

// TestTextIndexesOfAnOldFile checks that a file without text indexes is searched at once and gets
// them.
func TestTextIndexesOfAnOldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	stored := appendSearched(t, first, 0, textindex.SegmentSize+10)
	if err := first.(*store).write(context.Background(), func(w *writer) error {
		for _, text := range []string{"DROP TABLE slices", "DROP TABLE sieves", "DROP TABLE marks", "ALTER TABLE deliveries DROP COLUMN size", "DELETE FROM counters", "PRAGMA user_version = 2"} {
			if _, err := w.conn.ExecContext(context.Background(), text); err != nil {
				return fmt.Errorf("%s: %w", text, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := again.(*store)
	defer s.Close()
	checkTexts(t, s, stored)
	until(t, s, "one segment", func(all map[int64]int) bool { return len(all) == 1 })
	checkTexts(t, s, stored)
}
