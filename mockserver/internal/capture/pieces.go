package capture

import (
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// maxWritten is how much of a response's body is copied at a time: connections share the body
// itself.
const maxWritten = 32 << 10

// write sends the response whose head c.out holds, as scripted: whole, in pieces, or only a part of
// it. It returns false when the connection cannot be used any more.
func (c *conn) write(a *answer) bool {
	r, body := &a.record, a.body(&c.request)
	if r.Drip == 0 && r.Cut == "" {
		return c.sendBody(c.out, body)
	}
	if r.Cut == journal.CutHead {
		c.out = c.out[:len(c.out)/2]
	}
	part := body
	switch r.Cut {
	case journal.CutHead:
		part = ""
	case journal.CutBody:
		part = body[:len(body)/2]
	}
	if !c.send(c.out) || !c.drip(part, len(body), time.Duration(r.Drip)) {
		return false
	}
	if r.Cut == "" {
		return true
	}
	if c.drain() {
		c.reset()
	}
	return false
}

// sendBody writes raw, which is c.out's memory, and then the body.
func (c *conn) sendBody(raw []byte, body string) bool {
	for first := true; first || body != ""; first = false {
		n := min(len(body), max(0, maxWritten-len(raw)))
		c.out = append(raw, body[:n]...)
		if body = body[n:]; !c.send(c.out) {
			return false
		}
		raw = c.out[:0]
	}
	return true
}

// send writes bytes of a response.
func (c *conn) send(raw []byte) bool {
	if now := time.Now(); now.Sub(c.wrote) > time.Second {
		c.wrote = now
		if c.socket.SetWriteDeadline(now.Add(c.s.limits.write)) != nil {
			return false
		}
	}
	_, err := c.socket.Write(raw)
	return err == nil
}

// minDrip is the shortest time between two pieces of a body.
const minDrip = 10 * time.Millisecond

// drip writes the part of a body that is sent, at a rate at which the whole takes the time over. It
// waits before each piece, so the last one ends at that time.
func (c *conn) drip(part string, whole int, over time.Duration) bool {
	if over == 0 || part == "" {
		return part == "" || c.sendBody(c.out[:0], part)
	}
	pieces := min(whole, max(1, int(over/minDrip)))
	begin := time.Now()
	sent := 0
	for n := 1; sent < len(part); n++ {
		due := begin.Add(over / time.Duration(pieces) * time.Duration(n))
		if !c.pause(time.Until(due)) {
			return false
		}
		upTo := min(whole*n/pieces, len(part))
		if !c.sendBody(c.out[:0], part[sent:upTo]) {
			return false
		}
		sent = upTo
	}
	return true
}

// drain waits until all written bytes have reached the sender, so that a reset does not overtake
// them. It returns false when the server closes or the sender takes too long.
func (c *conn) drain() bool {
	const interval = time.Millisecond
	for end := time.Now().Add(c.s.limits.write); time.Now().Before(end); {
		waiting, known := wire.Unsent(c.tcp())
		switch {
		case !known:
			// long enough on any network that a test is likely to run on
			return c.pause(c.s.limits.quiet)
		case waiting == 0:
			return true
		case !c.pause(interval):
			return false
		}
	}
	return false
}
