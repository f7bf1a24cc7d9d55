//go:build unix

package benchmark

import (
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
)

// BenchmarkCaptureInACrowd records while ten thousand other connections wait.
func BenchmarkCaptureInACrowd(b *testing.B) {
	s := start(b, inMemory(b))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	waiting := crowd(b, s, 10_000)
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/float64(waiting), "bytes/waiting")
	b.ReportMetric(float64(waiting), "waiting")
	took := exchanges(b, strings.TrimPrefix(s.URL(), "http://"), b.N, 64)
	b.ReportMetric(float64(b.N)/took.Seconds(), "captures/s")
}

// crowd opens n connections that have sent half of a request and now wait, or as many as the
// process's file limit allows. It returns their number.
func crowd(b *testing.B, s *capture.Server, n int) int {
	b.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatal(err)
	}
	const others = 600
	n = min(n, (int(limit.Cur)-others)/2) // both ends are in this process
	if n < 100 {
		b.Skipf("only %d files may be open", limit.Cur)
	}
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		if _, err := io.WriteString(c, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"); err != nil {
			b.Fatal(err)
		}
	}
	return n
}
