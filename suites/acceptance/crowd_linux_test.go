package acceptance_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// mostMemory is what the server's process may ever hold in memory, in bytes: far less than a body
// of 1 GiB.
const mostMemory = 600 << 20

var _ = Describe("the capture address under a flood of connections", Serial, func() {
	It("records fast requests while ten thousand slow ones are open", func(ctx SpecContext) {
		const slow, fast = 10_000, 200
		var files syscall.Rlimit
		Expect(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)).To(Succeed())
		// Go has raised it to what it may be
		if needed := uint64(slow/3*4 + 1000); files.Cur < needed {
			missing("files", fmt.Sprintf("%d files may be open, and %d are needed (ulimit -Hn)", files.Cur, needed))
		}
		r := serve("--data", "records")
		crowd := make([]*slowRequest, 0, slow)
		DeferCleanup(func() { // of all at once: ten thousand cleanups take Ginkgo minutes
			for _, s := range crowd {
				s.conn.Close()
			}
		})
		for i := range slow {
			crowd = append(crowd, openSlowly(r, i))
		}
		for _, s := range crowd {
			s.begin()
		}
		Eventually(ctx, func() float64 { return r.metric("hookrig_capture_connections") }).Should(BeNumerically(">=", slow))

		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				defer GinkgoRecover()
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				for range fast / 4 {
					resp, err := client.Post(r.capture+"/fast", "text/plain", strings.NewReader("x"))
					Expect(err).NotTo(HaveOccurred())
					resp.Body.Close()
					Expect(resp.StatusCode).To(Equal(http.StatusOK))
				}
			})
		}
		done := make(chan struct{})
		go func() {
			senders.Wait()
			close(done)
		}()
		trickle(crowd, done)
		Expect(r.metric("hookrig_captures_total")).To(BeNumerically("==", fast), "nothing of the others is a capture yet")
		Expect(r.metric("hookrig_capture_connections")).To(BeNumerically(">=", slow), "they are all open")

		for _, s := range crowd {
			s.send(len(s.rest))
		}
		for _, s := range crowd {
			s.succeeds()
		}
		Expect(r.metric("hookrig_captures_total")).To(BeNumerically("==", fast+slow))
		Expect(r.metric("hookrig_captures_with_problems_total")).To(BeZero())
		Expect(peakMemory(r)).To(BeNumerically("<", mostMemory))
	}, SpecTimeout(3*time.Minute))

	It("refuses connections before it runs out of files, and its dashboard goes on", func(ctx SpecContext) {
		limited := exec.Command("sh", append([]string{"-c", `ulimit -n 256 && exec "$0" "$@"`, binary}, append(servingAnywhere(), "--data", "memory")...)...)
		r := listening(begin(GinkgoT().TempDir(), limited))
		conns := make([]net.Conn, 300)
		for i := range conns {
			conns[i] = r.dial()
		}
		// The last one hears that there is no room; which ones are served is known then.
		resp, err := http.ReadResponse(bufio.NewReader(conns[len(conns)-1]), nil)
		Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(resp.Body)
		Expect(err).NotTo(HaveOccurred())
		Expect(resp.StatusCode).To(Equal(http.StatusServiceUnavailable))
		Expect(string(text)).To(Equal("hookrig serves 176 connections at a time, and all are in use\n"))
		Expect(r.metric("hookrig_capture_connections")).To(BeNumerically("==", 176))
		Expect(r.metric(`hookrig_captures_refused_total{why="connections"}`)).To(BeNumerically("==", 300-176))
		_, err = r.client.Bins(ctx)
		Expect(err).NotTo(HaveOccurred(), "the dashboard answers")
		for _, c := range conns {
			c.Close()
		}
		Eventually(ctx, func() float64 { return r.metric("hookrig_capture_connections") }).Should(BeZero())
		post(r.capture+"/inbox", "{}")
	}, SpecTimeout(time.Minute))

	It("refuses a body of 1 GiB in little memory, and tells the sender that reads last", func(ctx SpecContext) {
		const gibibyte = 1 << 30
		r := serve("--data", "records")
		piece := bytes.Repeat([]byte("x"), 1<<16)
		chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", len(piece), piece)
		for _, c := range []struct{ name, line, open string }{
			{"stated", "Content-Length: 1073741824", ""},
			{"chunks", "Transfer-Encoding: chunked", ""},
			{"chunk", "Transfer-Encoding: chunked", "40000000\r\n"},
		} {
			conn := r.dial()
			_, err := fmt.Fprintf(conn, "POST /%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s", c.name, c.line, c.open)
			Expect(err).NotTo(HaveOccurred())
			next := piece
			if c.name == "chunks" {
				next = chunk
			}
			for range gibibyte / len(piece) {
				_, err := conn.Write(next)
				Expect(err).NotTo(HaveOccurred(), c.name)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			Expect(err).NotTo(HaveOccurred(), c.name)
			Expect(resp.StatusCode).To(Equal(http.StatusRequestEntityTooLarge), c.name)
		}
		Expect(peakMemory(r)).To(BeNumerically("<", mostMemory))
		for _, name := range []string{"stated", "chunks", "chunk"} {
			kept, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: name}})
			Expect(err).NotTo(HaveOccurred())
			Expect(kept).To(HaveLen(1))
			Expect(kept[0].Body).To(HaveLen(16 << 20))
			Expect(kept[0].Problems).To(ConsistOf(HavePrefix("too large: ")))
			stats, err := r.client.Stats(ctx, name)
			Expect(err).NotTo(HaveOccurred())
			Expect(stats.Refused.Size).To(BeEquivalentTo(1))
			Expect(stats.Truncated).To(BeEquivalentTo(1))
		}
		Expect(r.metric(`hookrig_captures_irregular_total{kind="size"}`)).To(BeNumerically("==", 3))
	}, SpecTimeout(3*time.Minute))
})

