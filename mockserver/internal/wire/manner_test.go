package wire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// piecewise is a connection that keeps each write.
type piecewise struct {
	net.Conn
	writes *[]string
}

func (c piecewise) Write(b []byte) (int, error) {
	*c.writes = append(*c.writes, string(b))
	return c.Conn.Write(b)
}

// sentAs sends a request and returns what was written in each write.
func sentAs(t *testing.T, url string, m wire.Message, how wire.Manner) (wire.Result, []string) {
	t.Helper()
	var writes []string
	client := wire.Client{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return piecewise{conn, &writes}, err
	}}
	defer client.CloseIdle()
	return client.SendAs(within(t), url, m, how, wire.Limits{}), writes
}

func TestMannersSplitTheRequest(t *testing.T) {
	t.Parallel()
	consumer := listen(t, answer(ok))
	m := post("0123456789")
	raw := string(wire.Append(nil, m))
	head := raw[:len(raw)-10]
	chunked := post("0123456789")
	chunked.Headers.Set("Content-Length", "10")
	chunked.Headers[3].Name, chunked.Headers[3].Value = "Transfer-Encoding", "chunked"
	chunkedHead := strings.SplitAfter(string(wire.Append(nil, chunked)), "\r\n\r\n")[0]
	for name, c := range map[string]struct {
		m    wire.Message
		how  wire.Manner
		want []string
	}{
		"at once":     {m, wire.Manner{}, []string{raw}},
		"a pause":     {m, wire.Manner{Pauses: []int{4}}, []string{head + "0123", "456789"}},
		"before":      {m, wire.Manner{Pauses: []int{0}}, []string{head, "0123456789"}},
		"slowly":      {m, wire.Manner{Rate: 40}, []string{head, "0123", "4567", "89"}},
		"two copies":  {m, wire.Manner{Copies: 2}, []string{raw + raw}},
		"one chunk":   {chunked, wire.Manner{}, []string{chunkedHead + "a\r\n0123456789\r\n0\r\n\r\n"}},
		"many chunks": {chunked, wire.Manner{Chunks: []int{1, 4}}, []string{chunkedHead + "1\r\n0\r\n4\r\n1234\r\n4\r\n5678\r\n1\r\n9\r\n0\r\n\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, writes := sentAs(t, consumer.url, c.m, c.how)
			if r.Outcome != wire.GotStatus || r.Status != 200 || r.Written != len(strings.Join(c.want, "")) {
				t.Errorf("%s, %d, %v, %d written", r.Outcome, r.Status, r.Err, r.Written)
			}
			if strings.Join(writes, "|") != strings.Join(c.want, "|") {
				t.Errorf("written:\n%q\nwant:\n%q", writes, c.want)
			}
		})
	}
}

// The body follows 100 Continue; it does not follow a refusal, and it follows silence too.
func TestContinue(t *testing.T) {
	t.Parallel()
	m := post("body")
	m.Headers.Add("Expect", "100-continue")
	for name, c := range map[string]struct {
		first string // the consumer's answer to the head
		wrote bool
		want  int
	}{
		"continue": {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", true, 200},
		"refused":  {"HTTP/1.1 417 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", false, 417},
		"silence":  {"", true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, func(conn net.Conn) {
				in := bufio.NewReader(conn)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if in.Buffered() > 0 {
					t.Error("the body came with the head")
				}
				io.WriteString(conn, c.first)
				if !c.wrote {
					return
				}
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "body" {
					t.Errorf("%q, %v", body, err)
				}
				io.WriteString(conn, ok)
			})
			r, writes := sentAs(t, consumer.url, m, wire.Manner{Continue: true})
			if r.Status != c.want || (len(writes) == 2) != c.wrote {
				t.Errorf("%d, %v, %q", r.Status, r.Err, writes)
			}
		})
	}
}

