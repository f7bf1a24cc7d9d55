package neostore_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// receiver is a program that receives webhooks on a bare socket, so that it sees header lines as
// they were written.
type receiver struct {
	url    string
	status func(n int) int // of the answer to the n-th request, from 1; nil is 200 always
	mu     sync.Mutex
	got    []request
	conns  []net.Conn
}

// request is one that arrived.
type request struct {
	line    string
	headers []string
	body    string
}

// header is the value of the header line of exactly that name.
func (r request) header(name string) string {
	for _, line := range r.headers {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			return value
		}
	}
	return ""
}

func receive(t testing.TB) *receiver {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{url: "http://" + listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns = append(r.conns, conn)
			r.mu.Unlock()
			serving.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		for _, conn := range r.conns {
			conn.Close()
		}
		r.mu.Unlock()
		serving.Wait()
	})
	return r
}

func (r *receiver) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		var req request
		length := 0
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimRight(line, "\r\n")
			if line == "" {
				break
			}
			if req.line == "" {
				req.line = line
				continue
			}
			req.headers = append(req.headers, line)
			if name, value, _ := strings.Cut(line, ": "); strings.EqualFold(name, "Content-Length") {
				length, _ = strconv.Atoi(value)
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		req.body = string(body)
		r.mu.Lock()
		r.got = append(r.got, req)
		n := len(r.got)
		r.mu.Unlock()
		status := 200
		if r.status != nil {
			status = r.status(n)
		}
		more := ""
		if status/100 == 3 {
			more = "Location: " + r.url + "/elsewhere\r\n"
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 %d X\r\n%sContent-Length: 0\r\n\r\n", status, more); err != nil {
			return
		}
	}
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// events are the names of what arrived, in order.
func (r *receiver) events() []string {
	var names []string
	for _, req := range r.requests() {
		names = append(names, req.header("x-neostore-eventname"))
	}
	return names
}

// last is the request that arrived last.
func (r *receiver) last(t testing.TB) request {
	t.Helper()
	got := r.requests()
	if len(got) == 0 {
		t.Fatal("nothing has arrived")
	}
	return got[len(got)-1]
}