// slowRequest is a request that is sent byte by byte.
type slowRequest struct {
	conn net.Conn
	rest string // of it, to be sent
}

// openSlowly connects to the server, from one of several addresses, as one has no more than some
// ten thousand ports.
func openSlowly(r *server, i int) *slowRequest {
	GinkgoHelper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))}}
	conn, err := from.Dial("tcp", strings.TrimPrefix(r.capture, "http://"))
	Expect(err).NotTo(HaveOccurred())
	filler := strings.Repeat("s", 2000)
	return &slowRequest{conn, []string{
		"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + filler,
		"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + filler + "\r\n0\r\n\r\n",
		"POST /slow HTTP/1.1\r\nHost: x\r\nX-Filler: " + filler + "\r\n\r\n",
	}[i%3]}
}

// begin sends what makes it a request that the server waits for. A head has ten seconds, so those
// have not begun yet.
func (s *slowRequest) begin() {
	GinkgoHelper()
	if head, _, ok := strings.Cut(s.rest, "\r\n\r\n"); ok && !strings.Contains(head, "X-Filler") {
		s.send(len(head) + 10)
	}
}

func (s *slowRequest) send(n int) {
	GinkgoHelper()
	_, err := io.WriteString(s.conn, s.rest[:n])
	Expect(err).NotTo(HaveOccurred())
	s.rest = s.rest[n:]
}

// succeeds reads the response.
func (s *slowRequest) succeeds() {
	GinkgoHelper()
	resp, err := http.ReadResponse(bufio.NewReaderSize(s.conn, 512), nil)
	Expect(err).NotTo(HaveOccurred())
	Expect(resp.StatusCode).To(Equal(http.StatusOK))
}

// trickle sends one byte of each request after the other, round and round, until done.
func trickle(crowd []*slowRequest, done <-chan struct{}) {
	GinkgoHelper()
	for {
		for _, s := range crowd {
			select {
			case <-done:
				return
			default:
				s.send(1)
			}
		}
	}
}

// peakMemory is the most that the server's process has held in memory, in bytes: proc(5), VmHWM.
func peakMemory(r *server) int64 {
	GinkgoHelper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.session.Command.Process.Pid))
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			Expect(err).NotTo(HaveOccurred())
			GinkgoWriter.Printf("at most %d MiB were in memory\n", kib>>10)
			return kib << 10
		}
	}
	Fail("no VmHWM in " + string(status))
	return 0
}
