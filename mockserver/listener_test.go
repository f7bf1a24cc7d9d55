package mockserver

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serveAtMost starts a web server with a limit on its connections and returns its address. It calls
// idle for each connection that becomes idle.
func serveAtMost(t *testing.T, most int, handler http.HandlerFunc, idle func()) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bounded := newLimitedListener(listener, most)
	server := &http.Server{Handler: withDeadlines(handler), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		bounded.connState(conn, state)
		if state == http.StateIdle {
			idle()
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(bounded)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}

func dial(t *testing.T, address, request string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

func status(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// A new connection closes the oldest idle one, never an active one.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	atWork := make(chan struct{}, 10)
	idle := make(chan struct{}, 100)
	address := serveAtMost(t, 3, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			atWork <- struct{}{}
			<-release
		}
	}, func() { idle <- struct{}{} })
	for range 20 {
		_, r := dial(t, address, get)
		if got := status(t, r); got != 200 {
			t.Fatalf("status %d", got)
		}
		<-idle // which may be after the response
	}
	var busy []*bufio.Reader
	for range 3 {
		_, r := dial(t, address, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n")
		<-atWork
		busy = append(busy, r)
	}
	_, r := dial(t, address, "")
	if got := status(t, r); got != 503 {
		t.Errorf("status %d with all at work, want 503", got)
	}
	close(release)
	for _, r := range busy {
		if got := status(t, r); got != 200 {
			t.Errorf("one at work got status %d", got)
		}
		<-idle
	}
	_, r = dial(t, address, get)
	if got := status(t, r); got != 200 {
		t.Errorf("status %d when there is room again", got)
	}
}

// pipes makes pairs of connections inside a synctest bubble.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// The server closes the connection of a caller that stops sending or reading. It keeps one that
// waits for an event.
func TestCallersHaveDeadlines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request string
		read    bool // the response
		ends    bool // within a minute
	}{
		"a body that never arrives":                        {"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", true, true},
		"a body that never arrives, unread by the handler": {"POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", true, true},
		"a chunked body that never ends":                   {"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", true, true},
		"a response that nobody reads":                     {"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", false, true},
		"an event that comes after a long time":            {"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", true, false},
		"an event requested with a body":                   {"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", true, false},
		"a stream with an event now and then":              {"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				listener := &pipes{make(chan net.Conn), make(chan struct{})}
				bounded := newLimitedListener(listener, 10)
				server := &http.Server{ConnState: bounded.connState, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: withDeadlines(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/body":
						_, _ = io.Copy(io.Discard, r.Body)
					case "/large":
						for range 100 {
							if _, err := w.Write(make([]byte, 64<<10)); err != nil {
								return
							}
						}
					case "/wait":
						for range 2 { // some handlers check whether more follows
							_, _ = io.Copy(io.Discard, r.Body)
						}
						select {
						case <-time.After(10 * time.Minute):
							fmt.Fprint(w, "the event")
						case <-r.Context().Done():
						}
					case "/stream":
						for range 20 {
							fmt.Fprintln(w, "an event")
							_ = http.NewResponseController(w).Flush()
							select {
							case <-time.After(2 * time.Minute):
							case <-r.Context().Done():
								return
							}
						}
						fmt.Fprintln(w, "the event")
					}
				}))}
				go func() { _ = server.Serve(bounded) }()
				ours, theirs := net.Pipe()
				listener.waiting <- theirs
				begin := time.Now()
				if _, err := io.WriteString(ours, c.request); err != nil {
					t.Fatal(err)
				}
				var got []byte
				if c.read {
					ended := make(chan struct{})
					go func() {
						defer close(ended)
						buf := make([]byte, 4096)
						for !strings.Contains(string(got), "the event") {
							n, err := ours.Read(buf)
							got = append(got, buf[:n]...)
							if err != nil {
								return
							}
						}
					}()
					<-ended
				} else {
					time.Sleep(time.Minute) // on the bubble's clock
					bounded.mu.Lock()
					if len(bounded.open) != 0 {
						t.Error("the connection is still open")
					}
					bounded.mu.Unlock()
				}
				if took := time.Since(begin); c.ends && took > time.Minute {
					t.Errorf("it took %s", took)
				}
				if !c.ends && !strings.Contains(string(got), "the event") {
					t.Errorf("got %q", got)
				}
				_ = ours.Close()
				_ = server.Close()
			})
		})
	}
}
