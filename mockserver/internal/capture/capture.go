package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// This file is the path of a request, from the socket to the response.

// accept starts a goroutine for every connection, until the listener is closed.
func (s *Server) accept(listener net.Listener, wrap func(net.Conn) net.Conn) {
	defer s.work.Done()
	var pause time.Duration
	for {
		socket, err := listener.Accept()
		if err == nil {
			pause = 0
			s.admit(wrap(socket))
			continue
		}
		// Most likely the process has no free file descriptors: others may be closed soon.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		timer := time.NewTimer(pause)
		select {
		case <-s.closing:
			timer.Stop()
			return
		case <-timer.C:
			s.o.Log.Error("capture: accept a connection", "error", err, "again_in", pause)
		}
	}
}

// admit serves a connection, unless there are too many or the server is closing.
func (s *Server) admit(socket net.Conn) {
	c := newConn(s, socket)
	s.mu.Lock()
	closed, full := s.closed, len(s.conns) >= s.o.MaxConns
	if !closed && !full {
		s.conns[c] = struct{}{}
		s.work.Add(1)
	}
	s.mu.Unlock()
	switch {
	case closed:
		_ = c.tcp().Close() // nothing was read
	case full:
		s.counters.refused.Add(1)
		c.refuse()
	default:
		go c.serve()
	}
}

// serve serves the connection until either side ends it.
func (c *conn) serve() {
	defer c.s.leave(c)
	defer c.in.share.GiveBack()
	defer func() { _ = c.socket.Close() }() // it may be closed already
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

// leave removes a connection whose goroutine ends.
func (s *Server) leave(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.work.Done()
}

// exchange reads one request, records it and answers it. It returns false when no request can
// follow.
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

// read reads the next request into c.request. It returns false when there is nothing to record or
// to answer.
func (c *conn) read() bool {
	r := &c.request
	*r = request{parsed: http1.Head{Lines: r.parsed.Lines}}
	c.capture = journal.Capture{} // frees the body while the connection is idle
	if c.in.arm(c.s.limits.idle) != nil {
		return false
	}
	c.idle.Store(true)
	if c.s.isClosing() { // checked after idle is set, so that either this or wake ends the wait
		return false
	}
	if c.in.await() != nil {
		return false // the sender closed the connection or was idle for too long, and sent nothing
	}
	c.idle.Store(false)

	head, err := c.in.head(c.s.o.MaxHead)
	if len(head) == 0 {
		return false
	}
	problem := r.parse(string(head))
	r.bin = binOf(r.Target, c.s.base)
	if r.parsed.Cut && !strings.ContainsAny(r.Target[min(1, len(r.Target)):], "/?") {
		r.bin = "" // the name may have been cut too
	}
	switch {
	case c.refuseForeign():
	case err != nil && !errors.As(err, new(http1.Malformed)):
		r.refuse(err, fmt.Sprintf("the head has more than %d bytes", c.s.o.MaxHead), "the head was incomplete")
	case problem != nil:
		r.refuse(problem, "", "")
	default:
		c.readBody()
	}
	return true
}

// readBody reads the body that the head announces.
func (c *conn) readBody() {
	r, f, limit := &c.request, &c.request.parsed.Frame, c.s.o.MaxBody
	announced := f.Chunked || f.Length > 0
	if announced && f.Expect && len(c.in.Buffered()) == 0 && f.Length <= int64(limit) {
		if _, err := io.WriteString(c.socket, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			r.refuse(err, "", "no byte of the body arrived")
			return
		}
	}
	switch {
	case !announced:
	case f.Expect && f.Length > int64(limit): // the sender asked first, and the server declines
		r.refuse(http1.ErrLong, fmt.Sprintf("the body of %d bytes has more than %d", f.Length, limit), "")
		r.refused.declined = true
	case f.Chunked:
		var err error
		var trailer []string
		r.Body, trailer, err = c.in.chunked(limit, c.s.o.MaxHead)
		for _, line := range trailer {
			r.problems = append(r.problems, "trailer line: "+clip.Quote(redact.Line(line)))
		}
		if err != nil {
			r.refuse(err, fmt.Sprintf("the body has more than %d bytes", limit),
				fmt.Sprintf("%d bytes of the chunked body arrived", len(r.Body)))
		}
	default:
		var err error
		if r.Body, err = c.in.sized(f.Length, limit); err != nil {
			r.refuse(err, fmt.Sprintf("the body of %d bytes has more than %d", f.Length, limit),
				fmt.Sprintf("%d of %d bytes of the body arrived", len(r.Body), f.Length))
		}
	}
}

// record stores the request as a capture, with its result and its response, and returns that
// response. When it returns, the capture is stored, or the response says that it is not. When the
// bin forwards, the consumer's response is added to the capture once it arrives. The reception
// comes from the front, or is nil.
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
		s.counters.unstored.Add(1)
		s.account(r, err)
		s.o.Log.Error("capture: a request was not stored", "bin", r.bin, "peer", c.peer, "error", err)
		return unstored(err)
	}
	s.counters.captured.Add(1)
	if r.refused != nil {
		s.counters.problems.Add(1)
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

// recordHang adds to the capture how long the sender waited for a response that never came.
func (c *conn) recordHang(a *answer, id string, waited time.Duration) {
	s := c.s
	if id == "" || s.isClosing() {
		return // nothing is stored; or the sender did not give up
	}
	response := a.record
	response.Delay = journal.Duration(max(waited, 1))
	err := s.o.Store.SetResponse(s.ctx, id, response)
	if err != nil && !errors.Is(err, journal.ErrNotFound) { // the bin may have evicted it
		s.o.Log.Error("capture: how long a sender waited was not stored", "capture", id, "error", err)
	}
}

// answer sends the response as scripted. It returns false when no request can follow.
func (c *conn) answer(a *answer, id string) (more bool) {
	c.shed()
	r := &a.record
	began := c.s.o.Now()
	if r.Delay > 0 && !c.pause(time.Duration(r.Delay)) {
		return false
	}
	if r.Hang {
		c.hang()
		c.recordHang(a, id, c.s.o.Now().Sub(began))
		return false
	}
	if r.Reset {
		c.reset()
		return false
	}
	last := c.request.last || a.last || c.s.isClosing() || c.s.draining.Load()
	c.out = a.appendHead(c.out[:0], &c.request, c.s.o.Now(), id, last)
	if !c.write(a) {
		return false // the sender has left, and its request is stored; or the script ends here
	}
	if cap(c.out) > c.in.kept {
		c.out = nil
	}
	if c.request.refused != nil {
		c.linger()
	}
	return !last
}
