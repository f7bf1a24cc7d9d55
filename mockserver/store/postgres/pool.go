package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// readers is how many queries run at once. Others wait.
const readers = 4

// pool has the connections that read. pgx's pool would add its types, 3 MB, to the program.
type pool struct {
	config *pgconn.Config
	outage *outage
	slots  chan struct{} // one token for each connection in use

	mu     sync.Mutex
	idle   []*conn
	closed bool
}

func newPool(config *pgconn.Config, o *outage) *pool {
	own := config.Copy()
	// Tables grow faster than their statistics: a plan must not be kept.
	own.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	return &pool{config: own, outage: o, slots: make(chan struct{}, readers)}
}

// do calls use with a connection. It repeats that on another one if the connection broke and use
// wants it.
func (p *pool) do(ctx context.Context, use func(*conn) (again bool, err error)) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		again := true
		c, err := p.take(ctx)
		if err == nil {
			again, err = use(c)
			p.put(c, err)
		}
		switch {
		case errors.Is(err, journal.ErrClosed):
			return err
		case !isLost(err):
			p.outage.end()
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		p.drop()
		if !p.outage.wait(ctx) || !again {
			return err
		}
	}
}

// take returns an idle connection or a new one.
func (p *pool) take(ctx context.Context) (*conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, journal.ErrClosed
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	return connect(ctx, p.config)
}

func (p *pool) put(c *conn, err error) {
	p.mu.Lock()
	if !p.closed && c.usable() && !isLost(err) {
		p.idle = append(p.idle, c)
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.close()
	}
}

// drop closes the idle connections: if one is broken, the others are too.
func (p *pool) drop() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

// close ends the pool. It waits for the queries that run.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	for range readers {
		p.slots <- struct{}{}
	}
	p.drop()
	for range readers {
		<-p.slots
	}
}

// outage knows since when the database cannot be reached.
type outage struct {
	closing context.Context // ends with the store

	mu    sync.Mutex
	since time.Time // zero: it can be reached
	times uint64    // how often it could not be reached
}

// wait pauses before another try. It returns false if the database is away for longer than grace.
func (o *outage) wait(ctx context.Context) bool {
	o.mu.Lock()
	if o.since.IsZero() {
		o.since = time.Now()
		o.times++
	}
	over := time.Since(o.since) > grace
	o.mu.Unlock()
	return !over && o.closing.Err() == nil && pause(ctx, retryPause)
}

// count returns how often the database could not be reached, and whether that is so now.
func (o *outage) count() (times uint64, away bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.times, !o.since.IsZero()
}

// end notes that the database answers.
func (o *outage) end() {
	o.mu.Lock()
	o.since = time.Time{}
	o.mu.Unlock()
}
