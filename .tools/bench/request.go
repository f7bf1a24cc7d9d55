package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Request is what tools that cannot sign send over and over: one event as hookrig sends it.
type Request struct {
	// Headers are in their order, without Host and Content-Length, which each tool writes itself.
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

// Bytes is the length of the whole request, with the two headers that are left out.
func (r Request) Bytes() int {
	n := len("POST /hook HTTP/1.1\r\nHost: 127.0.0.1:12345\r\nContent-Length: \r\n\r\n") + len(strconv.Itoa(len(r.Body))) + len(r.Body)
	for _, h := range r.Headers {
		n += len(h[0]) + len(h[1]) + len(": \r\n")
	}
	return n
}

// requestsRead is how many events are looked at to find one of the usual size.
const requestsRead = 500

// captureRequest has hookrig send events here and keeps the one with the body of median length, so
// that what is sent over and over is as large as what hookrig sends.
func (b *Bench) captureRequest(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	var mu sync.Mutex
	var seen []Request
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn, func(r Request) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, r)
			})
		}
	}()
	p, err := start(ctx, b.Work, b.Tools["hookrig"].Path, "burst", "neostore", "--to", "http://"+l.Addr().String()+"/hook",
		"--count", strconv.Itoa(requestsRead), "--connections", "4", "--seed", "7", "--no-reconcile")
	if err != nil {
		return err
	}
	if err := p.wait(30 * time.Second); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != requestsRead {
		return fmt.Errorf("hookrig sent %d requests, want %d", len(seen), requestsRead)
	}
	slices.SortFunc(seen, func(x, y Request) int { return len(x.Body) - len(y.Body) })
	b.Request = seen[len(seen)/2]
	return b.writeRequest()
}

// answer reads the requests of a connection and answers 200. It reads the header lines itself:
// net/http sorts them and changes their case.
func answer(conn net.Conn, keep func(Request)) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		var request Request
		length := 0
		for {
			header, err := r.ReadString('\n')
			if err != nil {
				return
			}
			name, value, found := strings.Cut(strings.TrimRight(header, "\r\n"), ": ")
			if !found {
				break
			}
			switch http.CanonicalHeaderKey(name) {
			case "Host":
			case "Content-Length":
				length, _ = strconv.Atoi(value)
			default:
				request.Headers = append(request.Headers, [2]string{name, value})
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		if strings.HasPrefix(line, "POST ") {
			request.Body = string(body)
			keep(request)
		}
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

// The files that tools read the request from, in the folder that they run in.
const (
	requestFile = "request.json"
	bodyFile    = "body.json"
	luaFile     = "request.lua"
	k6File      = "signed.js"
)

func (b *Bench) writeRequest() error {
	raw, err := json.Marshal(b.Request)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		requestFile: string(raw), bodyFile: b.Request.Body, luaFile: luaScript(b.Request), k6File: k6Script(b.Request),
	} {
		if err := os.WriteFile(filepath.Join(b.Work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// headerFlags are the headers as a tool's flags.
func (r Request) headerFlags(flag string) (args []string) {
	for _, h := range r.Headers {
		args = append(args, flag, h[0]+": "+h[1])
	}
	return args
}
