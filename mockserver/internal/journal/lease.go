package journal

import (
	"context"
	"sync"
	"time"
)

// Leases says which of several servers makes the attempts of a delivery: its owner, and no other.
//
// The server that saves a delivery owns it. An Ordered delivery has the owner of the pending
// Ordered deliveries of its endpoint, if there are any. A server owns its deliveries as long as its
// lease is valid. After that another server may adopt them.
type Leases interface {
	// Lease waits until this server has a valid lease, and returns it. It returns ErrClosed when
	// the store is closed. After the end of a lease, another server may have adopted any delivery:
	// ask with Owned which ones are left when there is a lease again.
	Lease(ctx context.Context) (*Lease, error)
	// Adopt makes this server the owner of pending deliveries whose server has ended, and returns
	// their ids. Call it until it returns none. It costs one query if there are none.
	Adopt(ctx context.Context) (ids []string, err error)
	// Owned returns the ids of the pending deliveries that this server owns, oldest first.
	Owned(ctx context.Context) (ids []string, err error)
	// OwnedDeliveries returns those of the deliveries that are pending and that this server owns,
	// oldest first, with all their attempts. It ignores the others.
	OwnedDeliveries(ctx context.Context, ids []string) ([]Delivery, error)
	// Given returns the ids of the Ordered deliveries that this server owns and that this or
	// another server has saved since the last call, in the order in which they were saved. all
	// means that some may be missing: Owned has them.
	Given() (ids []string, all bool)
	// GivenC returns a channel that has a token after another server has saved such deliveries.
	GivenC() <-chan struct{}
}

// Lease is the right of a server to make the attempts of the deliveries that it owns. It ends early
// enough to stop the attempts in flight before another server may make them. It is measured on the
// monotonic clock. The nil Lease never ends.
type Lease struct {
	length time.Duration
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	until time.Time
	timer *time.Timer
}

// NewLease returns a lease that ends at a time unless it is extended.
func NewLease(until time.Time) *Lease {
	l := &Lease{until: until, length: time.Until(until)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.timer = time.AfterFunc(time.Until(until), func() { l.Valid() })
	return l
}

// Valid reports whether the lease has not ended. It looks at the clock, so that a process that was
// stopped for some time knows it at once.
func (l *Lease) Valid() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.validLocked()
}

func (l *Lease) validLocked() bool {
	if l.ctx.Err() != nil {
		return false
	}
	if time.Now().Before(l.until) {
		return true
	}
	l.cancel()
	return false
}

// Length returns how long the lease lasts if it is not extended.
func (l *Lease) Length() time.Duration { return l.length }

// Extend makes the lease end at a later time. It returns false if the lease has ended.
func (l *Lease) Extend(until time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.validLocked() {
		return false
	}
	l.until = until
	l.timer.Reset(time.Until(until))
	return true
}

// End ends the lease.
func (l *Lease) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	l.cancel()
}

// Context returns a context that ends with the lease.
func (l *Lease) Context() context.Context {
	if l == nil {
		return context.Background()
	}
	return l.ctx
}
