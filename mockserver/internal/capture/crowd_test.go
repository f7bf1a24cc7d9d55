//go:build unix

package capture_test

import (
	"bytes"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// crowd opens connections that have sent half of a request and now wait, as many as the process's
// file limit allows.
func crowd(t testing.TB, s *capture.Server, n int) []*net.TCPConn {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const others = 600
	if limit.Cur < 2*uint64(n)+others { // both ends are in this process
		n = (int(limit.Cur) - others) / 2
	}
	if n < 100 {
		t.Skipf("only %d files may be open", limit.Cur)
	}
	conns := make([]*net.TCPConn, n)
	for i := range conns {
		conns[i] = dial(t, s)
		write(t, conns[i], "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
	}
	return conns
}

// Any number of slow connections does not delay others, and each of them is served in the end.
func TestSlowConnectionsDoNotBlockOthers(t *testing.T) {
	s, _ := start(t)
	conns := crowd(t, s, 2000)
	const senders, each = 4, 50
	var work sync.WaitGroup
	for range senders {
		work.Go(func() {
			for range each {
				if got := post(t, s.URL()+"/fast", "x"); got != http.StatusOK {
					t.Errorf("a fast request: %d", got)
				}
			}
		})
	}
	work.Wait()
	if got := s.Counts(); got != (capture.Counts{Captured: senders * each}) {
		t.Errorf("while the others wait: %+v", got)
	}
	for _, c := range conns {
		write(t, c, "cd")
	}
	for _, c := range conns {
		responses(t, c, http.MethodPost, 1)
	}
	if got := s.Counts(); got != (capture.Counts{Captured: uint64(len(conns) + senders*each)}) {
		t.Errorf("in the end: %+v", got)
	}
}

// A body of 1 GiB, announced or not, takes no more memory than the limit. Its sender gets the
// response even if it reads only after sending far more than the server reads as a request.
func TestHugeBodiesTakeNoMemory(t *testing.T) {
	const limit = 1 << 20
	s, store := start(t, func(o *capture.Options) { o.MaxBody = limit })
	piece := bytes.Repeat([]byte("x"), 1<<16)
	for _, tt := range []struct{ name, head, status string }{
		{"announced", "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n", "413"},
		{"one chunk", "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n", "413"},
		{"asked for", "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1073741824\r\n\r\n", "413"},
	} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c := dial(t, s)
		write(t, c, tt.head)
		for sent := 0; sent < 64*limit && tt.name != "asked for"; sent += len(piece) {
			if _, err := c.Write(piece); err != nil {
				t.Fatalf("%s: after %d bytes: %v", tt.name, sent, err)
			}
		}
		if got := responses(t, c, http.MethodPost, 1)[0].Status; !strings.HasPrefix(got, tt.status) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.status)
		}
		waited, err := s.Wait(t.Context(), "b", query.Wait{Count: 1, Timeout: journal.Duration(time.Minute)})
		if err != nil || !waited.OK {
			t.Fatalf("%s: %+v, %v", tt.name, waited, err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16*limit {
			t.Errorf("%s: %d bytes were allocated, want no more than a few bodies of %d", tt.name, got, limit)
		}
		if got := waited.Matched[0]; len(got.Body) > limit || got.Response == nil || got.Response.Status != 413 {
			t.Errorf("%s: %d bytes kept, response %+v", tt.name, len(got.Body), got.Response)
		}
		c.Close()
		if _, err := store.ClearBin(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Irregular(); got.Refused.Size != 3 || got.Truncated != 2 {
		t.Errorf("%+v, want 3 that were too large, 2 of them cut", got)
	}
}
