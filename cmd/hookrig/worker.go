package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
	"github.com/hookrig/hookrig/mockserver/burst/shard"
)

// newWorker returns the command that sends parts of the bursts of others.
func newWorker(w World) *cobra.Command {
	var (
		on      string
		workers int
		allow   []string
		known   knowledge
		tls     trustFlags
	)
	cmd := &cobra.Command{
		Use:   "worker --on URL",
		Short: "Send parts of bursts that other machines start",
		Long: `Runs until interrupted, and sends the shards of bursts that "hookrig burst --on URL --shards N" starts on the same
PostgreSQL database. Start it on each machine that has to send, with the same version of hookrig. The consumer must be
on loopback, or on a host of --allow-target. "hookrig help load" describes bursts over several machines.`,
		Example: `  hookrig worker --on postgres://hookrig:PASSWORD@db.internal/hookrig --allow-target consumer.internal
  hookrig burst neostore --to http://consumer.internal/hooks --rate 20000 --duration 1m \
    --on postgres://hookrig:PASSWORD@db.internal/hookrig --shards 4`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if workers < 1 {
				return misusef("--workers %d: want 1 or more", workers)
			}
			catalogue, err := known.catalogue()
			if err != nil {
				return err
			}
			trust, err := tls.trust(cmd, w)
			if err != nil {
				return err
			}
			work, err := workOptions(workers, allow, catalogue, trust)
			if err != nil {
				return err
			}
			work.Log = func(text string) { w.Stderr.Printf("%s\n", text) }
			work.Ready = func() {
				w.Stderr.Printf("worker %s takes %s at a time; ctrl-C stops it\n", work.Node, countOf(uint64(workers), "shard"))
			}
			return shardError("--on", shard.Work(cmd.Context(), on, work))
		},
	}
	f := cmd.Flags()
	f.StringVar(&on, "on", "", "`URL` of the PostgreSQL database: postgres://USER:PASSWORD@HOST/DATABASE")
	f.IntVar(&workers, "workers", 1, "`NUMBER` of shards to send at a time")
	f.StringSliceVar(&allow, "allow-target", nil, "also permit bursts to this `CIDR|HOST`, not only to loopback; repeatable")
	tls.add(f)
	known.flags(cmd)
	return cmd
}

// workOptions returns the options of a node.
func workOptions(workers int, allow []string, known *fixtures.Catalogue, trust mockserver.Trust) (shard.WorkOptions, error) {
	guard, err := mockserver.NewGuard(allow)
	if err != nil {
		return shard.WorkOptions{}, misusef("--allow-target: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return shard.WorkOptions{Workers: workers, Node: fmt.Sprintf("%s/%d", host, os.Getpid()), Known: known, Dial: guard.Dial, Trust: trust}, nil
}

// shardError returns an error of package shard with its exit code.
func shardError(flag string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return inconclusive(errors.New("interrupted before the burst began"))
	case errors.Is(err, shard.ErrAddress):
		return misuse(fmt.Errorf("%s: %w", flag, err))
	case errors.Is(err, burst.ErrPlan):
		return misuse(err)
	case errors.Is(err, shard.ErrNoWorkers):
		return inconclusive(fmt.Errorf("%w, as in hookrig worker %s URL --workers 2, or serve --burst-workers 2; each sends that many shards at a time", err, flag))
	}
	return inconclusive(err)
}

// run sends the burst, from here or from the nodes of --on.
func (b *burstFlags) run(ctx context.Context, w World, watch func(burst.Progress) error) (*burst.Report, error) {
	if b.on == "" {
		report, err := burst.Run(ctx, b.plan, watch)
		if report == nil {
			return nil, misuse(err)
		}
		return report, err
	}
	o := shard.Options{Shards: b.shards, Join: b.join, Waiting: func(ready int) {
		w.Stderr.Printf("%d of %s ready\n", ready, countOf(uint64(b.shards), "shard"))
	}}
	report, err := shard.Run(ctx, b.on, b.plan, o, func(p burst.Progress) { _ = watch(p) })
	if report == nil {
		return nil, shardError("--on", err)
	}
	return report, err
}

// checkShards returns an error for flags of bursts over several machines that do not fit.
func (b *burstFlags) checkShards() error {
	switch {
	case b.on == "" && (b.shards != 0 || b.join != 0):
		return misusef("--shards and --join divide a burst over several machines: add --on postgres://USER:PASSWORD@HOST/DATABASE")
	case b.on == "":
		return nil
	case b.shards < 1:
		return misusef("--on needs the number of parts that the burst is divided into, as in --shards 4")
	}
	return nil
}

// lostShards says which shards died.
func lostShards(r *burst.Report) string {
	var b terminal.Builder
	for _, s := range r.Shards {
		if s.Dead {
			b.Printf("\nshard %d on %s: %s", s.Number, s.Node, s.Problem)
		}
	}
	return b.String()
}
