package capture

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
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

// serve serves the connection until either side ends it.
func (c *conn) serve() {
	defer c.s.leave(c)
	defer c.in.share.GiveBack()
	defer func() { _ = c.socket.Close() }() // closed already, perhaps
	defer func() {
		if p := recover(); p != nil {
			c.s.o.Log.Error("capture: a request made the server panic; its connection is closed",
				"bin", c.request.bin, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	if !c.handshake() {
		return
	}
	for c.exchange() {
	}
}

// exchange reads one request, records it and answers it. It says whether another one may follow.
func (c *conn) exchange() (more bool) {
	if !c.read() {
		return false
	}
	if c.request.bin == "" {
		defer c.endAPI()
		return c.answer(c.stray(), "")
	}
	reception := c.receive()
	if c.request.bin == "" {
		return c.answer(newAnswer(reception.Response), "")
	}
	defer c.endForward()
	response := c.record(reception)
	return c.answer(response, c.capture.ID)
}

// record stores the request as a capture, with its result and its response, and returns that response. When it returns, the
// capture is stored, or the response says that it is not. A response that has to be asked for, from the consumer behind the
// bin, is added to the capture once it is there. The reception is the front's, or nil.
func (c *conn) record(reception *Reception) *answer {
	s, r, kept := c.s, &c.request, &c.capture
	if reception != nil && reception.Done != nil {
		defer reception.Done()
	}
	*kept = journal.Capture{Message: r.Message, Bin: r.bin, At: s.o.Now(), Peer: c.peer, TLS: c.tls, Problems: r.problems}
	kept.Raw = c.unusual()
	bin := s.bins.get(r.bin)
	kept.Verification = s.verified(bin, kept, r.refused == nil)
	response := s.accepted
	if reception != nil {
		response = newAnswer(reception.Response)
	}
	switch {
	case r.refused != nil:
		response = newAnswer(journal.Response{Status: r.refused.status, Body: r.refused.problem + "\n"})
	case bin != nil:
		response = bin.response(s, &r.Message, response)
	}
	if response != nil {
		kept.Response = &response.record
	}
	if err := s.o.Store.AppendCapture(s.ctx, kept); err != nil {
		s.tally.unstored.Add(1)
		s.account(r, err)
		s.o.Log.Error("capture: a request was not stored", "bin", r.bin, "peer", c.peer, "error", err)
		return unstored(err)
	}
	s.tally.captured.Add(1)
	if r.refused != nil {
		s.tally.problems.Add(1)
		s.account(r, nil)
	}
	if reception != nil && reception.Stored != nil && r.refused == nil {
		changed, lines := reception.Stored(s.delayCtx, kept)
		if response != nil {
			response = newAnswer(changed).withLines(lines)
		}
	}
	if response == nil {
		response = c.forward(bin.forward)
	}
	return response
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

// answer gives the response, as scripted, and says whether another request may follow.
func (c *conn) answer(a *answer, id string) (more bool) {
	c.shed()
	r := &a.record
	if r.Delay > 0 && !c.pause(time.Duration(r.Delay)) {
		return false
	}
	if r.Hang {
		c.hang()
		return false
	}
	if r.Reset {
		c.reset()
		return false
	}
	last := c.request.last || a.last || c.s.isClosing()
	c.out = a.appendHead(c.out[:0], &c.request, c.s.o.Now(), id, last)
	if !c.write(a) {
		return false // the sender is gone, and what it sent is stored; or the script has no more for it
	}
	if cap(c.out) > c.in.kept {
		c.out = nil
	}
	if c.request.refused != nil {
		c.linger()
	}
	return !last
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
