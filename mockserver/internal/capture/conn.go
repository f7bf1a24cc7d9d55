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

// conn is one connection. One goroutine reads it, records what it read, and writes to it.
type conn struct {
	s      *Server
	socket net.Conn
	peer   string
	in     input
	out    []byte       // the response being written; its space is used again
	tls    *journal.TLS // nil: it is not encrypted
	raw    []byte       // the request's bytes, where they must be kept besides; its space is used again

	request request         // being served; its space is used again
	capture journal.Capture // what is made of it

	forwards bool // the request is being passed on, and counts in Server.forwards
	asks     bool // the front's API answers the request, which counts in Server.apiCalls

	idle  atomic.Bool // waiting for something other than the rest of a request
	wrote time.Time   // when the write limit was last set
}

func newConn(s *Server, socket net.Conn) *conn {
	c := &conn{s: s, socket: socket, peer: socket.RemoteAddr().String()}
	c.in = input{limits: &s.limits, share: s.room.Share(), kept: s.kept}
	c.in.listen(socket)
	return c
}

// unusual is the request's bytes when the message alone does not tell them, else nil.
func (c *conn) unusual() []byte {
	r := &c.request
	if r.plain && !r.parsed.Frame.Chunked {
		return nil
	}
	_ = c.in.room(len(r.head) + max(len(c.in.framed), len(r.Body))) // all has been read: it has no time limit to set
	c.raw = append(c.raw[:0], r.head...)
	if r.parsed.Frame.Chunked {
		c.raw = append(c.raw, c.in.framed...)
	} else {
		c.raw = append(c.raw, r.Body...)
	}
	return c.raw
}

// unstored is the answer to a request that the store did not take.
func unstored(err error) *answer {
	status, text := http.StatusInternalServerError, "hookrig could not store this request; see its log\n"
	if errors.Is(err, journal.ErrFull) {
		status, text = http.StatusInsufficientStorage, "hookrig has no room to store this request: delete captures, or have it keep fewer (--keep-bytes)\n"
	}
	return newAnswer(journal.Response{Status: status, Body: text})
}

// shed lets go of the request's bytes, which are stored, before anything is waited for.
func (c *conn) shed() {
	c.request.Body, c.capture.Body, c.capture.Raw = nil, nil, nil
	if cap(c.raw) > c.in.kept {
		c.raw = nil
	}
	c.in.shed()
}

// pause waits before a response; false when the server closes meanwhile.
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

// hang waits until the sender gives up or the server closes. What the sender sends meanwhile is not read as requests.
func (c *conn) hang() {
	c.discard(func() time.Time { return time.Time{} })
}

// linger lets a sender that is still sending read the response before the connection is gone: closing with bytes unread
// would reset it, and many a sender reads nothing before it has sent everything.
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

// discard reads and drops until the sender ends the connection or the server closes. until is asked before each look how
// long it may take; zero is for ever.
func (c *conn) discard(until func() time.Time) {
	c.idle.Store(true)
	for c.socket.SetReadDeadline(until()) == nil {
		// Looked at after the limit was set, so that either this or wake ends the waiting.
		if c.s.isClosing() || c.in.Discard() != nil {
			return
		}
	}
}

// reset ends the connection with an RST.
func (c *conn) reset() {
	socket := c.tcp()
	if tcp, ok := socket.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // fails only on a connection that is gone already
	}
	_ = socket.Close()
}

// tcp is the connection below TLS, or the connection.
func (c *conn) tcp() net.Conn {
	if t, ok := c.socket.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c.socket
}

// refuse answers a connection for which there is no room. One that is to speak TLS is only ended: to agree on that takes
// what there is none of.
func (c *conn) refuse() {
	if _, ok := c.socket.(*tls.Conn); ok {
		_ = c.tcp().Close()
		return
	}
	text := fmt.Sprintf("hookrig serves %d connections at a time, and they are taken\n", c.s.o.MaxConns)
	a := newAnswer(journal.Response{Status: http.StatusServiceUnavailable, Body: text})
	_ = c.socket.SetWriteDeadline(time.Now().Add(c.s.limits.quiet))
	raw := append(a.appendHead(nil, &c.request, c.s.o.Now(), "", true), text...)
	_, _ = c.socket.Write(raw) // whoever it is has been counted
	_ = c.socket.Close()
}

// wake ends what the connection waits for, unless that is the rest of a request. The server is closing.
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
