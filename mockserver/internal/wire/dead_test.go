//go:build unix

package wire_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// An idle connection that its peer has closed, or has written to, is not used: the request is sent
// once, on a new one.
func TestSendLeavesDeadConnections(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]string{"closed": "", "something sent": "HTTP/1.1 408 Request Timeout\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan struct{}, 10)
			idle := make(chan struct{})
			consumer := listen(t, func(conn net.Conn) {
				if _, err := readRequest(bufio.NewReader(conn)); err != nil {
					return
				}
				requests <- struct{}{}
				io.WriteString(conn, ok)
				<-idle
				io.WriteString(conn, after)
			})
			var local net.Conn
			client := wire.Client{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				local = conn
				return conn, err
			}}
			defer client.CloseIdle()
			if r := client.Send(within(t), consumer.url, post("1")); r.Err != nil {
				t.Fatal(r.Err)
			}
			first := local
			close(idle)
			waitReadable(t, first)
			if r := client.Send(within(t), consumer.url, post("2")); r.Err != nil || r.Status != 200 {
				t.Fatalf("%q, %v", r.Outcome, r.Err)
			}
			if n := consumer.connections(); n != 2 || len(requests) != 2 {
				t.Errorf("%d connections, %d requests; want 2 and 2", n, len(requests))
			}
		})
	}
}

// waitReadable waits until conn has bytes to read, or its end.
func waitReadable(t *testing.T, conn net.Conn) {
	t.Helper()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var peeked error
	if err := raw.Read(func(fd uintptr) bool { // returning false waits for the descriptor
		// it may be readable already
		_, _, peeked = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return peeked != syscall.EAGAIN
	}); err != nil || peeked != nil {
		t.Fatal(err, peeked)
	}
}
