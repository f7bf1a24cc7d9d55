package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// reader has the prepared queries.
type reader struct {
	capture, newest, oldest, newestOfBin, oldestOfBin  *sql.Stmt
	bins, counts, stats, counters                      *sql.Stmt
	extent, textIndexes, textIndexesDown, slice, count *sql.Stmt
	document, documents                                *sql.Stmt
	db                                                 *sql.DB
}

// captureQuery returns the text of a query for captures.
func captureQuery(rest string) string {
	return "SELECT c.seq, b.name, c.head, c.body FROM captures c JOIN bins b ON b.id = c.bin WHERE " + rest
}

// These are the conditions and orders of capture queries. An index answers each of them without
// sorting.
const (
	byNumber = "c.seq = ?"
	between  = "c.seq > ? AND c.seq < ?"
	ofBin    = " AND c.bin = (SELECT id FROM bins WHERE name = ?)"
	newest   = " ORDER BY c.seq DESC LIMIT ?"
	oldest   = " ORDER BY c.seq LIMIT ?"
)

func newReader(ctx context.Context, db *sql.DB) (*reader, error) {
	r := &reader{db: db}
	for stmt, text := range map[**sql.Stmt]string{
		&r.capture:     captureQuery(byNumber),
		&r.newest:      captureQuery(between + newest),
		&r.oldest:      captureQuery(between + oldest),
		&r.newestOfBin: captureQuery(between + ofBin + newest),
		&r.oldestOfBin: captureQuery(between + ofBin + oldest),
		&r.bins:        "SELECT name, count, last, evicted, cleared FROM bins ORDER BY name",
		&r.counts:      "SELECT name, (SELECT count(*) FROM captures WHERE bin = b.id AND seq > ? AND seq <= ?) AS n FROM bins b WHERE n > 0",
		&r.stats: `SELECT coalesce(sum(count), 0), coalesce(sum(bytes + ? + length(name)), 0), coalesce(sum(evicted), 0),
			(SELECT count(*) FROM deliveries) FROM bins`,
		&r.counters:        "SELECT name, value FROM counters",
		&r.extent:          "SELECT coalesce((SELECT min(seq) FROM captures), 0), coalesce((SELECT max(seq) FROM captures), 0), coalesce((SELECT max(segment) FROM sieves), -1)",
		&r.textIndexes:     "SELECT segment, slices FROM sieves WHERE segment BETWEEN ? AND ? ORDER BY segment",
		&r.textIndexesDown: "SELECT segment, slices FROM sieves WHERE segment BETWEEN ? AND ? ORDER BY segment DESC",
		&r.slice:           "SELECT rows FROM slices WHERE id = ?",
		&r.count:           "SELECT count(*) FROM (SELECT 1 FROM captures WHERE seq >= ? AND seq < ? LIMIT ?)",
		&r.document:        "SELECT doc FROM documents WHERE kind = ? AND key = ?",
		&r.documents:       "SELECT key, doc FROM documents WHERE kind = ? ORDER BY key",
	} {
		prepared, err := db.PrepareContext(ctx, text)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		*stmt = prepared
	}
	return r, nil
}

func (r *reader) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{
		r.capture, r.newest, r.oldest, r.newestOfBin, r.oldestOfBin, r.bins, r.counts, r.stats, r.counters, r.document, r.documents,
		r.extent, r.textIndexes, r.textIndexesDown, r.slice, r.count,
	} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// query runs a query: it is the QueryContext method of a prepared statement, or made by
// reader.text.
type query func(ctx context.Context, args ...any) (*sql.Rows, error)

// text returns a query that is not prepared.
func (r *reader) text(statement string) query {
	return func(ctx context.Context, args ...any) (*sql.Rows, error) {
		return r.db.QueryContext(ctx, statement, args...)
	}
}

