package postgres

import (
	"context"
	"math"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// query runs a query and calls each for every row. The values are valid until each returns.
func (s *store) query(ctx context.Context, sql string, each func(row [][]byte) error, args ...[]byte) error {
	if s.queue.isClosed() {
		return journal.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range args {
		if args[i] == nil {
			args[i] = []byte{}
		}
	}
	rows := 0
	var refused error
	err := s.pool.do(ctx, func(c *conn) (again bool, err error) {
		err = c.query(ctx, sql, args, func(row [][]byte) error {
			rows++
			if refused == nil {
				refused = each(row)
			}
			return nil
		})
		return rows == 0, err
	})
	switch {
	case err == nil:
		return refused
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return s.explain("reading the journal", err)
}

// captureColumns are what scanCapture reads of captures c and bins b.
const captureColumns = "c.seq, b.name, c.head, c.body"

func (s *store) Capture(ctx context.Context, id string) (journal.Capture, error) {
	seq, ok := journal.ParseCaptureID(id)
	if !ok || seq > math.MaxInt64 {
		seq = 0 // no capture has this number
	}
	var c journal.Capture
	err := s.query(ctx, "SELECT "+captureColumns+" FROM captures c JOIN bins b ON b.id = c.bin WHERE c.seq = $1 AND c.seq > "+sqlFloor, func(row [][]byte) error {
		c = scanCapture(row)
		return nil
	}, number(seq))
	if err == nil && c.Seq == 0 {
		err = captureNotFound(id)
	}
	return c, err
}

// sqlFloor is the number up to which all captures are evicted. The executor skips the partitions
// below it.
const sqlFloor = "(SELECT floor FROM journal)"

// scanCapture reads a row of captureColumns. If the record is damaged, it returns the other columns
// and the problem, so that the rest of a list stays readable.
func scanCapture(row [][]byte) journal.Capture {
	c := journal.Capture{Seq: uint64(integer(row[0]))}
	c.Body = text(row[3])
	if err := unpacked(record.UnpackCapture(row[2], &c)); err != nil {
		c = journal.Capture{Seq: c.Seq, Message: wire.Message{Headers: signature.Headers{}, Body: c.Body}, Problems: []string{problemOf(err)}}
	}
	c.Bin, c.ID = string(row[1]), journal.CaptureID(c.Seq)
	return c
}

func (s *store) Captures(ctx context.Context, q journal.CaptureQuery) ([]journal.Capture, error) {
	return s.page(ctx, q, journal.PageSize(q.Limit), math.MaxInt64)
}

// page returns at most n captures of a query, ignoring its limit. It stops after the capture that
// makes them larger than bytes.
func (s *store) page(ctx context.Context, q journal.CaptureQuery, n int, bytes int64) ([]journal.Capture, error) {
	order := newestFirst
	if q.Oldest {
		order = oldestFirst
	}
	after, before := bounds(q.After, q.Before)
	args := [][]byte{number(after), number(before), number(n), number(bytes)}
	ofBin := ""
	if q.Bin != "" {
		ofBin = " AND bin = (SELECT id FROM bins WHERE name = $5)"
		args = append(args, text(q.Bin))
	}
	sql := "SELECT " + captureColumns + " FROM (SELECT *, (sum(size) OVER (ORDER BY seq " + string(order) + "))::bigint - size AS before FROM " +
		"(SELECT * FROM captures WHERE seq > $1 AND seq < $2 AND seq > " + sqlFloor + ofBin + " ORDER BY seq " + string(order) + " LIMIT $3) l) c " +
		"JOIN bins b ON b.id = c.bin WHERE c.before < $4 ORDER BY c.seq " + string(order)
	found := make([]journal.Capture, 0, min(n, journal.DefaultLimit))
	err := s.query(ctx, sql, func(row [][]byte) error {
		found = append(found, scanCapture(row))
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// bounds converts the exclusive bounds of a query to PostgreSQL's integers.
func bounds(after, before uint64) (int64, int64) {
	if before == 0 || before > math.MaxInt64 {
		before = math.MaxInt64
	}
	return int64(min(after, math.MaxInt64)), int64(before)
}

func (s *store) Bins(ctx context.Context) ([]journal.Bin, error) {
	bins := []journal.Bin{}
	err := s.query(ctx, "SELECT name, count, last, evicted, cleared FROM bins ORDER BY name", func(row [][]byte) error {
		bins = append(bins, scanBinCounts(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return bins, nil
}

// scanBinCounts reads name, count, last, evicted and cleared.
func scanBinCounts(row [][]byte) journal.Bin {
	return journal.Bin{
		Name: string(row[0]), Count: int(integer(row[1])), Last: uint64(integer(row[2])), Evicted: uint64(integer(row[3])), Cleared: uint64(integer(row[4])),
	}
}

func (s *store) Counts(ctx context.Context, after, upTo uint64) (map[string]int, error) {
	counts := map[string]int{}
	const sql = "SELECT b.name, n FROM (SELECT bin, count(*) AS n FROM captures WHERE seq > $1 AND seq <= $2 AND seq > " + sqlFloor + " GROUP BY bin) c JOIN bins b ON b.id = c.bin"
	err := s.query(ctx, sql, func(row [][]byte) error {
		counts[string(row[0])] = int(integer(row[1]))
		return nil
	}, number(min(after, math.MaxInt64)), number(min(upTo, math.MaxInt64)))
	if err != nil {
		return nil, err
	}
	return counts, nil
}

func (s *store) Stats(ctx context.Context) (journal.Stats, error) {
	var r journalRow
	if err := s.query(ctx, "SELECT "+journalColumns+" FROM journal", r.scan); err != nil {
		return journal.Stats{}, err
	}
	return journal.Stats{
		Captures: int(r.captures), Deliveries: int(r.deliveries), Bytes: r.all(),
		EvictedCaptures: uint64(r.evictedCaptures), EvictedDeliveries: uint64(r.evictedDeliveries), Forgotten: uint64(r.forgotten),
	}, nil
}
