//go:build !slim

package shard

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// job is one shard of a run, for River. The row of the shard has all else: a job has no secrets.
type job struct {
	Run    int64 `json:"run"`
	Number int   `json:"number"`
}

// queue is River's queue of shards.
const queue = "burst_shards"

func (job) Kind() string { return "burst_shard" }

// InsertOpts lets River try a job once. The row of the shard is claimed once anyway.
func (job) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queue, MaxAttempts: 1} }

// jobWorker runs the jobs that River gives to a node.
type jobWorker struct {
	river.WorkerDefaults[job]
	node *node
}

func (w *jobWorker) Work(ctx context.Context, j *river.Job[job]) error {
	w.node.run(ctx, j.Args)
	return nil // what went wrong is in the row of the shard
}

// Timeout returns that a job has no limit: the plan says how long it takes, and the lease whether
// its node lives.
func (w *jobWorker) Timeout(*river.Job[job]) time.Duration { return -1 }

// neverRescue is how long River leaves a job alone whose node does not answer. Later it leaves it
// alone too, because the job has no limit. The row of its shard was closed long before.
const neverRescue = 30 * 24 * time.Hour

// jobs returns River's client. Without a node it only enqueues.
func jobs(d *database, n *node, workers int) (*river.Client[pgx.Tx], error) {
	config := &river.Config{
		Schema: d.schema, Logger: slog.New(slog.DiscardHandler), JobTimeout: -1, MaxAttempts: 1, RescueStuckJobsAfter: neverRescue,
	}
	if n != nil {
		config.ID = n.id
		config.Queues = map[string]river.QueueConfig{queue: {MaxWorkers: workers}}
		config.Workers = river.NewWorkers()
		if err := river.AddWorkerSafely(config.Workers, &jobWorker{node: n}); err != nil {
			return nil, err
		}
	}
	return river.NewClient(riverpgxv5.New(d.Pool), config)
}