// A request that stalls ends with a response or at the time limit, a reset one after its bytes.
func TestEnds(t *testing.T) {
	t.Parallel()
	m := post("0123456789")
	part := m
	part.Body = part.Body[:4] // Content-Length says 10
	t.Run("stalled and answered", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(conn net.Conn) {
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				io.ReadFull(r.Body, make([]byte, 4))
				io.WriteString(conn, "HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n")
				io.Copy(io.Discard, conn)
			}
		})
		if r, _ := sentAs(t, consumer.url, part, wire.Manner{End: wire.Stall}); r.Outcome != wire.GotStatus || r.Status != 408 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("stalled", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var client wire.Client
		r := client.SendAs(ctx, consumer.url, part, wire.Manner{End: wire.Stall}, wire.Limits{})
		if r.Outcome != wire.PartlyWritten || !errors.Is(r.Err, wire.ErrTimeout) || wire.Missed(r.Err) != "no response to the part that was sent" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("slowly, to the time limit", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var client wire.Client
		r := client.SendAs(ctx, consumer.url, m, wire.Manner{Rate: 1}, wire.Limits{})
		if r.Outcome != wire.PartlyWritten || !errors.Is(r.Err, wire.ErrTimeout) {
			t.Errorf("%+v", r)
		}
	})
	for name, sent := range map[string]wire.Message{"reset": part, "reset at the end": m} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := string(wire.Append(nil, sent))
			got := make(chan error, 1)
			consumer := listen(t, func(conn net.Conn) {
				raw := make([]byte, len(want))
				if _, err := io.ReadFull(conn, raw); err != nil || string(raw) != want {
					t.Errorf("%q, %v", raw, err)
				}
				_, err := conn.Read(raw)
				got <- err
			})
			var client wire.Client
			r := client.SendAs(within(t), consumer.url, sent, wire.Manner{End: wire.Reset}, wire.Limits{})
			outcome := wire.PartlyWritten
			if len(sent.Body) == 10 {
				outcome = wire.NoResponse
			}
			if r.Outcome != outcome || !errors.Is(r.Err, wire.ErrOnPurpose) {
				t.Errorf("%+v", r)
			}
			if err := <-got; err == nil || !strings.Contains(err.Error(), "reset by peer") {
				t.Errorf("the consumer saw %v, want a reset", err)
			}
		})
	}
	t.Run("half closed", func(t *testing.T) {
		t.Parallel()
		consumer := listen(t, func(conn net.Conn) {
			if raw, err := io.ReadAll(conn); err == nil && string(raw) == string(wire.Append(nil, m)) {
				io.WriteString(conn, ok)
			}
		})
		var client wire.Client
		if r := client.SendAs(within(t), consumer.url, m, wire.Manner{End: wire.HalfClose}, wire.Limits{}); r.Status != 200 {
			t.Errorf("%+v", r)
		}
	})
}

// The second of two copies counts, unless the consumer says that it answers no more.
func TestCopies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string
		outcome wire.Outcome
		status  int
	}{
		"both":          {[]string{ok, "HTTP/1.1 409 Twice\r\nContent-Length: 0\r\n\r\n"}, wire.GotStatus, 409},
		"one and close": {[]string{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}, wire.GotStatus, 200},
		"one":           {[]string{ok}, wire.NoResponse, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumer := listen(t, func(conn net.Conn) {
				in := bufio.NewReader(conn)
				for range 2 {
					readRequest(in)
				}
				io.WriteString(conn, strings.Join(c.answers, ""))
			})
			var client wire.Client
			if r := client.SendAs(within(t), consumer.url, post("body"), wire.Manner{Copies: 2}, wire.Limits{}); r.Outcome != c.outcome || r.Status != c.status {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestBrokenTLS(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
			server.Config.ErrorLog = discard()
			server.TLS = &tls.Config{MinVersion: version, MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			client := wire.Client{Trust: wire.Trust{SkipVerify: true}}
			r := client.SendAs(within(t), server.URL, post("body"), wire.Manner{BreakTLS: true}, wire.Limits{})
			if r.Outcome != wire.NotSent || r.Written != 0 || !errors.Is(r.Err, wire.ErrOnPurpose) || !strings.Contains(wire.Reason(r.Err), "bad record MAC") {
				t.Errorf("%s, %q", r.Outcome, wire.Reason(r.Err))
			}
			if r := client.SendAs(within(t), "http://127.0.0.1:1", post("body"), wire.Manner{BreakTLS: true}, wire.Limits{}); !errors.Is(r.Err, wire.ErrURL) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// discard is a log that nobody reads.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
