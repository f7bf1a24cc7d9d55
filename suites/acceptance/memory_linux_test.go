package acceptance_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// Whatever is thrown at a server that keeps 32 MB, it allocates less than 200 MB.
var _ = Describe("hookrig serve --keep-bytes 32MB", func() {
	const most = 200 // MB

	for name, data := range map[string]func() string{"in memory": func() string { return "memory" }, "in a folder": func() string { return GinkgoT().TempDir() }} {
		It("holds its memory "+name, func(ctx SpecContext) {
			r := serve("--data", data(), "--keep-bytes", "32MB")
			consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = w.Write(bytes.Repeat([]byte("r"), 900<<10))
			}))
			DeferCleanup(consumer.Close)
			peak := watchMemory(r.session.Command.Process.Pid)
			say := func(what string) { AddReportEntry(what, fmt.Sprintf("%d MB at most so far", peak.Load())) }
			api := r.dashboard + "/api/v1"
			large := bytes.Repeat([]byte("b"), 15<<20)

			thrown(16, 32, func(int) { sent(http.MethodPost, r.capture+"/large", large) })
			say("large bodies")
			thrown(16, 32, func(int) { sent(http.MethodPost, r.capture+"/large", large[:7<<20]) })
			say("bodies that are just not too large")
			thrown(16, 32, func(int) { chunked(r.capture+"/chunks", large) })
			thrown(16, 32, func(int) { chunked(r.capture+"/chunks", large[:7<<20]) })
			say("large bodies in chunks")
			thrown(64, 30_000, func(i int) { sent(http.MethodPost, r.capture+"/small", []byte("x")) })
			say("small requests")
			thrown(32, 1500, func(i int) {
				req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/bin%d", r.capture, i), http.NoBody)
				Expect(err).NotTo(HaveOccurred())
				req.Header.Set("X-Head", strings.Repeat("h", 40<<10))
				drop(flood.Do(req))
			})
			say("heads and bins")
			Expect(r.client.Configure(ctx, "forwarded", mockserver.Settings{Forward: consumer.URL})).To(Succeed())
			thrown(32, 400, func(int) { sent(http.MethodPost, r.capture+"/forwarded", []byte("x")) })
			say("forwarded responses")
			thrown(8, 5000, func(i int) {
				body := fmt.Sprintf(`{"url":"http://127.0.0.1:9/%d/%s","description":"%s"}`, i, strings.Repeat("u", 1000), strings.Repeat("d", 3000))
				sent(http.MethodPost, api+"/providers/neostore/endpoints", []byte(body))
			})
			say("endpoints")
			thrown(16, 600, func(i int) {
				body := fmt.Sprintf(`{"event":"Pass:Installed","to":"%s/%d","secret":"S"}`, consumer.URL, i)
				sent(http.MethodPost, api+"/providers/neostore/send", []byte(body))
			})
			say("deliveries")
			thrown(16, 64, func(int) { sent(http.MethodPost, r.capture+"/large", large[:1<<20]) })
			for _, path := range []string{
				"/captures?limit=1000", "/deliveries?limit=1000", "/bins", "/endpoints", "/bins/large/export?format=har", "/bins/large/export?format=jsonl",
				"/captures?limit=1000&q=bbbb", "/captures?limit=1000&where=" + "true", "/bins/large/wait?count=1000&timeout=1s",
			} {
				thrown(8, 8, func(int) { sent(http.MethodGet, api+path, nil) })
				say(path)
			}
			crowd(r, 1500)
			say("connections that send half a head")
			Expect(peak.Load()).To(BeNumerically("<", most))

			stats, err := http.Get(api + "/server")
			Expect(err).NotTo(HaveOccurred())
			text, err := io.ReadAll(stats.Body)
			Expect(err).NotTo(HaveOccurred())
			AddReportEntry("server", string(text))
			// What the crowd left unfinished is still being recorded, and makes others go.
			Eventually(func(g Gomega) {
				sent(http.MethodPost, r.capture+"/after", []byte("it goes on"))
				got, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "after"}})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(got).NotTo(BeEmpty())
			}).WithContext(ctx).Should(Succeed())
		}, NodeTimeout(10*time.Minute))
	}
})

// flood is a client that uses its connections again: thousands of new ones would take all ports.
var flood = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// thrown does something n times, so many at a time.
func thrown(atOnce, n int, do func(i int)) {
	var work sync.WaitGroup
	var next atomic.Int64
	for range atOnce {
		work.Go(func() {
			defer GinkgoRecover()
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				do(int(i))
			}
		})
	}
	work.Wait()
}

// sent sends a request; whatever is answered is fine.
func sent(method, url string, body []byte) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	req.Header.Set("Content-Type", "application/json")
	drop(flood.Do(req))
}

func chunked(url string, body []byte) {
	// of no known length
	req, err := http.NewRequest(http.MethodPost, url, io.MultiReader(bytes.NewReader(body)))
	Expect(err).NotTo(HaveOccurred())
	drop(flood.Do(req))
}

func drop(resp *http.Response, err error) {
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// crowd opens connections that each send a part of a head, and ends them.
func crowd(r *server, n int) {
	for range n {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.capture, "http://"))
		if err != nil {
			continue
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("POST /crowd HTTP/1.1\r\nX: " + strings.Repeat("x", 30<<10)))
	}
}

// watchMemory measures how many MB a process has allocated, the most of it until the spec ends.
func watchMemory(pid int) *atomic.Int64 {
	var peak atomic.Int64
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			peak.Store(max(peak.Load(), resident(pid)))
			select {
			case <-ticker.C:
			case <-ended:
				return
			}
		}
	}()
	DeferCleanup(func() {
		close(ended)
		<-done
	})
	return &peak
}

// resident is how many MB of what a process has allocated are in memory. Pages of the program's
// file do not count: the kernel drops them when it needs room.
func resident(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "RssAnon:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib * 1024 / 1_000_000
		}
	}
	return 0
}
