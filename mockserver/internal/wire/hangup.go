package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// ErrOnPurpose: the exchange was ended on purpose, as its Manner says.
var ErrOnPurpose = errors.New("on purpose")

// awaitContinue waits for 100 Continue. It returns a final response that came instead. Without any
// response it returns after a second: RFC 9110 §10.1.1.
func (s *socket) awaitContinue(ctx context.Context, toHEAD bool, limit int) (*Response, error) {
	until := time.Now().Add(continueTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	if err := s.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	defer s.restore(ctx)
	for {
		h, err := s.reader.next(toHEAD, true)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil:
			return nil, nil
		case err != nil:
			return nil, err
		case h.status == 100:
			return nil, nil
		case h.interim():
			continue
		}
		s.restore(ctx)
		response, _, err := s.reader.rest(&h, limit)
		return &response, err
	}
}

// restore gives reads the limit of ctx again.
func (s *socket) restore(ctx context.Context) {
	deadline, _ := ctx.Deadline()
	_ = s.conn.SetReadDeadline(deadline)
	if ctx.Err() != nil { // it may have ended meanwhile
		_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// reset resets the connection when the peer has acknowledged all that was written, so that it gets
// every byte. The error says so.
func (s *socket) reset(ctx context.Context) error {
	transport := s.conn
	if secured, ok := transport.(*tls.Conn); ok {
		transport = secured.NetConn()
	}
	lingering, ok := transport.(interface{ SetLinger(sec int) error })
	if !ok {
		return fmt.Errorf("a %T cannot be reset", transport)
	}
	for {
		if n, known := Unsent(transport); known && n == 0 {
			break
		} else if err := sleep(ctx, time.Millisecond); err != nil {
			return err
		} else if !known {
			break
		}
	}
	if err := lingering.SetLinger(0); err != nil {
		return err
	}
	transport.Close()
	return fmt.Errorf("done %w", ErrOnPurpose)
}

// closeWrite ends the request's direction of the connection.
func (s *socket) closeWrite() error {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("a %T cannot be closed for writing only", s.conn)
	}
	return half.CloseWrite()
}

// breakTLS opens a connection and spoils its TLS handshake. The error says what came of it.
func (c *Client) breakTLS(ctx context.Context, to destination) error {
	if !to.tls {
		return fmt.Errorf("%w: https://… is needed to break a TLS handshake", ErrURL)
	}
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, "tcp", to.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	s := socket{conn: conn}
	s.bound(ctx)
	defer s.unbound()
	secured, err := c.Trust.secure(ctx, &spoiling{Conn: conn}, to.host)
	if err == nil { // with TLS 1.3 the consumer notices after this side is finished
		_, err = secured.Read(make([]byte, 1))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("TLS handshake spoiled %w; then: %s", ErrOnPurpose, innermost(err))
}

// spoiling changes the last byte of the records with which a TLS client ends the handshake.
type spoiling struct {
	net.Conn
	begun bool
}

// Write lets the first message and records without content, such as a change of the cipher, pass
// unchanged.
func (c *spoiling) Write(b []byte) (int, error) {
	const changeCipher = 6
	if !c.begun || len(b) <= changeCipher {
		c.begun = true
		return c.Conn.Write(b)
	}
	spoiled := append([]byte(nil), b...)
	spoiled[len(spoiled)-1] ^= 0xff
	return c.Conn.Write(spoiled)
}
