package wire

import (
	"fmt"
	"net"
	"sync/atomic"
	"testing"
)

// counted counts how often it was closed.
type counted struct {
	net.Conn
	closed *atomic.Int32
}

func (c counted) Close() error { c.closed.Add(1); return nil }

// Connections beyond the bounds, per host and in total, are closed.
func TestIdleIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ hosts, each, kept int }{
		"one host":   {1, idlePerHost + 3, idlePerHost},
		"many hosts": {idleTotal + 5, 1, idleTotal},
		"below both": {2, idlePerHost, 2 * idlePerHost},
	} {
		var pool idlePool
		var closed atomic.Int32
		for host := range c.hosts {
			for range c.each {
				pool.put(&socket{to: destination{address: fmt.Sprint(host)}, conn: counted{closed: &closed}})
			}
		}
		if kept, want := len(pool.sockets), c.kept; kept != want || int(closed.Load()) != c.hosts*c.each-want {
			t.Errorf("%s: %d kept, %d closed; want %d kept", name, kept, closed.Load(), want)
		}
		pool.close()
		if int(closed.Load()) != c.hosts*c.each {
			t.Errorf("%s: %d closed in the end, want %d", name, closed.Load(), c.hosts*c.each)
		}
	}
}
