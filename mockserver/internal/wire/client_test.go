package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var itoa = strconv.Itoa

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// within returns a context that never ends a passing test.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestSendWritesTheMessageByteForByte(t *testing.T) {
	t.Parallel()
	m := post(`{"a":"é/"}`)
	want := wire.Append(nil, m)
	got := make(chan []byte, 1)
	consumer := listen(t, func(conn net.Conn) {
		raw := make([]byte, len(want))
		_, err := io.ReadFull(conn, raw)
		if err != nil {
			return
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nx-Response: 1\r\nX-Response:2\r\n\r\nbye")
		got <- raw
	})
	var client wire.Client
	defer client.CloseIdle()
	r := client.Send(within(t), consumer.url+"/not/asked", m)
	if r.Err != nil || r.Outcome != wire.GotStatus || r.Status != 200 || r.Written != len(want) || r.Took <= 0 {
		t.Fatalf("%+v", r)
	}
	if raw := <-got; !bytes.Equal(raw, want) {
		t.Errorf("got  %q\nwant %q", raw, want)
	}
	wantResponse := wire.Response{
		Status:  200,
		Headers: signature.Headers{{Name: "Connection", Value: "close"}, {Name: "x-Response", Value: "1"}, {Name: "X-Response", Value: "2"}},
		Body:    []byte("bye"),
	}
	if diff := cmp.Diff(wantResponse, r.Response); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

// countingConn counts the writes to a connection.
type countingConn struct {
	net.Conn
	writes int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes++
	return c.Conn.Write(p)
}

func TestSendWritesOnce(t *testing.T) {
	t.Parallel()
	consumer := listen(t, answer(ok))
	var conn *countingConn
	client := wire.Client{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		plain, err := new(net.Dialer).DialContext(ctx, network, addr)
		conn = &countingConn{Conn: plain}
		return conn, err
	}}
	defer client.CloseIdle()
	if r := client.Send(within(t), consumer.url, post(strings.Repeat("x", 200_000))); r.Err != nil {
		t.Fatal(r.Err)
	}
	if conn.writes != 1 {
		t.Errorf("%d writes, want 1", conn.writes)
	}
}

func TestSendReadsResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, response string
		status           int
		body             string
		reused           bool
	}{
		"length":               {"POST", ok, 200, "ok", true},
		"no reason, bare LF":   {"POST", "HTTP/1.1 404\nContent-Length: 1\n\nx", 404, "x", true},
		"unknown status":       {"POST", "HTTP/1.1 799 Odd\r\nContent-Length: 0\r\n\r\n", 799, "", true},
		"chunked":              {"POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;e\r\nc\r\n0\r\nT: 1\r\n\r\n", 200, "abc", true},
		"interim responses":    {"POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + ok, 200, "ok", true},
		"204 has no body":      {"POST", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		"204 says it has one":  {"POST", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", false},
		"304 has no body":      {"POST", "HTTP/1.1 304 Not Modified\r\n\r\n", 304, "", true},
		"HEAD has no body":     {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "", true},
		"close":                {"POST", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\nx", 200, "x", false},
		"HTTP/1.0":             {"POST", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", false},
		"HTTP/1.0 keep-alive":  {"POST", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", true},
		"more than its length": {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy", 200, "x", false},
		"redirect is a status": {"POST", "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 307, "", true},
		"length and chunks":    {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200, "ab", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, answer(c.response))
			var client wire.Client
			defer client.CloseIdle()
			m := post("body")
			m.Method = c.method
			for range 2 {
				r := client.Send(within(t), consumer.url, m)
				if r.Err != nil || r.Outcome != wire.GotStatus || r.Status != c.status || r.Response.Status != c.status || string(r.Response.Body) != c.body {
					t.Fatalf("%+v, want status %d, body %q", r, c.status, c.body)
				}
			}
			want := 2
			if c.reused {
				want = 1
			}
			if n := consumer.connections(); n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		})
	}
}

// TestClosingRequests checks that no request follows one after which the consumer closes the
// connection, though its response does not say so.
func TestClosingRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version, line string
		connections   int // for two requests
	}{
		"HTTP/1.0":            {"HTTP/1.0", "X: y", 2},
		"close":               {"HTTP/1.1", "CONNECTION: te, Close", 2},
		"keep-alive":          {"HTTP/1.1", "Connection: keep-alive", 1},
		"another header line": {"HTTP/1.1", "Connections: close", 1},
		"close in a value":    {"HTTP/1.1", "X: Connection: close", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := post("\r\nConnection: close\r\n")
			field, value, _ := strings.Cut(c.line, ": ")
			m.Version, m.Headers = c.version, append(m.Headers, signature.Header{Name: field, Value: value})
			consumer := listen(t, answer(ok))
			var client wire.Client
			defer client.CloseIdle()
			for range 2 {
				if r := client.Send(within(t), consumer.url, m); r.Err != nil {
					t.Fatal(r.Err)
				}
			}
			if n := consumer.connections(); n != c.connections {
				t.Errorf("Send: %d connections, want %d", n, c.connections)
			}
			consumer = listen(t, answer(ok))
			conn := dialConn(t, consumer.url)
			for range 2 {
				if _, _, err := conn.RoundTrip(wire.Append(nil, m), never); err != nil {
					t.Fatal(err)
				}
			}
			if n := consumer.connections(); n != c.connections {
				t.Errorf("RoundTrip: %d connections, want %d", n, c.connections)
			}
		})
	}
}

func TestSendCutsLongResponses(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000),
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + strings.Repeat("x", 100_000) + "\r\n0\r\n\r\n",
		"close":   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, answer(response))
			client := wire.Client{MaxResponse: 1000}
			r := client.Send(within(t), consumer.url, post(""))
			if r.Outcome != wire.GotStatus || len(r.Response.Body) != 1000 || !r.Response.Truncated {
				t.Errorf("outcome %v, error %v, %d bytes, truncated %v", r.Outcome, r.Err, len(r.Response.Body), r.Response.Truncated)
			}
		})
	}
	consumer := listen(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000)))
	client := wire.Client{MaxResponse: 1000}
	defer client.CloseIdle()
	if r := client.Send(within(t), consumer.url, post("")); r.Response.Truncated || len(r.Response.Body) != 1000 {
		t.Errorf("a response that just fits: %d bytes, truncated %v", len(r.Response.Body), r.Response.Truncated)
	}
}

