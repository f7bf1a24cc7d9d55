package wire

import (
	"context"
	"net"
	"sync"
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
	buffers sync.Pool // of *[]byte: requests being written
}

// Send writes m to the host of url, byte for byte, in one write, and reads the response. It never
// follows a redirect and never retries. The context bounds the whole exchange; when it ends,
// Result.Err says what Send waited for.
//
// url, http or https, only says where to connect; m has the request line and headers.
//
// Send reuses a connection only when request and response ended where their heads say and its peer
// keeps it open, which Send checks right before it writes the request. When the peer closes it at
// the same time, the outcome is NoResponse: the sender cannot know whether the peer had read the
// request.
func (c *Client) Send(ctx context.Context, url string, m Message) Result {
	return c.SendWithin(ctx, url, m, Limits{})
}

// exchange sends one request. connect bounds the time until the connection is open; 0 does not.
func (c *Client) exchange(ctx context.Context, start time.Time, url string, m Message, connect time.Duration) Result {
	failed := func(r Result, o Outcome, p phase, err error) Result {
		r.Outcome, r.Err = o, p.failIn(ctx, start, err)
		return r
	}
	if c.Reroute != nil {
		url = c.Reroute(url)
	}
	to, err := parseDestination(url)
	if err != nil {
		return Result{Outcome: NotSent, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return failed(Result{}, NotSent, connecting, err)
	}
	s := c.idle.take(to)
	if s == nil {
		opening, cancel := ctx, context.CancelFunc(func() {})
		if connect > 0 {
			opening, cancel = context.WithTimeout(ctx, connect)
		}
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
		if s.unbound() && reusable && Whole(&m) {
			c.idle.put(s)
		} else {
			s.conn.Close()
		}
	}()

	var r Result
	r.Written, err = c.write(s, m)
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
	r.Response, reusable, err = s.reader.whole(m.Method == "HEAD", c.maxResponse())
	if err != nil {
		p := awaiting
		if r.Response.Status > 0 || s.reader.Started() {
			p = responding
		}
		return failed(r, NoResponse, p, err)
	}
	r.Outcome, r.Status = GotStatus, r.Response.Status
	return r
}

// write writes the whole request in one write and returns how many bytes were written.
func (c *Client) write(s *socket, m Message) (int, error) {
	const largestKept = 1 << 20
	buffer, _ := c.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	*buffer = Append((*buffer)[:0], m)
	n, err := s.conn.Write(*buffer)
	if cap(*buffer) <= largestKept {
		c.buffers.Put(buffer)
	}
	return n, err
}

func (c *Client) maxResponse() int {
	if c.MaxResponse <= 0 {
		return DefaultMaxResponse
	}
	return c.MaxResponse
}

// CloseIdle closes the idle connections.
func (c *Client) CloseIdle() { c.idle.close() }
