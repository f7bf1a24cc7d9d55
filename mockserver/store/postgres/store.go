package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
)

// Options limit a store. The zero value means the defaults: 1 000 000 captures PerBin, 1 000 000
// Deliveries, 32 GiB in Bytes, and no limit of age (For). The oldest records are evicted first.
// Give all nodes of a database the same limits: each one enforces its own.
type Options struct {
	PerBin     int
	Deliveries int
	Bytes      int64
	For        time.Duration
	// Lease is after which time without a sign of this node others take over its pending
	// deliveries; 0 is 15 s. Heartbeat is how often it gives one; 0 is 1 s, but at most a fifth of
	// Lease.
	Lease, Heartbeat time.Duration
	Log              *slog.Logger // reports failures of background work; nil logs nothing

	partition int64 // how many captures a partition is for; 0: derived from Bytes
}

// limits returns the options as limits, with the defaults filled in.
func (o Options) limits() journal.Limits {
	l := journal.Limits{PerBin: o.PerBin, Deliveries: o.Deliveries, Bytes: o.Bytes, For: o.For}
	return l.Or(journal.Limits{PerBin: 1_000_000, Deliveries: 1_000_000, Bytes: 32 << 30})
}

// maxCaptureBytes bounds one capture. It is well below the largest value of PostgreSQL.
const maxCaptureBytes = 256 << 20

// store is a journal.Store in a PostgreSQL database: one node of those that use it.
type store struct {
	o         journal.Limits
	name      string // the address without password
	node      string // its name among the nodes
	config    *pgconn.Config
	logger    *slog.Logger
	pool      *pool
	queue     queue
	feed      journal.Feed
	documents documentFeed
	leases    leases
	given     given
	outage    *outage
	presence  presence
	counts    counts
	// remembered is journal.RememberedMembers; tests make it smaller.
	remembered int64

	hints    chan struct{} // has one token if the writer has to look for changes
	searched chan struct{} // has one token if text indexes may be missing
	told     chan struct{} // has one token if other nodes have to be told of changes
	newest   atomic.Int64  // the last row of changes that this node has committed

	partition int64 // how many captures a partition is for; 0: derived from the limits
	ahead     int64 // how many numbers the partitions must have ahead; only the writer uses it
	purged    int64 // rows up to it are deleted; only keepExpiring uses it

	once    sync.Once
	closing context.Context
	stop    context.CancelFunc
	running sync.WaitGroup // the writer
	helpers sync.WaitGroup // the other goroutines
}

// Open opens the journal in a database, and makes or migrates its schema as needed. The address is
// postgres://USER:PASSWORD@HOST:PORT/DATABASE. Its option search_path names the schema, which is
// hookrig otherwise, and hookrig.lease replaces Options.Lease. Errors wrap ErrAddress,
// ErrUnavailable, ErrDenied, ErrServer, ErrForeign or ErrIncomplete for these causes. They never
// contain the password.
func Open(ctx context.Context, address string, o Options) (journal.Store, error) {
	config, name, err := parse(address)
	if err != nil {
		return nil, err
	}
	if text := config.RuntimeParams[leaseParameter]; text != "" {
		if o.Lease, err = time.ParseDuration(text); err != nil || o.Lease < shortestLease {
			return nil, fmt.Errorf("%w: %s %q: want a duration such as 15s, at least %v", ErrAddress, leaseParameter, text, shortestLease)
		}
	}
	return openAt(ctx, config, name, o)
}

// openAt opens the journal that a configuration leads to. name is what errors call it.
func openAt(ctx context.Context, config *pgconn.Config, name string, o Options) (journal.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := migrate(ctx, config); err != nil {
		return nil, explainOpen(name, config, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &store{
		o: o.limits(), name: name, node: newNode(), config: config, logger: o.Log,
		hints: make(chan struct{}, 1), told: make(chan struct{}, 1), searched: make(chan struct{}, 1), partition: o.partition, ahead: minPartition / 4,
		remembered: journal.RememberedMembers,
	}
	s.closing, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.outage = &outage{closing: s.closing}
	s.pool = newPool(config, s.outage)
	s.queue.ready, s.queue.reached = make(chan struct{}, 1), make(chan struct{}, 1)
	s.documents.wake = make(chan struct{}, 1)
	s.given.wake = make(chan struct{}, 1)
	s.leases.open(o)
	w := &writer{s: s}
	err := w.open(ctx)
	if err == nil {
		err = s.pool.do(ctx, func(c *conn) (bool, error) { return true, s.renew(ctx, c) })
	}
	if err == nil {
		if err = s.checkComplete(ctx); err != nil {
			s.disappear()
		}
	}
	if err != nil {
		s.pool.close()
		w.disconnect()
		s.stop()
		return nil, explainOpen(name, config, err)
	}
	s.running.Go(w.run)
	s.helpers.Go(s.keepListening)
	s.helpers.Go(s.keepNotifying)
	s.helpers.Go(s.keepAppearing)
	s.helpers.Go(s.keepTelling)
	s.helpers.Go(s.keepIndexing)
	if err := s.trimBins(ctx); err != nil {
		return nil, fmt.Errorf("%w; %w", err, s.Close())
	}
	s.helpers.Go(s.keepExpiring)
	return s, nil
}

// AppendCapture packs c, waits until the writer has committed it, and sets its number and id.
func (s *store) AppendCapture(ctx context.Context, c *journal.Capture) error {
	size := c.Size()
	if limit := min(s.o.Bytes, maxCaptureBytes); int64(size) > limit {
		return fmt.Errorf("a capture has %d bytes, the limit is %d: %w", size, limit, journal.ErrFull)
	}
	r := s.queue.get()
	r.bin, r.size, r.body = c.Bin, size, c.Body
	r.head = record.PackCapture(r.head, c)
	err := s.queue.submit(ctx, r)
	if err == nil {
		c.Seq, c.ID = r.seq, journal.CaptureID(r.seq)
	}
	s.queue.put(r)
	return err
}

// Limits returns the limits that the store was opened with.
func (s *store) Limits() journal.Limits { return s.o }

// Watch reports changes that this or another node commits from now on.
func (s *store) Watch(f journal.Filter) *journal.Watch { return s.feed.Watch(f) }

// Close commits all waiting requests and closes the connections.
func (s *store) Close() error {
	s.once.Do(func() {
		s.queue.close()
		s.running.Wait()
		s.stop()
		s.helpers.Wait()
		s.leases.end()
		s.disappear()
		s.pool.close()
		s.feed.Close()
	})
	return nil
}
