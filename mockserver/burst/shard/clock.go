//go:build !slim

package shard

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// clock is the database's clock seen from this machine.
type clock struct {
	offset time.Duration // that the database's clock is ahead of this machine's
	wrong  time.Duration // that the offset may be wrong at most, to either side
}

// roundTrips is how often the offset is measured; the fastest exchange tells it best.
const roundTrips = 16

// measureClock asks the database for its time. The answer was given between the two times of an
// exchange, so the offset is wrong by half of the exchange at most.
func measureClock(ctx context.Context, c *pgxpool.Conn) (best clock, err error) {
	for n := range roundTrips {
		var theirs time.Time
		before := time.Now()
		if err := c.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
			return clock{}, err
		}
		half := time.Since(before) / 2
		if n == 0 || half < best.wrong {
			best = clock{theirs.Sub(before.Add(half)), half}
		}
	}
	return best, nil
}

// here returns a moment of the database's clock as one of this machine's, which a later step of
// this machine's clock does not move.
func (c clock) here(theirs time.Time) time.Time {
	now := time.Now()
	return now.Add(theirs.Add(-c.offset).Sub(now))
}
