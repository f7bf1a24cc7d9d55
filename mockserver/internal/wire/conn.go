package wire

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Conn sends prepared requests over one connection, one after the other, for a load engine: a round
// trip allocates nothing and keeps only the status of the response. When the consumer has closed
// the connection between two requests, the next round trip opens another.
//
// One goroutine makes the round trips; Close may be called from any.
type Conn struct {
	to     destination
	dial   dialFunc
	trust  Trust
	ctx    context.Context // ends when the Conn is closed
	cancel context.CancelFunc

	mu     sync.Mutex // guards socket and closed against Close
	socket *socket    // nil: not open
	closed bool

	used  time.Time // when the last round trip ended
	trips int       // on the connection
}

// maxUnchecked is how long a connection may be idle and still be reused, on systems where it cannot
// be checked.
const maxUnchecked = 50 * time.Millisecond

// DialConn opens a connection to the host of url. dial opens the transport; nil is a net.Dialer's
// DialContext. trust decides which certificates are accepted.
func DialConn(ctx context.Context, url string, dial func(ctx context.Context, network, addr string) (net.Conn, error), trust Trust) (*Conn, error) {
	to, err := parseDestination(url)
	if err != nil {
		return nil, err
	}
	c := &Conn{to: to, dial: dial, trust: trust}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	start := time.Now()
	if err := c.open(ctx); err != nil {
		c.cancel()
		return nil, connecting.failIn(ctx, start, err)
	}
	return c, nil
}

func (c *Conn) open(ctx context.Context) error {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return ErrClosed
	}
	s, err := open(ctx, c.to, c.dial, c.trust)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.conn.Close()
		return ErrClosed
	}
	c.socket, c.used, c.trips = s, time.Now(), 0
	return nil
}

// RoundTrip writes raw, a whole request, and reads the response to its end. The zero deadline is
// none. err is nil with GotStatus, and otherwise says why there is no status. After an error the
// connection is closed, and the next round trip opens another.
func (c *Conn) RoundTrip(raw []byte, deadline time.Time) (status int, outcome Outcome, err error) {
	start := time.Now()
	// Bytes that a consumer sends after a response would be read as the response to this request.
	if c.socket != nil && (canPeek || start.Sub(c.used) > maxUnchecked) && c.trips > 0 && !c.socket.probe.reusable() {
		c.drop()
	}
	if c.socket == nil {
		if err := c.reopen(start, deadline); err != nil {
			return 0, NotSent, err
		}
	}
	s := c.socket
	if err := s.conn.SetDeadline(deadline); err != nil {
		return 0, NotSent, c.broken(writing, start, deadline, err)
	}
	if n, err := s.conn.Write(raw); err != nil {
		outcome = NotSent
		if n > 0 {
			outcome = PartlyWritten
		}
		return 0, outcome, c.broken(writing, start, deadline, err)
	}
	head, err := s.reader.response(bytes.HasPrefix(raw, []byte("HEAD ")), false)
	if err != nil {
		return 0, NoResponse, c.broken(awaiting, start, deadline, err)
	}
	_, reusable, err := s.reader.body(&head, http1.Skip)
	if err != nil {
		return 0, NoResponse, c.broken(responding, start, deadline, err)
	}
	c.used = time.Now()
	c.trips++
	if !reusable || closes(raw) {
		c.drop()
	}
	return head.status, GotStatus, nil
}

func (c *Conn) reopen(start, deadline time.Time) error {
	ctx := c.ctx
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	err := c.open(ctx)
	switch {
	case err == nil:
		return nil
	case c.ctx.Err() != nil:
		return ErrClosed
	}
	return connecting.failIn(ctx, start, err)
}

// broken closes the connection and returns the reason.
func (c *Conn) broken(p phase, start, deadline time.Time, err error) error {
	c.drop()
	if errors.Is(err, net.ErrClosed) {
		return ErrClosed
	}
	return p.fail(err, deadline.Sub(start))
}

func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != nil {
		c.socket.conn.Close()
		c.socket = nil
	}
}

// Close closes the connection. A round trip under way fails with ErrClosed, as do later ones.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closed = true
	s := c.socket
	c.mu.Unlock()
	c.cancel()
	if s != nil {
		return s.conn.Close()
	}
	return nil
}
