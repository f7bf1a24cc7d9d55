package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5/pgconn"
)

// Table captures is partitioned by number. An eviction of the oldest captures of all bins does not
// touch their rows: it raises the floor in the row of journal, and no statement sees a capture with
// a number up to the floor. A partition without other captures is dropped, which takes the time of
// deleting a file. The writer makes the next partition before it needs it, in its transaction.
//
// A partition is for as many captures as have a fraction of the limit of bytes, by the average size
// when it is made. If captures become larger, a partition may become too large to wait for its end:
// then the rows below the floor are deleted, in the background and without the lock of the journal.

const (
	// partitionsWanted is in how many partitions a full journal is: so it takes at most that
	// fraction more space than its limit.
	partitionsWanted = 32
	// maxPartitions is from when on each new partition is for twice as many captures as the one
	// before. A few old captures of one bin keep their partition, so there may be many.
	maxPartitions = 2 * partitionsWanted
	// These bound the captures of a partition: making one takes about 20 ms.
	minPartition = 100_000
	mostDoubled  = 1 << 40
	usualSize    = 2 << 10 // of a capture, in an empty journal
)

// partitionNumbers returns for how many captures the next partition is. made is how many there are,
// and last is for how many the last one is.
func partitionNumbers(bytes, captures, captureBytes int64, made, last int64) int64 {
	size := int64(usualSize)
	if captures > 0 {
		size = max(1, captureBytes/captures)
	}
	n := max(minPartition, bytes/partitionsWanted/size)
	if made >= maxPartitions {
		n = max(n, min(2*last, mostDoubled))
	}
	return n
}

// partitionTable returns the name of the table of a partition.
func partitionTable(low int64) string { return fmt.Sprintf("captures_%d", low) }

// makePartition returns the statements that make the partition of some numbers. Readers and writers
// do not wait for them.
func makePartition(low, high int64) []string {
	table := partitionTable(low)
	return []string{
		"CREATE TABLE " + table + " (LIKE captures INCLUDING ALL)",
		fmt.Sprintf("ALTER TABLE captures ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)", table, low, high),
		fmt.Sprintf("INSERT INTO partitions (low, high) VALUES (%d, %d)", low, high),
	}
}

const sqlPartitions = "SELECT count(*), coalesce((SELECT high - low FROM partitions ORDER BY low DESC LIMIT 1), 0) FROM partitions"

// partition makes the partitions of the numbers that the transaction has used, and the next one
// when the last one is nearly full.
func (t *tx) partition() error {
	for {
		var made, last int64
		if left := t.row.partitioned - 1 - t.row.seq; left > t.w.s.ahead {
			return nil
		}
		t.batch.add(sqlPartitions, nil, func(row [][]byte) error {
			made, last = integer(row[0]), integer(row[1])
			return nil
		})
		if err := t.batch.run(); err != nil {
			return err
		}
		n := t.w.s.partition
		if n == 0 {
			n = partitionNumbers(t.o.Bytes, t.row.captures, t.row.captureBytes, made, last)
		}
		low := t.row.partitioned
		t.row.partitioned += n
		for _, sql := range makePartition(low, t.row.partitioned) {
			t.batch.addOnce(sql)
		}
		t.w.s.ahead = n / 4
		t.changed = true
	}
}

// housekeeping returns the key of the lock of what one node does for all.
func (s *store) housekeeping() []byte {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("hookrig partitions of " + schemaOf(s.config)))
	return number(int64(hash.Sum64() >> 1))
}

