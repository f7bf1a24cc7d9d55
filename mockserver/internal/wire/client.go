package wire

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxResponse is the default of Client.MaxResponse, in bytes.
const DefaultMaxResponse = 1 << 20

// Client sends messages exactly as given. The zero Client is ready. It must not be copied after its
// first use.
type Client struct {
	// Dial opens the connection; nil is a net.Dialer's DialContext. See Guard.Dial.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Forbids returns why requests to a host are forbidden, without resolving it; nil forbids none.
	// See Guard.CheckLiteral.
	Forbids func(host string) error
	// Reroute returns the URL to connect to instead of another one; nil changes none. It does not
	// change the message.
	Reroute func(url string) string
	// MaxResponse bounds how many bytes of a response's body are kept; 0 is DefaultMaxResponse.
	// Longer bodies are cut.
	MaxResponse int
	// Trust decides which certificates are accepted.
	Trust Trust

	idle    idlePool
	last    atomic.Pointer[parsedURL]
	buffers sync.Pool // of *[]byte: requests being written
}

// Send writes m to the host of url, byte for byte, in one write, and reads the response. It never
// follows a redirect and never retries. The context bounds the whole exchange; when it ends,
// Result.Err says what Send waited for.
//
// url, http or https, only says where to connect; m has the request line and headers.
//
// Send reuses a connection only when request and response ended where their heads say, neither asks
// to close it, and its peer keeps it open, which Send checks right before it writes the request.
// When the peer closes it at the same time, the outcome is NoResponse: the sender cannot know
// whether the peer had read the request.
func (c *Client) Send(ctx context.Context, url string, m Message) Result {
	return c.SendAs(ctx, url, m, Manner{}, Limits{})
}

// exchange sends one request. connect bounds the time until the connection is open; 0 does not.
func (c *Client) exchange(ctx context.Context, start time.Time, url string, m Message, how *Manner, connect time.Duration) Result {
	failed := func(r Result, o Outcome, p phase, err error) Result {
		r.Outcome, r.Err = o, p.failIn(ctx, start, err)
		return r
	}
	if c.Reroute != nil {
		url = c.Reroute(url)
	}
	to, err := c.destination(url)
	if err != nil {
		return Result{Outcome: NotSent, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return failed(Result{}, NotSent, connecting, err)
	}
	if how.BreakTLS {
		return failed(Result{}, NotSent, connecting, c.breakTLS(ctx, to))
	}
	plain := how.plain()
	var s *socket
	if plain {
		s = c.idle.take(to)
	}
	if s == nil {
		opening, cancel := opens(ctx, connect)
		if s, err = open(opening, to, c.Dial, c.Trust); err != nil {
			err = connecting.failIn(opening, start, err) // whichever limit is shorter has passed
		}
		cancel()
		if err != nil {
			return Result{Outcome: NotSent, Err: err}
		}
	}
	s.bound(ctx)
	reusable := false
	defer func() {
		if s.unbound() && plain && reusable && !s.closing && Whole(&m) {
			c.idle.put(s)
		} else {
			s.conn.Close()
		}
	}()
	if how.Ready != nil {
		how.Ready()
	}
	if how.Check != nil {
		if err := how.Check(); err != nil {
			return Result{Outcome: NotSent, Err: err}
		}
	}

	var r Result
	var early *Response
	r.Written, early, err = c.write(ctx, s, m, how)
	if early != nil {
		r.Outcome, r.Status, r.Response = GotStatus, early.Status, *early
		return r
	}
	if err != nil && r.Written == 0 {
		return failed(r, NotSent, writing, err)
	}
	if err != nil {
		// A consumer may have answered and closed before it read everything.
		if ctx.Err() == nil {
			if response, _, early := s.reader.whole(m.Method == "HEAD", c.maxResponse()); early == nil {
				r.Outcome, r.Status, r.Response = GotStatus, response.Status, response
				return r
			}
		}
		return failed(r, PartlyWritten, writing, err)
	}
	unanswered, p := NoResponse, awaiting
	if how.End != "" && !Whole(&m) {
		unanswered = PartlyWritten
	}
	switch how.End {
	case Stall:
		p = stalling
	case Reset:
		return failed(r, unanswered, resetting, s.reset(ctx))
	case HalfClose:
		if err := s.closeWrite(); err != nil {
			return failed(r, unanswered, writing, err)
		}
	}
	for n := range max(1, how.Copies) {
		if n > 0 {
			r.Outcome, r.Status, r.Response = "", 0, Response{}
		}
		r.Response, reusable, err = s.reader.whole(m.Method == "HEAD", c.maxResponse())
		if err != nil {
			if r.Response.Status > 0 || s.reader.Started() {
				p = responding
			}
			return failed(r, unanswered, p, err)
		}
		r.Outcome, r.Status = GotStatus, r.Response.Status
		if s.reader.ended {
			break // the consumer says that it answers no more
		}
	}
	return r
}

// write writes the request and returns how many bytes were written. It returns the response to a
// head that the consumer refused with, instead of 100 Continue.
func (c *Client) write(ctx context.Context, s *socket, m Message, how *Manner) (n int, early *Response, err error) {
	const largestKept = 1 << 20
	buffer, _ := c.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer func() {
		if cap(*buffer) <= largestKept {
			c.buffers.Put(buffer)
		}
	}()
	raw, head := appendRequest((*buffer)[:0], m, how.Chunks)
	*buffer = raw
	if how.plain() {
		s.closing = closes(raw)
		n, err = s.conn.Write(raw)
		return n, nil, err
	}
	if how.Copies > 1 {
		raw = bytes.Repeat(raw, how.Copies)
	}
	for i, p := range how.pieces(raw, head) {
		if err := sleep(ctx, p.before); err != nil {
			return n, nil, err
		}
		if how.Continue && i == 1 {
			if early, err = s.awaitContinue(ctx, m.Method == "HEAD", c.maxResponse()); early != nil || err != nil {
				return n, early, err
			}
		}
		written, err := s.conn.Write(p.bytes)
		n += written
		if err != nil {
			return n, nil, err
		}
	}
	return n, nil, nil
}

// sleep waits, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) maxResponse() int {
	if c.MaxResponse <= 0 {
		return DefaultMaxResponse
	}
	return c.MaxResponse
}

// CloseIdle closes the idle connections.
func (c *Client) CloseIdle() { c.idle.close() }
