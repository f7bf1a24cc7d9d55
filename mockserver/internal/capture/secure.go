package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TLS configures a second listener, which speaks TLS 1.2 and 1.3, with HTTP/1.1 inside. Its
// certificate is for localhost, 127.0.0.1, ::1 and the host of Addr. A private authority signs it,
// which is limited to these names and loopback.
type TLS struct {
	Addr string // host:port; "" is none
	// Dir stores the authority, as ca.pem and ca-key.pem, so that clients need to trust it only
	// once; "" creates a new one at every start.
	Dir string
}

// secured is the TLS listener of a server.
type secured struct {
	listener  net.Listener
	config    *tls.Config
	authority *authority
	url       string
}

// listenTLS starts the TLS listener. It returns nil when o has no address.
func listenTLS(ctx context.Context, o TLS) (*secured, error) {
	if o.Addr == "" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, err
	}
	now := time.Now() // certificates are checked by the wall clock
	served := namesOf(host)
	a, err := openAuthority(o.Dir, served, now)
	if err != nil {
		return nil, err
	}
	certificate, err := a.issue(served, now)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	return &secured{
		listener: listener, authority: a, url: "https://" + wire.Reachable(listener.Addr()),
		config: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12},
	}, nil
}

// TLSURL returns https://host:port of the TLS listener, or "" without one. A bin is reachable at
// TLSURL()/<bin> as well as at URL()/<bin>.
func (s *Server) TLSURL() string {
	if s.secured == nil {
		return ""
	}
	return s.secured.url
}

// CA returns the certificate of the authority that signed the TLS listener's, as PEM; nil without a
// TLS listener.
func (s *Server) CA() []byte {
	if s.secured == nil {
		return nil
	}
	return append([]byte(nil), s.secured.authority.pem...)
}

// handshake performs the TLS handshake on a connection of the TLS listener. It returns false when
// that fails.
func (c *conn) handshake() bool {
	t, ok := c.socket.(*tls.Conn)
	if !ok {
		return true
	}
	if c.socket.SetDeadline(time.Now().Add(c.s.limits.head)) != nil {
		return false
	}
	c.idle.Store(true) // a closing server does not wait for it: no request has begun
	defer c.idle.Store(false)
	if c.s.isClosing() {
		return false
	}
	if err := t.Handshake(); err != nil {
		if !c.s.isClosing() {
			c.s.counters.tlsFailed.Add(1)
			c.s.o.Log.Info("capture: no TLS with a sender", "peer", c.peer, "error", err)
			c.explainTLS(err)
		}
		return false
	}
	state := t.ConnectionState()
	c.tls = &journal.TLS{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), SNI: state.ServerName}
	return c.socket.SetDeadline(time.Time{}) == nil
}

// explainTLS answers a sender that speaks HTTP without TLS.
func (c *conn) explainTLS(err error) {
	var plain tls.RecordHeaderError
	if !errors.As(err, &plain) || plain.Conn == nil {
		return
	}
	for _, b := range plain.RecordHeader[:4] {
		if (b < 'A' || b > 'Z') && b != ' ' && b != '/' {
			return
		}
	}
	a := newAnswer(journal.Response{Status: http.StatusBadRequest, Body: "not recorded: this address speaks TLS: use " + c.s.TLSURL() + "\n"})
	raw := append(a.appendHead(nil, &c.request, c.s.o.Now(), "", true), a.content...)
	if _, err := plain.Conn.Write(raw); err == nil {
		c.socket = plain.Conn
		c.in.listen(plain.Conn)
		c.linger()
	}
}
