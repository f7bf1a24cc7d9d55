package mockserver

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// limitedListener bounds the connections to one web server, so that idle callers do not use up the
// file descriptors. At the limit it closes the connection that has been idle longest. When none is
// idle it refuses the new connection.
type limitedListener struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[net.Conn]time.Time // when each became idle; zero while it is active
}

// maxWebConns returns how many connections one web server may have, in a program that may open so
// many files; 0 files means unknown. The capture address gets most of the files.
func maxWebConns(files uint64) int {
	const most = 2048
	if files == 0 {
		return most
	}
	return int(min(most, max(8, files/16)))
}

func newLimitedListener(listener net.Listener, most int) *limitedListener {
	return &limitedListener{Listener: listener, most: most, open: map[net.Conn]time.Time{}}
}

// limitListener bounds a listener by the number of files that the program may open.
func limitListener(listener net.Listener) *limitedListener {
	return newLimitedListener(listener, maxWebConns(wire.OpenFiles()))
}

// Accept returns the next connection that fits into the limit.
func (c *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c.admit(conn) {
			return conn, nil
		}
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = conn.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" +
			"hookrig has reached its limit of connections at this address, and none of them is idle; try again\n"))
		_ = conn.Close()
	}
}

func (c *limitedListener) admit(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		var oldest net.Conn
		for other, since := range c.open {
			if !since.IsZero() && (oldest == nil || since.Before(c.open[oldest])) {
				oldest = other
			}
		}
		if oldest == nil {
			return false
		}
		delete(c.open, oldest)
		_ = oldest.Close() // its goroutine notices
	}
	c.open[conn] = time.Time{}
	return true
}

// connState is http.Server's ConnState.
func (c *limitedListener) connState(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ours := c.open[conn]; !ours {
		return
	}
	switch state {
	case http.StateIdle:
		c.open[conn] = time.Now()
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	default:
		c.open[conn] = time.Time{}
	}
}