func TestSendOutcomes(t *testing.T) {
	t.Parallel()
	closed := listen(t, func(net.Conn) {})
	closed.Close()
	reset := func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }
	readThen := func(do func(net.Conn)) func(net.Conn) {
		return func(conn net.Conn) {
			if _, err := readRequest(bufio.NewReader(conn)); err == nil {
				do(conn)
			}
		}
	}
	say := func(text string) func(net.Conn) {
		return readThen(func(conn net.Conn) { io.WriteString(conn, text) })
	}
	big := strings.Repeat("x", 16<<20)
	for name, c := range map[string]struct {
		serve   func(net.Conn)
		url     string
		body    string
		outcome wire.Outcome
		is      error
		text    string
	}{
		"refused":          {nil, closed.url, "", wire.NotSent, nil, "connecting: dial tcp"},
		"no such scheme":   {nil, "ftp://127.0.0.1/", "", wire.NotSent, wire.ErrURL, `"ftp://127.0.0.1/": want http`},
		"no host":          {nil, "http:///x", "", wire.NotSent, wire.ErrURL, "it has no host"},
		"not a URL":        {nil, "http://[::1", "", wire.NotSent, wire.ErrURL, "[::1"},
		"closed":           {readThen(func(net.Conn) {}), "", "", wire.NoResponse, wire.ErrCut, "waiting for the response"},
		"reset":            {readThen(reset), "", "", wire.NoResponse, wire.ErrCut, "waiting for the response"},
		"half a head":      {say("HTTP/1.1 200 OK\r\nConte"), "", "", wire.NoResponse, wire.ErrCut, "reading the response"},
		"half a body":      {say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), "", "", wire.NoResponse, wire.ErrCut, "reading the response"},
		"half the chunks":  {say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "", "", wire.NoResponse, wire.ErrCut, "reading the response"},
		"not HTTP":         {say("SSH-2.0-OpenSSH_9\r\n\r\n"), "", "", wire.NoResponse, wire.ErrMalformed, `"SSH-2.0-OpenSSH_9": want a status line`},
		"endless head":     {say("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", wire.MaxHead)), "", "", wire.NoResponse, wire.ErrTooLarge, "no empty line"},
		"endless interims": {say(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 200)), "", "", wire.NoResponse, wire.ErrMalformed, "interim"},
		"two lengths":      {say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "", "", wire.NoResponse, wire.ErrMalformed, "Content-Length"},
		"reset while writing": {func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 1000))
			reset(conn)
		}, "", big, wire.PartlyWritten, wire.ErrCut, "writing the request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := c.url
			if c.serve != nil {
				url = listen(t, c.serve).url
			}
			var client wire.Client
			defer client.CloseIdle()
			r := client.Send(within(t), url, post(c.body))
			if r.Outcome != c.outcome || r.Status != 0 || r.Err == nil || !strings.Contains(r.Err.Error(), c.text) || c.is != nil && !errors.Is(r.Err, c.is) {
				t.Errorf("outcome %q, status %d, error %v; want %q, error %q (%v)", r.Outcome, r.Status, r.Err, c.outcome, c.text, c.is)
			}
			length := len(wire.Append(nil, post(c.body)))
			switch {
			case r.Outcome == wire.NotSent && r.Written != 0,
				r.Outcome == wire.PartlyWritten && (r.Written == 0 || r.Written >= length),
				r.Outcome == wire.NoResponse && r.Written != length:
				t.Errorf("%d of %d bytes written with %q", r.Written, length, r.Outcome)
			}
		})
	}
}

