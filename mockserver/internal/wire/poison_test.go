//go:build unix

package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Bytes that a consumer sends after the end of its response, at once or later, are never read as
// the response to the next request.
func TestNothingFollowsAResponse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ method, response, later string }{
		"another response":                {"POST", ok, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
		"another response, at once":       {"POST", ok + "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", ""},
		"bytes":                           {"POST", ok, "x"},
		"a 204 with a body":               {"POST", "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n", "ok"},
		"a 204 with a body, unstated":     {"POST", "HTTP/1.1 204 No\r\n\r\n", "ok"},
		"a 304 with a body":               {"POST", "HTTP/1.1 304 Not\r\nContent-Length: 39\r\n\r\n", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
		"a body to HEAD":                  {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"},
		"chunks with too many":            {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "2\r\nok\r\n0\r\n\r\n"},
		"a length beside chunks":          {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 500 No\r\n\r\n"},
		"an interim response with a body": {"POST", "HTTP/1.1 103 Early\r\n\r\n" + ok, "HTTP/1.1 100 Continue\r\n\r\n"},
		"101":                             {"POST", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
	} {
		for _, with := range []string{"Client", "Conn"} {
			t.Run(name+", "+with, func(t *testing.T) {
				t.Parallel()
				turns := make(chan int, 2) // of connections
				turns <- 0
				turns <- 1
				idle := make(chan struct{})
				consumer := listen(t, func(conn net.Conn) {
					first := <-turns == 0
					r := bufio.NewReader(conn)
					if _, err := readRequest(r); err != nil {
						return
					}
					if !first {
						_, _ = io.WriteString(conn, "HTTP/1.1 299 Second\r\nContent-Length: 0\r\n\r\n")
						return
					}
					_, _ = io.WriteString(conn, c.response)
					<-idle
					_, _ = io.WriteString(conn, c.later)
					_, _ = readRequest(r) // until the sender closes or fails
				})
				var local net.Conn
				dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, addr)
					if local == nil {
						local = conn
					}
					return conn, err
				}
				client := wire.Client{Dial: dial}
				defer client.CloseIdle()
				m := post("body")
				m.Method = c.method
				send := func() (int, error) {
					r := client.Send(within(t), consumer.url, m)
					return r.Status, r.Err
				}
				if with == "Conn" {
					conn, err := wire.DialConn(within(t), consumer.url, dial, wire.Trust{})
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					send = func() (int, error) {
						status, _, err := conn.RoundTrip(wire.Append(nil, m), never)
						return status, err
					}
				}
				if status, err := send(); err != nil || status == 299 {
					t.Fatalf("first: %d, %v", status, err)
				}
				close(idle)
				if c.later != "" && stillOpen(local) {
					waitReadable(t, local)
				}
				if status, err := send(); err != nil || status != 299 {
					t.Errorf("second: %d, %v; want the response to it, on another connection", status, err)
				}
			})
		}
	}
}

// stillOpen reports whether the owner of a connection has not closed it.
func stillOpen(conn net.Conn) bool {
	raw, err := conn.(*net.TCPConn).SyscallConn()
	return err == nil && raw.Control(func(uintptr) {}) == nil
}

// A connection whose request did not end where its head says is not reused: the next request would
// be read as part of it.
func TestSendLeavesTornRequests(t *testing.T) {
	t.Parallel()
	for head, torn := range map[string]bool{
		"Content-Length: 4":                    false,
		"content-length: 4\nContent-Length: 4": false,
		"Transfer-Encoding: chunked":           false,
		"":                                     true,
		"Content-Length: 3":                    true,
		"Content-Length: 0":                    true,
		"Content-Length: +4":                   true,
		"Content-Length: 4, 4":                 true,
		"Content-Length: 3\nContent-Length: 4": true,
		"Transfer-Encoding: chunked\nContent-Length: 4":   true,
		"Transfer-Encoding: gzip\nContent-Length: 4":      true,
		"Transfer-Encoding: identity":                     true,
		"Transfer-Encoding: chunked, gzip\nTrailer: X-Si": true,
	} {
		// it answers the head, whatever body it announces
		consumer := listen(t, func(conn net.Conn) {
			r := bufio.NewReader(conn)
			for {
				for line := "x"; line != "\r\n"; {
					var err error
					if line, err = r.ReadString('\n'); err != nil {
						return
					}
					if line == "body\r\n" || line == "0\r\n" {
						continue
					}
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		m := wire.Message{Method: "POST", Target: "/", Version: "HTTP/1.1", Body: []byte("body")}
		m.Headers.Add("Host", "h")
		for line := range strings.SplitSeq(head, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				m.Headers = append(m.Headers, signature.Header{Name: name, Value: value})
			}
		}
		if wire.Whole(&m) == torn {
			t.Errorf("%q: Whole is %v", head, !torn)
		}
		if !torn {
			continue // another test covers reuse
		}
		var client wire.Client
		for range 2 {
			if r := client.Send(within(t), consumer.url, m); r.Err != nil {
				t.Fatal(fmt.Errorf("%q: %w", head, r.Err))
			}
		}
		if consumer.connections() != 2 {
			t.Errorf("%q: %d connections, want 2", head, consumer.connections())
		}
		client.CloseIdle()
	}
}
