package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/hookrig/hookrig/mockserver"
)

// drainFlag says for how long a server that is told to stop still takes requests.
type drainFlag struct {
	flags *pflag.FlagSet
	time  time.Duration
}

func (d *drainFlag) add(f *pflag.FlagSet) {
	d.flags = f
	f.DurationVar(&d.time, "drain", 0, "after the signal to stop, answer 503 to readiness probes for this `DURATION` before the server stops, so that a load balancer notices "+
		"(default: 5s if other servers run on the database, else 0s)")
}

func (d *drainFlag) check() error {
	if d.time < 0 {
		return misusef("--drain %s: want 0s or more", d.time)
	}
	return nil
}

// drainTime is the default when other servers can take over.
const drainTime = 5 * time.Second

// after drains a server once ctx has ended, also while shards of bursts still end. The returned
// function waits for that, or drains the server itself if ctx has not ended.
func (d *drainFlag) after(ctx context.Context, w World, server *mockserver.Server) func() error {
	drained := make(chan error, 1)
	drain := func() { drained <- d.do(context.WithoutCancel(ctx), w, server) }
	waits := context.AfterFunc(ctx, drain)
	return func() error {
		if waits() {
			drain()
		}
		return <-drained
	}
}

// do drains a server.
func (d *drainFlag) do(ctx context.Context, w World, server *mockserver.Server) error {
	accept := d.time
	if !d.flags.Changed("drain") && hasOthers(ctx, server) {
		accept = drainTime
	}
	if accept > 0 {
		w.Stderr.Printf("hookrig: draining for %s; another signal ends it at once\n", accept)
	}
	err := server.Drain(ctx, accept)
	if errors.Is(err, context.DeadlineExceeded) {
		w.Stderr.Printf("hookrig: attempts of deliveries are cut short; another server, or the next start, makes them again\n")
		return nil
	}
	return err
}

// hasOthers reports whether another server runs on the same database.
func hasOthers(ctx context.Context, server *mockserver.Server) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	nodes, err := server.Nodes(ctx)
	return err == nil && slices.ContainsFunc(nodes, func(n mockserver.Node) bool { return !n.Self && n.State == mockserver.NodeRunning })
}
