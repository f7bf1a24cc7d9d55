package capture

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// conn is one connection. One goroutine reads from it, records the requests and writes to it.
type conn struct {
	s      *Server
	socket net.Conn
	peer   string
	in     input
	out    []byte       // the response being written; the buffer is reused
	tls    *journal.TLS // nil: not encrypted
	raw    []byte       // the raw request, when it must be stored too; the buffer is reused

	request request         // the request being served; its buffers are reused
	capture journal.Capture // the capture of the request

	forwards bool // the request is being forwarded, and counts in Server.forwards
	callsAPI bool // the front's API answers the request, which counts in Server.apiCalls

	idle  atomic.Bool // waiting for something other than the rest of a request
	wrote time.Time   // when the write limit was last set
}

func newConn(s *Server, socket net.Conn) *conn {
	c := &conn{s: s, socket: socket, peer: socket.RemoteAddr().String()}
	c.in = input{limits: &s.limits, share: s.room.Share(), kept: s.kept}
	c.in.listen(socket)
	return c
}

// unusual returns the raw request when the message alone cannot reproduce it, else nil.
func (c *conn) unusual() []byte {
	r := &c.request
	if r.plain && !r.parsed.Frame.Chunked {
		return nil
	}
	// everything has been read, so there is no time limit to set
	_ = c.in.room(len(r.head) + max(len(c.in.framed), len(r.Body)))
	c.raw = append(c.raw[:0], r.head...)
	if r.parsed.Frame.Chunked {
		c.raw = append(c.raw, c.in.framed...)
	} else {
		c.raw = append(c.raw, r.Body...)
	}
	return c.raw
}

// unstored returns the response to a request that the store rejected.
func unstored(err error) *answer {
	status, text := http.StatusInternalServerError, "hookrig could not store this request; see its log\n"
	switch {
	case errors.Is(err, journal.ErrUnavailable):
		status, text = http.StatusServiceUnavailable, "hookrig cannot reach its database, so this request may not be stored: send it again\n"
	case errors.Is(err, journal.ErrFull):
		status, text = http.StatusInsufficientStorage, "hookrig has no room to store this request: delete captures, or keep fewer (--keep-bytes)\n"
	}
	return newAnswer(journal.Response{Status: status, Body: text})
}

// shed frees the bytes of the stored request before the connection waits for anything.
func (c *conn) shed() {
	c.request.Body, c.capture.Body, c.capture.Raw = nil, nil, nil
	if cap(c.raw) > c.in.kept {
		c.raw = nil
	}
	c.in.shed()
}

// pause waits before a response. It returns false when the server closes meanwhile.
func (c *conn) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.s.closing:
		return false
	}
}

// hang waits until the sender gives up or the server closes. It does not read what the sender sends
// meanwhile as requests.
func (c *conn) hang() {
	c.discard(func() time.Time { return time.Time{} })
}

// linger lets a sender that is still sending read the response before the connection closes.
// Closing with unread bytes would reset the connection, and many senders read nothing before they
// have sent everything.
func (c *conn) linger() {
	half, ok := c.socket.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	last := time.Now().Add(c.s.limits.linger)
	c.discard(func() time.Time {
		if next := time.Now().Add(c.s.limits.quiet); next.Before(last) {
			return next
		}
		return last
	})
}

// discard reads and drops bytes until the sender ends the connection or the server closes. It calls
// until for the deadline of each read; the zero time is no deadline.
func (c *conn) discard(until func() time.Time) {
	c.idle.Store(true)
	for c.socket.SetReadDeadline(until()) == nil {
		// Checked after the limit is set, so that either this or wake ends the wait.
		if c.s.isClosing() || c.in.Discard() != nil {
			return
		}
	}
}

// reset ends the connection with an RST.
func (c *conn) reset() {
	socket := c.tcp()
	if tcp, ok := socket.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // fails only on a connection that is closed already
	}
	_ = socket.Close()
}

// tcp returns the connection below TLS, or the connection itself.
func (c *conn) tcp() net.Conn {
	if t, ok := c.socket.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c.socket
}

// refuse answers a connection when the server is full. It only closes a TLS connection: a handshake
// would take resources that the server no longer has.
func (c *conn) refuse() {
	if _, ok := c.socket.(*tls.Conn); ok {
		_ = c.tcp().Close()
		return
	}
	text := fmt.Sprintf("hookrig serves %d connections at a time, and all are in use\n", c.s.o.MaxConns)
	a := newAnswer(journal.Response{Status: http.StatusServiceUnavailable, Body: text})
	_ = c.socket.SetWriteDeadline(time.Now().Add(c.s.limits.quiet))
	raw := append(a.appendHead(nil, &c.request, c.s.o.Now(), "", true), text...)
	_, _ = c.socket.Write(raw) // an error is ignored: the refused connection has been counted
	_ = c.socket.Close()
}

// wake ends what the connection waits for when the server closes, unless that is the rest of a
// request.
func (c *conn) wake() {
	if c.idle.Load() {
		_ = c.socket.SetReadDeadline(time.Unix(1, 0))
	}
}

func (s *Server) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}