// alone runs do in a transaction, unless another node does the same, or others use the tables for
// too long: then the next round tries again.
func (s *store) alone(ctx context.Context, do func(c *conn) error) error {
	return s.pool.do(ctx, func(c *conn) (bool, error) {
		err := c.run(ctx, "BEGIN; SET LOCAL lock_timeout = '"+lockTimeout+"'")
		locked := false
		if err == nil {
			err = c.query(ctx, "SELECT pg_try_advisory_xact_lock($1)", [][]byte{s.housekeeping()}, func(row [][]byte) error {
				locked = row[0][0] == 1
				return nil
			})
		}
		if err == nil && locked {
			err = do(c)
		}
		if err == nil {
			return true, c.run(ctx, sqlCommit)
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == stateLocked {
			err = nil
		}
		return true, errors.Join(err, c.run(context.WithoutCancel(ctx), sqlRollback))
	})
}

// lockTimeout bounds how long detaching a partition waits for statements that read the captures:
// the writers wait behind it.
const lockTimeout = "50ms"

// clean drops partitions without captures above the floor, one after the other, and deletes rows
// below the floor if they are too many to wait for the end of their partition.
func (s *store) clean(ctx context.Context) error {
	for {
		low, err := s.detach(ctx)
		if err != nil {
			return err
		}
		if low == 0 {
			break
		}
	}
	if err := s.dropDetached(ctx); err != nil {
		return err
	}
	for {
		n, err := s.purge(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// detach detaches one partition and returns its first number, or 0 if there is none.
func (s *store) detach(ctx context.Context) (detached int64, err error) {
	err = s.alone(ctx, func(c *conn) error {
		detached = 0
		type partition struct{ low, high int64 }
		var passed []partition
		floor := int64(0)
		const sql = "SELECT p.low, p.high, j.floor FROM partitions p, journal j WHERE NOT p.detached AND p.high <= j.seq + 1 ORDER BY p.low"
		if err := c.query(ctx, sql, nil, func(row [][]byte) error {
			passed = append(passed, partition{integer(row[0]), integer(row[1])})
			floor = integer(row[2])
			return nil
		}); err != nil {
			return err
		}
		for _, p := range passed {
			used := false
			if p.high > floor+1 {
				if err := c.query(ctx, "SELECT FROM captures WHERE seq > $1 AND seq >= $2 AND seq < $3 LIMIT 1", [][]byte{number(floor), number(p.low), number(p.high)}, func([][]byte) error {
					used = true
					return nil
				}); err != nil {
					return err
				}
			}
			if !used {
				err := c.run(ctx, fmt.Sprintf("ALTER TABLE captures DETACH PARTITION %s; UPDATE partitions SET detached = true WHERE low = %d", partitionTable(p.low), p.low))
				if err == nil {
					detached = p.low
				}
				return err
			}
		}
		return nil
	})
	return detached, err
}

// dropDetached drops the tables of the partitions that are detached.
func (s *store) dropDetached(ctx context.Context) error {
	return s.alone(ctx, func(c *conn) error {
		var list []int64
		if err := c.query(ctx, "SELECT low FROM partitions WHERE detached", nil, func(row [][]byte) error {
			list = append(list, integer(row[0]))
			return nil
		}); err != nil {
			return err
		}
		for _, low := range list {
			if err := c.run(ctx, fmt.Sprintf("DROP TABLE %s; DROP TABLE IF EXISTS %s; DELETE FROM partitions WHERE low = %d", partitionTable(low), textTable(low), low)); err != nil {
				return err
			}
		}
		return nil
	})
}

// purgeAtOnce is how many rows below the floor one transaction deletes.
const purgeAtOnce = 5000

// purge deletes rows below the floor if they have more bytes than a partition should. It returns
// how many.
func (s *store) purge(ctx context.Context) (n int64, err error) {
	err = s.alone(ctx, func(c *conn) error {
		n = 0
		var low, floor, size int64
		const sql = "SELECT p.low, j.floor, CASE WHEN j.captures > 0 THEN j.capture_bytes / j.captures ELSE 0 END FROM partitions p, journal j " +
			"WHERE NOT p.detached AND p.low <= j.floor AND p.high > j.floor + 1 ORDER BY p.low LIMIT 1"
		if err := c.query(ctx, sql, nil, func(row [][]byte) error {
			low, floor, size = integer(row[0]), integer(row[1]), integer(row[2])
			return nil
		}); err != nil {
			return err
		}
		if from := max(low, s.purged+1); (floor-from+1)*size > s.o.Bytes/partitionsWanted && s.partition == 0 {
			upTo := min(floor, from+purgeAtOnce-1)
			if err := c.query(ctx, "DELETE FROM captures WHERE seq >= $1 AND seq <= $2", [][]byte{number(from), number(upTo)}, nil); err != nil {
				return err
			}
			n, s.purged = upTo-from+1, upTo
		}
		return nil
	})
	return n, err
}