// A response that the consumer sends before it has read the body, and then closes, counts.
func TestSendReadsAnEarlyResponse(t *testing.T) {
	t.Parallel()
	consumer := listen(t, func(conn net.Conn) {
		io.ReadFull(conn, make([]byte, 1000))
		io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	var client wire.Client
	r := client.Send(within(t), consumer.url, post(strings.Repeat("x", 16<<20)))
	if r.Outcome != wire.GotStatus || r.Status != 413 {
		t.Errorf("%q %d, %v; want status 413", r.Outcome, r.Status, r.Err)
	}
}

func TestSendTimesOut(t *testing.T) {
	t.Parallel()
	hang := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	released := make(chan struct{})
	for name, c := range map[string]struct {
		serve   func(net.Conn)
		body    string
		outcome wire.Outcome
		text    string
	}{
		"no response":   {hang, "", wire.NoResponse, "no response within "},
		"half response": {func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\n"); hang(conn) }, "", wire.NoResponse, "response not complete within "},
		"not read":      {func(conn net.Conn) { conn.(*net.TCPConn).SetReadBuffer(4096); <-released }, strings.Repeat("x", 1<<20), wire.PartlyWritten, "request not written within "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer, m := listen(t, c.serve), post(c.body)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			client := wire.Client{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				if err == nil {
					// so that little is enough to fill it
					err = conn.(*net.TCPConn).SetWriteBuffer(4096)
				}
				return conn, err
			}}
			r := client.Send(ctx, consumer.url, m)
			if r.Outcome != c.outcome || r.Err == nil || !strings.HasPrefix(r.Err.Error(), c.text) {
				t.Errorf("%q, %v; want %q, %s", r.Outcome, r.Err, c.outcome, c.text)
			}
			if c.outcome == wire.PartlyWritten {
				close(released)
			}
			if !errors.Is(r.Err, wire.ErrTimeout) || !errors.Is(r.Err, context.DeadlineExceeded) {
				t.Errorf("%v is no timeout", r.Err)
			}
		})
	}
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		client := wire.Client{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		if r := client.Send(ctx, "http://consumer.test/", post("")); r.Outcome != wire.NotSent || !strings.HasPrefix(r.Err.Error(), "no connection within ") {
			t.Errorf("%q, %v", r.Outcome, r.Err)
		}
	})
}

func TestSendIsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the server stops")
	consumer := listen(t, func(conn net.Conn) {
		readRequest(bufio.NewReader(conn))
		cancel(why)
		io.Copy(io.Discard, conn)
	})
	var client wire.Client
	r := client.Send(ctx, consumer.url, post(""))
	if r.Outcome != wire.NoResponse || !errors.Is(r.Err, why) || errors.Is(r.Err, wire.ErrTimeout) {
		t.Errorf("%q, %v", r.Outcome, r.Err)
	}
	if r = client.Send(ctx, consumer.url, post("")); r.Outcome != wire.NotSent || !errors.Is(r.Err, why) {
		t.Errorf("after the end: %q, %v", r.Outcome, r.Err)
	}
}

func TestSendKeepsConnectionsOfEachHost(t *testing.T) {
	t.Parallel()
	a, b := listen(t, answer(ok)), listen(t, answer(ok))
	var client wire.Client
	for range 3 {
		for _, to := range []*consumer{a, b} {
			if r := client.Send(within(t), to.url, post("")); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	if a.connections() != 1 || b.connections() != 1 {
		t.Errorf("%d and %d connections, want 1 and 1", a.connections(), b.connections())
	}
	client.CloseIdle()
	if r := client.Send(within(t), a.url, post("")); r.Err != nil || a.connections() != 2 {
		t.Errorf("after CloseIdle: %v, %d connections, want 2", r.Err, a.connections())
	}
	client.CloseIdle()
}

func TestSendTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.Proto, r.TLS.ServerName, r.TLS.NegotiatedProtocol)
	}))
	server.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}}
	server.StartTLS()
	defer server.Close()
	address := server.Listener.Addr().String()
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr != "consumer.test:443" {
			return nil, fmt.Errorf("dialled %s", addr)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	client := wire.Client{Dial: dial, Trust: wire.Trust{SkipVerify: true}}
	for range 2 {
		r := client.Send(within(t), "https://consumer.test/", post(""))
		if r.Err != nil || string(r.Response.Body) != "HTTP/1.1 consumer.test http/1.1" {
			t.Fatalf("%v, body %q", r.Err, r.Response.Body)
		}
	}
	client.CloseIdle()
	strict := wire.Client{Dial: dial}
	if r := strict.Send(within(t), "https://consumer.test/", post("")); r.Outcome != wire.NotSent || r.Err == nil || !strings.Contains(r.Err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %q, %v", r.Outcome, r.Err)
	}
}

func TestSendConcurrently(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	defer server.Close()
	var client wire.Client
	defer client.CloseIdle()
	ctx := within(t)
	failures := make(chan error, 16)
	for worker := range cap(failures) {
		go func() {
			for i := range 50 {
				body := fmt.Sprintf("%d/%d", worker, i)
				if r := client.Send(ctx, server.URL, post(body)); r.Err != nil || string(r.Response.Body) != body {
					failures <- fmt.Errorf("%v: got %q, want %q", r.Err, r.Response.Body, body)
					return
				}
			}
			failures <- nil
		}()
	}
	for range cap(failures) {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
}
