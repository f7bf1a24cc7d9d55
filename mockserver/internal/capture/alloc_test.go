package capture

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// tape is a connection that plays one request again and again.
type tape struct {
	net.Conn
	request string
	left    int
}

func (c *tape) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	return copy(p, c.request), nil
}
func (c *tape) Write(p []byte) (int, error)      { return len(p), nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c *tape) Close() error                     { return nil }

// discard is a store that keeps nothing.
type discard struct{ journal.Store }

func (discard) AppendCapture(context.Context, *journal.Capture) error { return nil }

func newTape(t testing.TB) (*conn, *tape) {
	t.Helper()
	store := discard{journal.NewMemory(journal.MemoryOptions{})}
	// it receives for no bin
	front := Front{Receive: func(string, *wire.Message) *Reception { return nil }}
	s, err := Start(t.Context(), Options{Store: store, Front: front})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := &tape{request: "POST /bin/hook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Signature: " +
		strings.Repeat("a", 64) + "\r\nContent-Length: 500\r\n\r\n" + strings.Repeat("x", 500)}
	return newConn(s, c), c
}

// The server itself needs one allocation for a request: the text of its head.
func TestAllocations(t *testing.T) {
	const runs = 100
	c, tape := newTape(t)
	tape.left = runs + 2
	c.exchange() // makes the buffers
	if got := testing.AllocsPerRun(runs, func() {
		if !c.exchange() {
			t.Fatal("the connection ended")
		}
	}); got > 1 {
		t.Errorf("%g allocations for a request", got)
	}
}

func BenchmarkExchange(b *testing.B) {
	c, tape := newTape(b)
	tape.left = b.N
	b.ReportAllocs()
	for range b.N {
		c.exchange()
	}
}
