package wire_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// consumer is a test server that passes every connection to a function.
type consumer struct {
	net.Listener
	url string

	mu    sync.Mutex
	conns int
}

// listen starts a consumer that ends with the test. It closes a connection when serve returns.
func listen(t testing.TB, serve func(net.Conn)) *consumer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &consumer{Listener: l, url: "http://" + l.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conns++
			c.mu.Unlock()
			running.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return c
}

func (c *consumer) connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns
}

// answer answers every request of a connection with the same bytes.
func answer(response string) func(net.Conn) {
	return func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			if _, err := readRequest(r); err != nil {
				return
			}
			if _, err := io.WriteString(conn, response); err != nil {
				return
			}
		}
	}
}

// readRequest reads a whole request with net/http's parser, an independent one.
func readRequest(r *bufio.Reader) (*http.Request, error) {
	request, err := http.ReadRequest(r)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, request.Body)
	return request, err
}

func post(body string) wire.Message {
	return wire.Message{
		Method: "POST", Target: "/in?x=%2F", Version: "HTTP/1.1",
		Headers: signature.Headers{
			{Name: "hOsT", Value: "consumer.test"},
			{Name: "x-sig", Value: "1"},
			{Name: "X-Sig", Value: "2"},
			{Name: "content-Length", Value: itoa(len(body))},
		},
		Body: []byte(body),
	}
}
