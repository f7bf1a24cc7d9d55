//go:build !slim

package shard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/burst"
)

const (
	// beatEvery is the time between two beats of a shard.
	beatEvery = time.Second
	// clockEvery is the time between two measurements of the clock while a shard runs.
	clockEvery = 10 * time.Second
	// askEvery is how often a shard asks whether the burst begins or was stopped.
	askEvery = 200 * time.Millisecond
	// stopTimeout is how long Work waits for its shards when it ends.
	stopTimeout = 15 * time.Second
)

// The states of a shard.
const (
	waiting    = "waiting"     // for a node
	claimed    = "claimed"     // by a node
	ready      = "ready"       // the node has the plan
	running    = "running"     // its time has come
	done       = "done"        // it ended, or was stopped
	failed     = "failed"      // it could not begin
	noConsumer = "no_consumer" // it could not begin, because nobody accepted a connection
	dead       = "dead"        // its lease has ended
)

// Work runs shards of bursts until ctx ends. It then stops those that run, which keep what they
// have done. Errors wrap ErrAddress, ErrDatabase or ErrForeign.
func Work(ctx context.Context, address string, o WorkOptions) error {
	if o.Workers == 0 {
		o.Workers = 1
	}
	if o.lease == 0 {
		o.lease = Lease
	}
	if o.Known == nil {
		o.Known = fixtures.Builtin()
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	host, _ := os.Hostname()
	n := &node{WorkOptions: o, id: fmt.Sprintf("%.60s-%d-%d", host, os.Getpid(), time.Now().UnixNano())}
	if n.Node == "" {
		n.Node = fmt.Sprintf("%s/%d", host, os.Getpid())
	}
	// River listens, fetches and keeps house beside the shards.
	const others = 6
	d, err := open(ctx, address, o.Workers+others)
	if err != nil {
		return err
	}
	defer d.Close()
	n.database = d
	client, err := jobs(d, n, o.Workers)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	if o.Ready != nil {
		o.Ready()
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := client.StopAndCancel(stopping); err != nil {
		return fmt.Errorf("%w: %w", ErrDatabase, err)
	}
	return nil
}

// node runs the shards that River gives it.
type node struct {
	WorkOptions
	id       string
	database *database
}

// member is a shard that a node has claimed.
type member struct {
	*node
	job
	clock  clock
	cancel context.CancelCauseFunc

	mu   sync.Mutex
	last burst.Progress

	// These belong to the goroutine that beats, and later to the one that stores the result.
	renewed        time.Time // when the last beat that was stored began
	again          clock     // the last measurement
	measured       time.Time // when it was
	unstored       []burst.Chunk
	unstoredPoints []burst.SeriesPoint
}

var (
	errFenced   = errors.New("the lease of the shard has ended")
	errDeserted = errors.New("the command that wants the burst has ended")
	errStopped  = errors.New("the burst was stopped")
	errWorker   = errors.New("the worker was stopped")
)

// run runs one shard, if it is still to be had.
func (n *node) run(ctx context.Context, j job) {
	tag, err := n.database.Exec(ctx, `UPDATE shards SET state = $3, node = $4, beat = clock_timestamp()
		WHERE run = $1 AND number = $2 AND state = $5 AND (SELECT stopped IS NULL FROM runs WHERE id = $1)`, j.Run, j.Number, claimed, n.Node, waiting)
	switch {
	case err != nil:
		n.Log(fmt.Sprintf("shard %d of run %d: not claimed: %v", j.Number, j.Run, err))
		return
	case tag.RowsAffected() == 0:
		return // another node has it, or the run has ended
	}
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := &member{node: n, job: j, cancel: cancel, renewed: time.Now()}
	plan, err := m.prepare(running)
	if err != nil {
		m.end(ctx, failed, nil, err.Error())
		return
	}
	begins := make(chan time.Time, 1)
	var beating sync.WaitGroup
	quit := make(chan struct{})
	beating.Go(func() { m.beat(running, quit, begins) })
	report, err := m.send(running, plan, begins)
	close(quit)
	beating.Wait()
	problem := ""
	if ctx.Err() != nil {
		problem = errWorker.Error()
	}
	switch {
	case errors.Is(context.Cause(running), errFenced):
		n.Log(fmt.Sprintf("shard %d of run %d: stopped: %v", j.Number, j.Run, errFenced))
	case report == nil:
		m.end(ctx, failed, nil, cmp.Or(problem, err.Error()))
	case errors.Is(err, burst.ErrNoConsumer):
		m.end(ctx, noConsumer, report, err.Error())
	default:
		m.end(ctx, done, report, problem)
	}
}

// prepare reads the plan, measures the clock and says that the shard is ready.
func (m *member) prepare(ctx context.Context) (burst.Plan, error) {
	var data []byte
	var of int
	if err := m.database.QueryRow(ctx, "SELECT plan, shards FROM runs WHERE id = $1", m.Run).Scan(&data, &of); err != nil {
		return burst.Plan{}, err
	}
	plan, err := burst.DecodePlan(data, m.Known)
	if err != nil {
		return plan, err
	}
	plan.Shard = burst.Shard{Number: m.Number, Of: of}
	plan.Dial, plan.Trust = m.Dial, m.Trust
	c, err := m.database.Acquire(ctx)
	if err != nil {
		return plan, err
	}
	defer c.Release()
	if m.clock, err = measureClock(ctx, c); err != nil {
		return plan, err
	}
	m.again, m.measured = m.clock, time.Now()
	_, err = c.Exec(ctx, "UPDATE shards SET state = $3, clock_offset = $4, clock_error = $5, clock_offset_end = $4, clock_error_end = $5, beat = clock_timestamp() WHERE run = $1 AND number = $2 AND state = $6",
		m.Run, m.Number, ready, int64(m.clock.offset), int64(m.clock.wrong), claimed)
	return plan, err
}

// send waits for the start and sends the shard. The report is nil when it did not begin.
func (m *member) send(ctx context.Context, plan burst.Plan, begins <-chan time.Time) (*burst.Report, error) {
	select {
	case plan.Start = <-begins:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	m.Log(fmt.Sprintf("shard %d of %d of run %d: sending", m.Number, plan.Shard.Of, m.Run))
	report, err := burst.Run(ctx, plan, func(p burst.Progress) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.last = p
		return nil
	})
	if report != nil {
		m.Log(fmt.Sprintf("shard %d of %d of run %d: sent %d of %d events", m.Number, plan.Shard.Of, m.Run, report.Sent, report.Intended))
	}
	return report, err
}

// beat renews the lease, stores how far the shard has come, and waits for the start and for a
// reason to stop.
func (m *member) beat(ctx context.Context, quit <-chan struct{}, begins chan<- time.Time) {
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	began, stored := false, time.Now()
	for {
		select {
		case <-quit:
			return
		case <-ask.C:
		}
		// A call may last until the lease has ended, and not longer.
		call, cancel := context.WithDeadline(context.WithoutCancel(ctx), m.renewed.Add(m.lease))
		var start *time.Time
		var stopped *string
		var deserted bool
		err := m.database.QueryRow(call, "SELECT begins, stopped, beat < clock_timestamp() - $2 * interval '1 microsecond' FROM runs WHERE id = $1",
			m.Run, m.lease.Microseconds()).Scan(&start, &stopped, &deserted)
		switch {
		case errors.Is(err, pgx.ErrNoRows) || err == nil && deserted:
			m.cancel(errDeserted)
		case err == nil && stopped != nil:
			m.cancel(errStopped)
		case err == nil && start != nil && !began:
			began = true
			begins <- m.clock.here(*start)
		}
		if err == nil && time.Since(stored) >= beatEvery {
			stored = time.Now()
			err = m.store(call, began)
		}
		cancel()
		if errors.Is(err, errFenced) || time.Since(m.renewed) >= m.lease {
			m.cancel(errFenced)
			return
		}
	}
}

// store writes a beat.
func (m *member) store(ctx context.Context, began bool) error {
	at := time.Now()
	m.mu.Lock()
	last := m.last
	m.mu.Unlock()
	state := ready
	var figures, progress []byte
	if b := last.Backup(); b != nil && began {
		var err error
		var points []burst.SeriesPoint
		if figures, points, err = b.State(); err != nil {
			return err
		}
		m.unstoredPoints = append(m.unstoredPoints, points...)
		if progress, err = json.Marshal(last); err != nil {
			return err
		}
		m.unstored = append(m.unstored, b.Changes()...)
	}
	if began {
		state = running
	}
	if time.Since(m.measured) >= clockEvery {
		m.measureAgain(ctx)
	}
	if err := m.write(ctx, state, figures, progress, ""); err != nil {
		return err
	}
	m.renewed, m.unstored, m.unstoredPoints = at, nil, nil
	return nil
}

// measureAgain measures the clock. An error changes nothing: the database is away.
func (m *member) measureAgain(ctx context.Context) {
	c, err := m.database.Acquire(ctx)
	if err != nil {
		return
	}
	defer c.Release()
	if now, err := measureClock(ctx, c); err == nil {
		m.again, m.measured = now, time.Now()
	}
}

// write stores the row of the shard, and the chunks and points that are not stored yet, together.
// It returns errFenced when the row was closed.
func (m *member) write(ctx context.Context, state string, figures, progress []byte, problem string) error {
	return pgx.BeginFunc(ctx, m.database, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE shards SET state = $3, figures = coalesce($4, figures), progress = coalesce($5, progress), problem = $6, clock_offset_end = $7, clock_error_end = $8, beat = clock_timestamp()
			WHERE run = $1 AND number = $2 AND state IN ('claimed', 'ready', 'running')`, m.Run, m.Number, state, figures, progress, problem, int64(m.again.offset), int64(m.again.wrong))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return errFenced
		}
		var parts pgx.Batch
		for _, c := range m.unstored {
			parts.Queue(`INSERT INTO chunks VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (run, number, acknowledged, chunk) DO UPDATE SET bits = EXCLUDED.bits`, m.Run, m.Number, c.Acknowledged, c.Number, c.Bits)
		}
		for _, p := range m.unstoredPoints {
			parts.Queue(`INSERT INTO points VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (run, number, step, point) DO UPDATE SET data = EXCLUDED.data`, m.Run, m.Number, int64(p.Step), p.Number, p.Data)
		}
		return tx.SendBatch(ctx, &parts).Close()
	})
}

// end stores the result, for as long as the lease lasts.
func (m *member) end(ctx context.Context, state string, report *burst.Report, problem string) {
	ending, cancel := context.WithDeadline(context.WithoutCancel(ctx), time.Now().Add(m.lease))
	defer cancel()
	var figures []byte
	if report != nil {
		var err error
		if figures, err = report.State(); err != nil {
			problem = err.Error()
		}
		if b := m.last.Backup(); b != nil {
			m.unstored = append(m.unstored, b.Changes()...)
		}
	}
	for {
		m.measureAgain(ending)
		err := m.write(ending, state, figures, nil, problem)
		if err == nil || errors.Is(err, errFenced) || ending.Err() != nil {
			if err != nil {
				m.Log(fmt.Sprintf("shard %d of run %d: the result could not be stored: %v", m.Number, m.Run, err))
			}
			return
		}
		select {
		case <-time.After(askEvery):
		case <-ending.Done():
		}
	}
}
