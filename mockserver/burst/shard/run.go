//go:build !slim

package shard

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/hookrig/hookrig/mockserver/burst"
)

const (
	// lookEvery is the time between two looks at the shards.
	lookEvery = 250 * time.Millisecond
	// startAfter is the time from the agreement on a start to it: every shard asks a few times.
	startAfter = 1500 * time.Millisecond
)

// Run sends a burst over the nodes that Work on the database at the address, and returns the merged
// report. When ctx ends, Run stops the shards and returns what they did, with the error of ctx.
// watch, if not nil, is called with the merged progress a few times a second. A shard whose node
// died is in the report with what it is known to have sent; Report.Incomplete is then set. The
// report is nil when nothing began: the error then wraps burst.ErrPlan, ErrAddress, ErrDatabase,
// ErrForeign, ErrNoWorkers or ErrNode, or is that of ctx. Run returns burst.ErrNoConsumer with a
// report that says why when no shard reached the consumer.
func Run(ctx context.Context, address string, plan burst.Plan, o Options, watch func(burst.Progress)) (*burst.Report, error) {
	if o.Join == 0 {
		o.Join = DefaultJoin
	}
	if o.lease == 0 {
		o.lease = Lease
	}
	plan.Shard.Of = o.Shards
	shards, err := burst.NewShards(plan, o.Shards)
	if err != nil {
		return nil, err
	}
	data, err := burst.EncodePlan(plan)
	if err != nil {
		return nil, err
	}
	const connections = 4
	d, err := open(ctx, address, connections)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	r := &run{Options: o, database: d, shards: shards, watch: watch, rows: make([]row, o.Shards)}
	if err := r.enqueue(ctx, data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	defer r.forget(ctx)
	if err := r.join(ctx); err != nil {
		return nil, err
	}
	return r.follow(ctx)
}

// run is a burst over several nodes.
type run struct {
	Options
	database *database
	shards   *burst.Shards
	watch    func(burst.Progress)

	id     int64
	jobs   []*rivertype.JobInsertResult
	begins time.Time // in the database's clock
	rows   []row     // by number
}

// row is a row of table shards.
type row struct {
	state, node   string
	beat          *time.Time
	offset, wrong int64
	endOffset     int64
	endWrong      int64
	progress      burst.Progress
	report        *burst.Report // from the figures; nil before there are any
	problem       string
}

// ended reports whether nothing more comes from the shard.
func (r *row) ended() bool {
	return slices.Contains([]string{done, failed, noConsumer, dead}, r.state)
}

// enqueue writes the run and its shards, and a job for each.
func (r *run) enqueue(ctx context.Context, plan []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client, err := jobs(r.database, nil, 0)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, r.database, func(tx pgx.Tx) error {
		// What commands left that were killed, with the secrets in their plans.
		if _, err := tx.Exec(ctx, "DELETE FROM runs WHERE beat < clock_timestamp() - interval '10 minutes'"); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "INSERT INTO runs (plan, shards) VALUES ($1, $2) RETURNING id", plan, r.Shards).Scan(&r.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO shards (run, number) SELECT $1, generate_series(0, $2 - 1)", r.id, r.Shards); err != nil {
			return err
		}
		var list []river.InsertManyParams
		for number := range r.Shards {
			list = append(list, river.InsertManyParams{Args: job{Run: r.id, Number: number}})
		}
		r.jobs, err = client.InsertManyTx(ctx, tx, list)
		return err
	})
}

// forget deletes the run, with the secrets of its plan, and the jobs that no node took.
func (r *run) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	_, _ = r.database.Exec(ctx, "DELETE FROM runs WHERE id = $1", r.id)
	client, err := jobs(r.database, nil, 0)
	if err != nil {
		return
	}
	for number, inserted := range r.jobs {
		if r.rows[number].state == waiting {
			_, _ = client.JobDelete(ctx, inserted.Job.ID)
		}
	}
}

// join waits until all shards are ready.
func (r *run) join(ctx context.Context) error {
	until := time.Now().Add(r.Join)
	before := -1
	for {
		if err := r.look(ctx, false); err != nil {
			return err
		}
		taken, isReady := 0, 0
		for number := range r.rows {
			switch row := &r.rows[number]; {
			case row.ended():
				if row.state == dead {
					row.problem = "the node died before the start"
				}
				err := fmt.Errorf("%w %d on node %s: %s", ErrNode, number, row.node, row.problem)
				r.stop(ctx, err.Error())
				return err
			case row.state == ready:
				isReady++
				fallthrough
			case row.state == claimed:
				taken++
			}
		}
		if isReady == r.Shards {
			return nil
		}
		if isReady != before && r.Waiting != nil {
			r.Waiting(isReady)
		}
		before = isReady
		if time.Now().After(until) {
			err := fmt.Errorf("%w: %d of %d shards were taken within %v, and the burst did not begin: start more workers", ErrNoWorkers, taken, r.Shards, r.Join)
			r.stop(ctx, err.Error())
			return err
		}
		if err := pause(ctx, lookEvery); err != nil {
			r.stop(ctx, err.Error())
			return err
		}
	}
}

