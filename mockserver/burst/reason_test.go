package burst

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// raw is a consumer that does with each connection what serve says.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestReasons: whatever goes wrong, the report says why and how often.
func TestReasons(t *testing.T) {
	t.Parallel()
	secured := httptest.NewTLSServer(http.HandlerFunc(ok))
	secured.Config.ErrorLog = nil
	t.Cleanup(secured.Close)
	afterHead := func(then func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				then(c)
			}
		}
	}
	for name, c := range map[string]struct {
		url     string
		timeout time.Duration
		dial    DialFunc
		noBurst bool // not even the first connection
		want    string
	}{
		"refused":         {url: "http://127.0.0.1:1/", noBurst: true, want: "not_sent: connection refused"},
		"forbidden":       {url: "http://192.0.2.1/", noBurst: true, want: "not_sent: forbidden address"},
		"an unknown host": {url: "http://nowhere.example/", dial: failing(&net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}), noBurst: true, want: "not_sent: no such host nowhere.example"},
		"no descriptors":  {url: "http://127.0.0.1:1/", dial: failing(&net.OpError{Op: "dial", Err: syscall.EMFILE}), noBurst: true, want: "not_sent: too many open files: raise the limit (ulimit -n), or use fewer connections"},
		"TLS":             {url: secured.URL, noBurst: true, want: "not_sent: TLS: certificate signed by unknown authority: trust it with --cacert FILE, or --skip-verify"},
		"closes":          {url: raw(t, afterHead(func(net.Conn) {})), want: "no_reply: waiting for the response: connection ended early: the consumer closed it"},
		"resets":          {url: raw(t, afterHead(func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) })), want: "no_reply: waiting for the response: connection ended early: the consumer reset it"},
		"is no HTTP":      {url: raw(t, afterHead(func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n") })), want: `no_reply: waiting for the response: malformed HTTP message: response "SSH-2.0-OpenSSH_9.2\r\n" is not HTTP: it looks like SSH: is the port right?`},
		"hangs":           {url: raw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), timeout: 300 * time.Millisecond, want: "no_reply: no response within 300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan(t, "ethpass", c.url)
			p.Count, p.Connections, p.Timeout, p.Dial = 3, 1, c.timeout, c.dial
			r, err := Run(t.Context(), p, nil)
			if c.noBurst != errors.Is(err, ErrNoConsumer) {
				t.Fatalf("error %v", err)
			}
			n, sent := uint64(3), uint64(3)
			if c.noBurst {
				n, sent = 1, 0
			}
			found := uint64(0)
			for reason, times := range r.Reasons {
				if strings.HasPrefix(reason, c.want) {
					found += times
				}
			}
			if found != n || r.Sent != sent || r.OK() {
				t.Errorf("sent %d, reasons %v; want %d of %q", r.Sent, r.Reasons, n, c.want)
			}
		})
	}
}

func failing(err error) DialFunc {
	return func(context.Context, string, string) (net.Conn, error) { return nil, err }
}

// TestReasonsAreBounded: reasons that all differ are counted together beyond a limit.
func TestReasonsAreBounded(t *testing.T) {
	reasons := map[string]uint64{}
	for i := range 10 * maxReasons {
		count(reasons, fmt.Sprint("reason ", i), 2)
	}
	total := uint64(0)
	for _, n := range reasons {
		total += n
	}
	if len(reasons) != maxReasons+1 || total != 20*maxReasons || reasons[otherReasons] != 18*maxReasons {
		t.Errorf("%d reasons, %d in all, %d others", len(reasons), total, reasons[otherReasons])
	}
}

// TestCancelBreaksOff: a burst ends when its context does, whatever the consumer does, and closes
// its connections.
func TestCancelBreaksOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var held, closed atomic.Int64
	const connections = 8
	url := raw(t, func(c net.Conn) {
		if held.Add(1) == connections {
			cancel()
		}
		_, _ = io.Copy(io.Discard, c)
		closed.Add(1)
	})
	p := plan(t, "ethpass", url)
	// nothing but the context can end it
	p.Count, p.Connections, p.Timeout = 1000, connections, time.Hour
	r, err := Run(ctx, p, nil)
	if !errors.Is(err, context.Canceled) || r == nil || r.Acknowledged != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for closed.Load() < connections { // every one of them, or the test runs into its limit
		runtime.Gosched()
	}
}

// TestMemoryOfConnections: what is kept to measure does not grow with the connections.
func TestMemoryOfConnections(t *testing.T) {
	p := plan(t, "subscribfy", "http://127.0.0.1:1/")
	const connections = 1000
	p.Connections = connections
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l, err := newLoad(&p)
	if err != nil {
		t.Fatal(err)
	}
	b := &burst{load: l, measure: newMeasure(l)}
	workers := make([]*worker, connections)
	for i := range workers {
		workers[i] = newWorker(b)
		it := l.item(uint64(i), 0)
		if err := l.prepare(&workers[i].request, it, l.slot(it)); err != nil {
			t.Fatal(err)
		}
		workers[i].record(success, 200, nil, time.Now(), time.Now())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / connections
	t.Logf("%d bytes a connection", each)
	if each > 48<<10 {
		t.Errorf("%d bytes a connection, want at most 48 KiB", each)
	}
	runtime.KeepAlive(workers)
}
