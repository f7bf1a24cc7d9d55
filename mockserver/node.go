package mockserver

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// node is a server's place among those that share its store. Without others it is the only one.
type node struct {
	store      Store
	dispatcher *delivery.Dispatcher
	log        *slog.Logger

	mu      sync.Mutex
	about   Node
	started bool // the server has begun to run
}

// newNode returns the node of a server that starts.
func newNode(o Options, store Store) *node {
	var id [16]byte
	_, _ = rand.Read(id[:])
	host, _ := os.Hostname() // "" is shown as it is
	return &node{store: store, log: o.Log, about: Node{
		ID: hex.EncodeToString(id[:]), State: journal.NodeRunning, Host: host, PID: os.Getpid(), Version: o.version(), BurstWorkers: o.BurstWorkers,
		Started: time.Now().UTC(), Self: true,
	}}
}

// version returns the version of the program.
func (o Options) version() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(o.Version, build.Main.Version)
	}
	return o.Version
}

// start announces the server, which runs from now on.
func (n *node) start(ctx context.Context, s *Server) error {
	n.mu.Lock()
	n.dispatcher, n.started = s.dispatcher, true
	n.about.Capture, n.about.Dashboard = s.CaptureURL(), s.DashboardURL()
	about := n.about
	n.mu.Unlock()
	return n.announce(ctx, about)
}

// drain announces that the server ends.
func (n *node) drain(ctx context.Context) {
	n.mu.Lock()
	n.about.State = journal.NodeDraining
	about := n.about
	n.mu.Unlock()
	if err := n.announce(ctx, about); err != nil {
		n.log.Warn("the other servers do not know that this one ends", "error", err)
	}
}

func (n *node) announce(ctx context.Context, about Node) error {
	shared, ok := n.store.(journal.Shared)
	if !ok {
		return nil
	}
	return shared.Announce(ctx, about)
}

// list returns the servers that use the store.
func (n *node) list(ctx context.Context) ([]Node, error) {
	if shared, ok := n.store.(journal.Shared); ok {
		return shared.Nodes(ctx)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	about := n.about
	about.Seen = time.Now().UTC()
	if n.dispatcher != nil {
		about.Pending = n.dispatcher.Clock().Pending
	}
	return []Node{about}, nil
}

// ready returns why the server should get no requests now, or nil.
func (n *node) ready() error {
	n.mu.Lock()
	started, state := n.started, n.about.State
	n.mu.Unlock()
	switch {
	case !started:
		return errStarting
	case state == journal.NodeDraining:
		return errDraining
	}
	if shared, ok := n.store.(journal.Shared); ok {
		return shared.Ready()
	}
	return nil
}

var (
	errStarting = errors.New("the server starts")
	errDraining = errors.New("the server is draining: it ends soon")
)

// Nodes lists the servers that use the same store, the oldest first. Those that have ended without
// saying so are among them for a day, as lost. With a store that nobody shares it returns this
// server.
func (s *Server) Nodes(ctx context.Context) ([]Node, error) { return s.node.list(ctx) }

// Ready returns nil if a load balancer may send requests to the server, else an error that says why
// not: it drains, or the database of its store takes no writes.
func (s *Server) Ready() error { return s.node.ready() }

// Drain prepares the end of a server behind a load balancer. At once Ready returns an error, and
// responses end their connections. For the time of accept, or until ctx ends, the server goes on as
// before, so that the balancer can notice. After it no attempt of a delivery begins, and Drain
// returns when those in flight have ended, after five seconds at most. Then call Close.
func (s *Server) Drain(ctx context.Context, accept time.Duration) error {
	if accept < 0 {
		return fmt.Errorf("drain for %v: want 0 or more", accept)
	}
	announcing, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	s.draining.Store(true)
	s.capture.Drain()
	s.node.drain(announcing)
	timer := time.NewTimer(accept)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	return s.dispatcher.Drain(ending)
}