// follow starts the shards and waits until all have ended.
func (r *run) follow(ctx context.Context) (*burst.Report, error) {
	err := r.try(ctx, func(ctx context.Context) error {
		return r.database.QueryRow(ctx, "UPDATE runs SET begins = clock_timestamp() + $2 * interval '1 microsecond' WHERE id = $1 RETURNING begins",
			r.id, startAfter.Microseconds()).Scan(&r.begins)
	})
	if err != nil {
		return nil, err
	}
	var problem string
	stopping := false
	for {
		if err := r.look(context.WithoutCancel(ctx), true); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(r.rows, func(row row) bool { return !row.ended() }) {
			break
		}
		now, err := r.merge()
		if err != nil {
			return nil, err
		}
		var list []burst.Progress
		for i := range r.rows {
			list = append(list, r.rows[i].progress)
		}
		progress := burst.MergeProgress(now, list...)
		if r.watch != nil {
			r.watch(progress)
		}
		if ends := now.Ends(progress.Elapsed); ends != nil && !stopping {
			stopping, problem = true, ends.Error()
			r.stop(ctx, problem)
		}
		if err := pause(ctx, lookEvery); err != nil && !stopping {
			stopping = true
			r.stop(ctx, "interrupted")
		} else if err != nil {
			_ = pause(context.WithoutCancel(ctx), lookEvery)
		}
	}
	return r.report(ctx, problem)
}

// stop tells the shards to stop.
func (r *run) stop(ctx context.Context, why string) {
	_ = r.try(context.WithoutCancel(ctx), func(ctx context.Context) error {
		_, err := r.database.Exec(ctx, "UPDATE runs SET stopped = $2 WHERE id = $1", r.id, why)
		return err
	})
}

// try calls the database until it answers, for as long as a lease lasts.
func (r *run) try(ctx context.Context, call func(ctx context.Context) error) error {
	trying, cancel := context.WithTimeout(ctx, r.lease)
	defer cancel()
	for {
		err := call(trying)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if pause(trying, lookEvery) != nil {
			return fmt.Errorf("%w: %w", ErrDatabase, err)
		}
	}
}

// look renews the lease of the run, closes the rows whose leases have ended, and reads all rows.
func (r *run) look(ctx context.Context, figures bool) error {
	return r.try(ctx, func(ctx context.Context) error {
		if _, err := r.database.Exec(ctx, "UPDATE runs SET beat = clock_timestamp() WHERE id = $1", r.id); err != nil {
			return err
		}
		_, err := r.database.Exec(ctx, `UPDATE shards SET state = $2 WHERE run = $1 AND state IN ('claimed', 'ready', 'running')
			AND beat < clock_timestamp() - $3 * interval '1 microsecond'`, r.id, dead, r.lease.Microseconds())
		if err != nil {
			return err
		}
		rows, err := r.database.Query(ctx, "SELECT number, state, node, beat, clock_offset, clock_error, clock_offset_end, clock_error_end, progress, figures, problem FROM shards WHERE run = $1", r.id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var number int
			var now row
			var progress, state []byte
			if err := rows.Scan(&number, &now.state, &now.node, &now.beat, &now.offset, &now.wrong, &now.endOffset, &now.endWrong, &progress, &state, &now.problem); err != nil {
				return err
			}
			old := &r.rows[number]
			now.progress, now.report = old.progress, old.report
			if changed := now.beat != nil && (old.beat == nil || !now.beat.Equal(*old.beat)); figures && changed && state != nil {
				if err := r.read(&now, progress, state); err != nil {
					return err
				}
			}
			*old = now
		}
		return rows.Err()
	})
}

// read reads the figures of a shard.
func (r *run) read(row *row, progress, state []byte) (err error) {
	if progress != nil {
		if err := json.Unmarshal(progress, &row.progress); err != nil {
			return err
		}
	}
	row.report, err = r.shards.Read(state, nil, nil)
	return err
}