// query runs a query and calls do for every row.
func (s *store) query(ctx context.Context, ask query, do func(*sql.Rows) error, args ...any) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.queue.isClosed() {
		return journal.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	rows, err := ask(ctx, args...)
	if err == nil {
		err = each(rows, func() error { return do(rows) })
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return explain("reading the journal", err)
}

func (s *store) Capture(ctx context.Context, id string) (journal.Capture, error) {
	seq, ok := journal.ParseCaptureID(id)
	if !ok || seq > math.MaxInt64 {
		seq = 0 // no capture has this number
	}
	found, err := s.captures(ctx, s.read.capture, 1, int64(seq))
	if err == nil && len(found) == 0 {
		err = captureNotFound(id)
	}
	if err != nil {
		return journal.Capture{}, err
	}
	return found[0], nil
}

func (s *store) Captures(ctx context.Context, q journal.CaptureQuery) ([]journal.Capture, error) {
	limit := journal.PageSize(q.Limit)
	stmt, args := s.read.page(q, limit)
	return s.captures(ctx, stmt, limit, args...)
}

// page returns the statement and arguments for one page of a query.
func (r *reader) page(q journal.CaptureQuery, limit int) (*sql.Stmt, []any) {
	after, before := bounds(q.After, q.Before)
	args := []any{after, before}
	newest, oldest := r.newest, r.oldest
	if q.Bin != "" {
		newest, oldest = r.newestOfBin, r.oldestOfBin
		args = append(args, []byte(q.Bin))
	}
	args = append(args, limit)
	if q.Oldest {
		return oldest, args
	}
	return newest, args
}

// bounds converts the exclusive bounds of a query to SQLite's integers.
func bounds(after, before uint64) (int64, int64) {
	if before == 0 || before > math.MaxInt64 {
		before = math.MaxInt64
	}
	return int64(min(after, math.MaxInt64)), int64(before)
}

func (s *store) captures(ctx context.Context, stmt *sql.Stmt, limit int, args ...any) ([]journal.Capture, error) {
	found := make([]journal.Capture, 0, min(limit, journal.DefaultLimit))
	err := s.query(ctx, stmt.QueryContext, func(rows *sql.Rows) error {
		c, err := scanCapture(rows)
		found = append(found, c)
		return err
	}, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// scanCapture reads a row of captureQuery. If the record is damaged, it returns the other columns
// and the problem, so that the rest of a list stays readable.
func scanCapture(rows *sql.Rows) (c journal.Capture, err error) {
	var head sql.RawBytes
	var bin []byte
	if err := rows.Scan(&c.Seq, &bin, &head, &c.Body); err != nil {
		return c, err
	}
	if err := unpacked(record.UnpackCapture(head, &c)); err != nil {
		c = journal.Capture{Seq: c.Seq, Message: wire.Message{Headers: signature.Headers{}, Body: c.Body}, Problems: []string{problemOf(err)}}
	}
	if c.Body == nil {
		c.Body = []byte{}
	}
	c.Bin, c.ID = string(bin), journal.CaptureID(c.Seq)
	return c, nil
}

func (s *store) Bins(ctx context.Context) ([]journal.Bin, error) {
	bins := []journal.Bin{}
	err := s.query(ctx, s.read.bins.QueryContext, func(rows *sql.Rows) error {
		var b journal.Bin
		var name []byte
		err := rows.Scan(&name, &b.Count, &b.Last, &b.Evicted, &b.Cleared)
		b.Name = string(name)
		bins = append(bins, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	return bins, nil
}

func (s *store) Counts(ctx context.Context, after, upTo uint64) (map[string]int, error) {
	counts := map[string]int{}
	err := s.query(ctx, s.read.counts.QueryContext, func(rows *sql.Rows) error {
		var name []byte
		var n int
		err := rows.Scan(&name, &n)
		counts[string(name)] = n
		return err
	}, int64(min(after, math.MaxInt64)), int64(min(upTo, math.MaxInt64)))
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// Limits returns the limits that the store was opened with.
func (s *store) Limits() journal.Limits { return s.o }

func (s *store) Stats(ctx context.Context) (journal.Stats, error) {
	var t journal.Stats
	err := s.query(ctx, s.read.stats.QueryContext, func(rows *sql.Rows) error {
		return rows.Scan(&t.Captures, &t.Bytes, &t.EvictedCaptures, &t.Deliveries)
	}, (&journal.Bin{}).Size())
	if err != nil {
		return journal.Stats{}, err
	}
	err = s.query(ctx, s.read.counters.QueryContext, func(rows *sql.Rows) error {
		var name string
		var value int64
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		switch name {
		case evictedCaptures:
			t.EvictedCaptures += uint64(value)
		case evictedDeliveries:
			t.EvictedDeliveries = uint64(value)
		case forgottenSeq:
			t.Forgotten = uint64(value)
		case pendingBytes, finishedBytes, documentBytes:
			t.Bytes += value
		}
		return nil
	})
	return t, err
}
