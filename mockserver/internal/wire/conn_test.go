package wire_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

var never time.Time

func dialConn(t testing.TB, url string) *wire.Conn {
	t.Helper()
	c, err := wire.DialConn(within(t), url, nil, wire.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, response string
		status           int
		conns            int // for three round trips
	}{
		"length":    {"POST", ok, 200, 1},
		"chunked":   {"POST", "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 503, 1},
		"interim":   {"POST", "HTTP/1.1 100 Continue\r\n\r\n" + ok, 200, 1},
		"no body":   {"POST", "HTTP/1.1 204 No\r\n\r\n", 204, 1},
		"HEAD":      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 200, 1},
		"long body": {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000), 200, 1},
		"close":     {"POST", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, 3},
		"HTTP/1.0":  {"POST", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, answer(c.response))
			m := post("body")
			m.Method = c.method
			raw := wire.Append(nil, m)
			conn := dialConn(t, consumer.url)
			for range 3 {
				status, outcome, err := conn.RoundTrip(raw, never)
				if status != c.status || outcome != wire.GotStatus || err != nil {
					t.Fatalf("%d %q %v, want %d", status, outcome, err, c.status)
				}
			}
			if n := consumer.connections(); n != c.conns {
				t.Errorf("%d connections, want %d", n, c.conns)
			}
		})
	}
}

func TestRoundTripOutcomes(t *testing.T) {
	t.Parallel()
	raw := wire.Append(nil, post("body"))
	t.Run("timeout, then another connection", func(t *testing.T) {
		t.Parallel()
		hang := make(chan bool, 1)
		hang <- true
		consumer := listen(t, func(conn net.Conn) {
			select {
			case <-hang:
				io.Copy(io.Discard, conn)
			default:
				answer(ok)(conn)
			}
		})
		conn := dialConn(t, consumer.url)
		status, outcome, err := conn.RoundTrip(raw, time.Now().Add(time.Second))
		if status != 0 || outcome != wire.NoResponse || !errors.Is(err, wire.ErrTimeout) || !strings.HasPrefix(err.Error(), "no response within ") {
			t.Errorf("%d %q %v", status, outcome, err)
		}
		if status, outcome, err = conn.RoundTrip(raw, never); status != 200 {
			t.Errorf("after it: %d %q %v", status, outcome, err)
		}
	})
	t.Run("no response", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(conn net.Conn) { readRequest(bufio.NewReader(conn)) })
		conn := dialConn(t, consumer.url)
		if status, outcome, err := conn.RoundTrip(raw, never); status != 0 || outcome != wire.NoResponse || !errors.Is(err, wire.ErrCut) {
			t.Errorf("%d %q %v", status, outcome, err)
		}
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
		conn := dialConn(t, consumer.url)
		if status, _, err := conn.RoundTrip(raw, never); status != 200 {
			t.Fatal(err)
		}
		consumer.Close()
		if status, outcome, err := conn.RoundTrip(raw, never); status != 0 || outcome != wire.NotSent || err == nil {
			t.Errorf("%d %q %v", status, outcome, err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		var conn *wire.Conn
		ready := make(chan struct{})
		consumer := listen(t, func(peer net.Conn) {
			readRequest(bufio.NewReader(peer))
			<-ready
			conn.Close()
			io.Copy(io.Discard, peer)
		})
		conn = dialConn(t, consumer.url)
		close(ready)
		for _, want := range []wire.Outcome{wire.NoResponse, wire.NotSent} {
			if status, outcome, err := conn.RoundTrip(raw, never); status != 0 || outcome != want || !errors.Is(err, wire.ErrClosed) {
				t.Errorf("%d %q %v, want %q, ErrClosed", status, outcome, err, want)
			}
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(net.Conn) {})
		consumer.Close()
		if _, err := wire.DialConn(within(t), consumer.url, nil, wire.Trust{}); err == nil || !strings.HasPrefix(err.Error(), "connecting: ") {
			t.Error(err)
		}
	})
}

func TestRoundTripAllocatesNothing(t *testing.T) { // not parallel: it counts allocations
	const response = "HTTP/1.1 200 OK\r\nServer: x\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
	raw := wire.Append(nil, post("body"))
	consumer := listen(t, func(conn net.Conn) {
		in, out := make([]byte, len(raw)), []byte(response)
		for {
			if _, err := io.ReadFull(conn, in); err != nil {
				return
			}
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	})
	conn := dialConn(t, consumer.url)
	n := testing.AllocsPerRun(200, func() {
		if status, _, err := conn.RoundTrip(raw, time.Now().Add(time.Minute)); status != 200 {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations in a round trip, want none", n)
	}
}