// merge returns the report of what the shards have done so far.
func (r *run) merge() (*burst.Report, error) {
	list := make([]*burst.Report, len(r.rows))
	for number := range r.rows {
		if list[number] = r.rows[number].report; list[number] == nil {
			list[number] = r.shards.Unknown(number)
		}
	}
	return burst.Merge(list...)
}

// report returns the report of a burst that has ended.
func (r *run) report(ctx context.Context, problem string) (*burst.Report, error) {
	chunks := make([][]burst.Chunk, len(r.rows))
	points := make([][]burst.SeriesPoint, len(r.rows))
	figures := make([][]byte, len(r.rows))
	err := r.try(context.WithoutCancel(ctx), func(ctx context.Context) error {
		rows, err := r.database.Query(ctx, "SELECT number, acknowledged, chunk, bits FROM chunks WHERE run = $1", r.id)
		if err != nil {
			return err
		}
		for rows.Next() {
			var number int
			var c burst.Chunk
			if err := rows.Scan(&number, &c.Acknowledged, &c.Number, &c.Bits); err != nil {
				return err
			}
			chunks[number] = append(chunks[number], c)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if rows, err = r.database.Query(ctx, "SELECT number, step, point, data FROM points WHERE run = $1", r.id); err != nil {
			return err
		}
		for rows.Next() {
			var number int
			var p burst.SeriesPoint
			if err := rows.Scan(&number, &p.Step, &p.Number, &p.Data); err != nil {
				return err
			}
			points[number] = append(points[number], p)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if rows, err = r.database.Query(ctx, "SELECT number, figures FROM shards WHERE run = $1", r.id); err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var number int
			var state []byte
			if err := rows.Scan(&number, &state); err != nil {
				return err
			}
			figures[number] = state
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	unreached := ""
	for number := range r.rows {
		row := &r.rows[number]
		if row.report = r.shards.Unknown(number); figures[number] != nil {
			if row.report, err = r.shards.Read(figures[number], chunks[number], points[number]); err != nil {
				return nil, fmt.Errorf("%w %d on node %s: %w", ErrNode, number, row.node, err)
			}
		}
		if row.state == noConsumer {
			unreached = strings.TrimPrefix(row.problem, burst.ErrNoConsumer.Error()+" ")
		}
	}
	results := make([]burst.ShardResult, len(r.rows))
	for number := range r.rows {
		results[number] = r.result(number)
		r.rows[number].report.Allow(results[number].Uncertain)
	}
	merged, err := r.merge()
	if err != nil {
		return nil, err
	}
	if problem != "" {
		merged.Problems = append(merged.Problems, problem)
	}
	for number, s := range results {
		merged.Shards = append(merged.Shards, s)
		if s.Problem != "" {
			merged.Problems = append(merged.Problems, fmt.Sprintf("shard %d: %s", number, s.Problem))
		}
	}
	switch {
	case ctx.Err() != nil:
		return merged, context.Cause(ctx)
	case unreached != "" && merged.Sent == 0 && !merged.Incomplete():
		return merged, fmt.Errorf("%w %s", burst.ErrNoConsumer, unreached)
	}
	return merged, nil
}

// result returns what a shard did.
func (r *run) result(number int) burst.ShardResult {
	row := &r.rows[number]
	ms := func(ns int64) float64 { return float64(ns) / float64(time.Millisecond) }
	s := burst.ShardResult{
		Number: number, Node: row.node, ClockOffset: ms(row.offset), ClockError: ms(row.wrong), ClockOffsetEnd: ms(row.endOffset), ClockErrorEnd: ms(row.endWrong),
		Intended: row.report.Intended, Late: row.report.Generator.Late, Problem: row.problem,
	}
	if !row.report.Start.IsZero() {
		s.Start = row.report.Start.Add(time.Duration(row.offset))
	}
	s.Sent, s.Acknowledged = row.report.Known()
	if row.state != dead {
		return s
	}
	s.Dead = true
	// The shard stopped by itself, at the latest, when its lease ended.
	until := row.beat.Add(r.lease).Sub(r.begins)
	var known bool
	s.Uncertain, known = row.report.Uncertain(until.Seconds())
	s.Unbounded = !known
	s.Problem = fmt.Sprintf("the node died: %d of its %d events are known to be sent, and up to %d more may have been", s.Sent, s.Intended, s.Uncertain.Count)
	if s.Uncertain.Count > 0 {
		s.Problem += fmt.Sprintf(", of the numbers %d to %d", s.Uncertain.First, s.Uncertain.Last)
	}
	if s.Unbounded {
		s.Problem = fmt.Sprintf("the node died: %d events are known to be sent, and nobody can tell how many more were", s.Sent)
	}
	return s
}

// pause waits. It returns the error of ctx when that ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
