package wire

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// destination is the target of a connection.
type destination struct {
	address string // host:port
	host    string // for TLS
	tls     bool
}

// parseDestination parses the scheme, host and port of a URL.
func parseDestination(text string) (destination, error) {
	u, err := url.Parse(text)
	if err != nil {
		return destination{}, fmt.Errorf("%w: %q: %w", ErrURL, text, err)
	}
	d := destination{host: u.Hostname()}
	port := u.Port()
	switch u.Scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		d.tls = true
		if port == "" {
			port = "443"
		}
	default:
		return destination{}, fmt.Errorf("%w: %q: want http://… or https://…", ErrURL, text)
	}
	if d.host == "" {
		return destination{}, fmt.Errorf("%w: %q: it has no host", ErrURL, text)
	}
	d.address = net.JoinHostPort(d.host, port)
	if _, _, err := net.SplitHostPort(d.address); err != nil {
		return destination{}, fmt.Errorf("%w: %q: %q is not a host", ErrURL, text, d.host)
	}
	return d, nil
}

// parsedURL is a URL and its destination.
type parsedURL struct {
	url string
	to  destination
}

// destination parses a URL, unless it is the last one that was parsed.
func (c *Client) destination(url string) (destination, error) {
	if last := c.last.Load(); last != nil && last.url == url {
		return last.to, nil
	}
	to, err := parseDestination(url)
	if err == nil {
		c.last.Store(&parsedURL{url, to})
	}
	return to, err
}

// socket is one connection with its reader and state.
type socket struct {
	to     destination
	conn   net.Conn
	probe  *probe
	reader reader
	idle   time.Time // since when it is idle

	closing bool // the last request asks to close the connection

	stop func() bool // stops watching the context that bounds the exchange
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// open connects, with TLS if the destination wants it.
func open(ctx context.Context, to destination, dial dialFunc, trust Trust) (*socket, error) {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", to.address)
	if err != nil {
		return nil, err
	}
	if to.tls {
		secured, err := trust.secure(ctx, conn, to.host)
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("%w with %s: %w", ErrTLS, to.address, err)
		}
		conn = secured
	}
	return &socket{to: to, conn: conn, probe: newProbe(conn), reader: reader{Reader: http1.Reader{Src: conn}}}, nil
}

// bound makes the end of ctx interrupt every read and write.
func (s *socket) bound(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok {
		_ = s.conn.SetDeadline(deadline)
	}
	s.stop = func() bool { return true }
	if ctx.Done() != nil {
		conn := s.conn
		s.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	}
}

// unbound removes the bounds. It returns false when the context has ended, which makes the
// connection useless.
func (s *socket) unbound() bool {
	return s.stop() && s.conn.SetDeadline(time.Time{}) == nil
}
