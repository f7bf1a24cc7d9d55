package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
)

// Text indexes (package textindex) are built on demand: a search that needs some makes its node
// build them, one segment after the other, the newest first, after the search. One node at a time
// does so, and it pauses as long as it works. So a journal in which nobody searches has none, and
// appends do not wait for them.
//
// The indexes of a partition are in the table texts_<low>, which is dropped with it. A segment
// belongs to the partition of its last number. Its row is empty if it has too few captures.

// textTable returns the name of the table with the text indexes of a partition.
func textTable(low int64) string { return fmt.Sprintf("texts_%d", low) }

// indexedPartitions returns the first numbers of the partitions with a table of text indexes, in
// ascending order.
func (s *store) indexedPartitions(ctx context.Context) ([]int64, error) {
	var list []int64
	err := s.query(ctx, "SELECT low FROM partitions WHERE NOT detached AND to_regclass('texts_' || low) IS NOT NULL ORDER BY low", func(row [][]byte) error {
		list = append(list, integer(row[0]))
		return nil
	})
	return list, err
}

// wantIndexes makes the indexer look for segments without an index.
func (s *store) wantIndexes() {
	select {
	case s.searched <- struct{}{}:
	default:
	}
}

// keepIndexing builds text indexes after searches, until the store is closed.
func (s *store) keepIndexing() {
	var index *textindex.Index
	done := int64(-1)
	for {
		select {
		case <-s.searched:
			if index == nil {
				index = textindex.New()
			}
			last, err := s.index(s.closing, index, done)
			if s.log("building text indexes", err); err == nil {
				done = last
			}
		case <-s.closing.Done():
			return
		}
	}
}

// index builds the missing text indexes, newest first, if there are segments after done. It returns
// the last one.
func (s *store) index(ctx context.Context, index *textindex.Index, done int64) (last int64, err error) {
	type partition struct{ low, high int64 }
	var all []partition
	seq := int64(0)
	const sql = "SELECT p.low, p.high, j.seq FROM partitions p, journal j WHERE NOT p.detached AND p.low <= j.seq AND p.high > j.floor + 1 ORDER BY p.low DESC"
	if err := s.query(ctx, sql, func(row [][]byte) error {
		all = append(all, partition{integer(row[0]), integer(row[1])})
		seq = integer(row[2])
		return nil
	}); err != nil {
		return done, err
	}
	if last = (seq+1)/textindex.SegmentSize - 1; last <= done {
		return done, nil
	}
	for _, p := range all {
		// The segments whose last number is in the partition.
		first, end := p.low/textindex.SegmentSize, min(p.high, seq+1)/textindex.SegmentSize
		if first >= end {
			continue
		}
		built := map[int64]bool{}
		if err := s.alone(ctx, func(c *conn) error {
			clear(built)
			if err := makeTextTable(ctx, c, textTable(p.low)); err != nil {
				return err
			}
			return c.query(ctx, "SELECT segment FROM "+textTable(p.low), nil, func(row [][]byte) error {
				built[integer(row[0])] = true
				return nil
			})
		}); err != nil {
			return done, err
		}
		for segment := end - 1; segment >= first; segment-- {
			if built[segment] {
				continue
			}
			begin := time.Now()
			if err := s.alone(ctx, func(c *conn) error { return buildIndex(ctx, c, index, p.low, segment) }); err != nil {
				return done, err
			}
			if !pause(ctx, time.Since(begin)) {
				return done, ctx.Err()
			}
		}
	}
	return last, nil
}

// makeTextTable makes the table of the text indexes of a partition, unless it exists. Its values
// are not compressed, so that a search reads only the part that it needs.
func makeTextTable(ctx context.Context, c *conn, table string) error {
	found := false
	err := c.query(ctx, "SELECT to_regclass($1) IS NOT NULL", [][]byte{[]byte(table)}, func(row [][]byte) error {
		found = row[0][0] == 1
		return nil
	})
	if err != nil || found {
		return err
	}
	return c.run(ctx, fmt.Sprintf("CREATE TABLE %s (segment bigint PRIMARY KEY, rows bytea NOT NULL); ALTER TABLE %[1]s ALTER COLUMN rows SET STORAGE EXTERNAL", table))
}

// buildIndex builds the text index of a segment, unless another node has.
func buildIndex(ctx context.Context, c *conn, index *textindex.Index, low, segment int64) error {
	var there, detached bool
	if err := c.query(ctx, "SELECT EXISTS (SELECT FROM "+textTable(low)+" WHERE segment = $1), NOT EXISTS (SELECT FROM partitions WHERE low = $2 AND NOT detached)",
		[][]byte{number(segment), number(low)}, func(row [][]byte) error {
			there, detached = row[0][0] == 1, row[1][0] == 1
			return nil
		}); err != nil || there || detached {
		return err
	}
	index.Reset()
	captures := 0
	const sql = "SELECT c.seq, b.name, c.head, c.body FROM captures c JOIN bins b ON b.id = c.bin WHERE c.seq >= $1 AND c.seq < $2 AND c.seq > " + sqlFloor
	if err := c.query(ctx, sql, [][]byte{number(segment * textindex.SegmentSize), number((segment + 1) * textindex.SegmentSize)}, func(row [][]byte) error {
		found := scanCapture(row)
		index.Add(&found)
		captures++
		return nil
	}); err != nil {
		return err
	}
	rows := []byte{}
	if captures >= textindex.MinIndexed {
		index.Shrink()
		for n := range index.Slices() {
			rows = index.Slice(rows, n)
		}
	}
	return c.query(ctx, "INSERT INTO "+textTable(low)+" (segment, rows) VALUES ($1, $2)", [][]byte{number(segment), rows}, nil)
}
