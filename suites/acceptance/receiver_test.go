package acceptance_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// received is one request as it came over the socket.
type received struct {
	head string // request line and header lines, as written
	body []byte
}

// header returns the value of the line with exactly this name, case included.
func (r received) header(name string) string {
	for line := range strings.SplitSeq(r.head, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

// receiver is a consumer that is not hookserver's: it reads the socket itself, so that nothing
// tidies what arrives.
type receiver struct {
	url string
	// the response's exact bytes to request n, from 1; "" never answers, and reset ends the
	// connection with an RST
	answer func(n int, r received) string

	mu       sync.Mutex
	requests []received
}

// newReceiver listens until the spec ends.
func newReceiver(answer func(n int, r received) string) *receiver {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	r := &receiver{url: "http://" + listener.Addr().String() + "/hooks", answer: answer}
	var conns sync.WaitGroup
	stop := make(chan struct{})
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { r.serve(conn, stop) })
		}
	})
	DeferCleanup(func() {
		close(stop)
		listener.Close()
		conns.Wait()
	})
	return r
}

// reset is the answer that ends a connection with an RST.
const reset = "reset"

// response is the bytes of a response with a status and nothing else.
func response(status int) string {
	return "HTTP/1.1 " + strconv.Itoa(status) + " Whatever\r\nContent-Length: 0\r\n\r\n"
}

func always(status int) func(int, received) string {
	return func(int, received) string { return response(status) }
}

func (r *receiver) serve(conn net.Conn, stop <-chan struct{}) {
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-stop:
		case <-ended:
		}
		conn.Close()
	}()
	in := bufio.NewReader(conn)
	for {
		req, err := read(in)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.requests = append(r.requests, req)
		n := len(r.requests)
		r.mu.Unlock()
		text := r.answer(n, req)
		switch text {
		case "":
			continue // the connection stays open, unanswered
		case reset:
			_ = conn.(*net.TCPConn).SetLinger(0)
			return // closes the connection
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

func read(in *bufio.Reader) (received, error) {
	var head bytes.Buffer
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return received{}, err
		}
		if line == "\r\n" {
			break
		}
		head.WriteString(line)
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "content-length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(in, body)
	return received{head.String(), body}, err
}

// all returns what has arrived so far.
func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.requests...)
}
