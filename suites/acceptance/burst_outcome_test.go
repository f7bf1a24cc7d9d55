package acceptance_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// sumOf adds up the outcomes of a burst.
func sumOf(outcomes map[string]uint64) (sum uint64) {
	for _, n := range outcomes {
		sum += n
	}
	return sum
}

// burstTo runs a burst that ends with a code, and returns its report. The report is also a page.
func burstTo(ctx SpecContext, code int, provider, url string, args ...string) (burstReport, string) {
	GinkgoHelper()
	page := filepath.Join(GinkgoT().TempDir(), "report.html")
	out := run(ctx, code, append([]string{"burst", provider, "--to", url, "--no-reconcile", "--json", "-", "--html", page, "--timeout", "5s"}, args...)...)
	var report burstReport
	Expect(json.Unmarshal([]byte(out), &report)).To(Succeed())
	Expect(sumOf(report.Outcomes)+report.Faulted).To(Equal(report.Intended), "outcomes add up to what was intended")
	written, err := os.ReadFile(page)
	Expect(err).NotTo(HaveOccurred())
	Expect(string(written)).To(HaveSuffix("</html>\n"))
	return report, page
}

var _ = Describe("a burst at a consumer that misbehaves", func() {
	It("ends, and says what became of each event, when the consumer is killed", func(ctx SpecContext) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		consumer := &http.Server{}
		var mu sync.Mutex
		served := 0
		killed := make(chan struct{})
		consumer.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			served++
			last := served == 300
			mu.Unlock()
			if last {
				go func() { consumer.Close(); close(killed) }()
			}
		})
		go func() { _ = consumer.Serve(listener) }()
		report, _ := burstTo(ctx, 1, "neostore", "http://"+listener.Addr().String(), "--rate", "500", "--count", "1000", "--connections", "8")
		<-killed
		Expect(report.Intended).To(BeEquivalentTo(1000))
		Expect(report.Outcomes["2xx"]).To(BeNumerically("~", 300, 8), "at most one for each connection was cut off or on its way")
		Expect(report.Outcomes["no_reply"]).To(BeNumerically("<=", 8))
		Expect(report.Outcomes["not_sent"]).To(BeNumerically("~", 700, 8))
	}, SpecTimeout(time.Minute))

	It("counts resets and 503 apart", func(ctx SpecContext) {
		consumer := newReceiver(func(n int, _ received) string {
			switch n % 10 {
			case 1:
				return "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
			case 2:
				return reset
			case 3:
				return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
			}
			return response(204)
		})
		report, _ := burstTo(ctx, 1, "ethpass", consumer.url, "--count", "500", "--connections", "1")
		Expect(report.Outcomes).To(Equal(map[string]uint64{"2xx": 400, "5xx": 50, "no_reply": 50}))
	}, SpecTimeout(time.Minute))

	It("finds which events a consumer acknowledged and dropped", func(ctx SpecContext) {
		var mu sync.Mutex
		var kept, lost []string
		mux := http.NewServeMux()
		mux.HandleFunc("POST /hooks", func(w http.ResponseWriter, r *http.Request) {
			var event struct{ ID string }
			if json.NewDecoder(r.Body).Decode(&event) != nil || event.ID == "" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if (len(kept)+len(lost))%1000 == 700 {
				lost = append(lost, event.ID)
			} else {
				kept = append(kept, event.ID)
			}
		})
		mux.HandleFunc("GET /effects", func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			_ = json.NewEncoder(w).Encode(kept)
		})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		consumer := &http.Server{Handler: mux}
		DeferCleanup(consumer.Close)
		go func() { _ = consumer.Serve(listener) }()
		url := "http://" + listener.Addr().String()
		file := filepath.Join(GinkgoT().TempDir(), "lost.txt")
		out := run(ctx, 1, "burst", "stripe", "--to", url+"/hooks", "--count", "3000", "--seed", "7", "--effect", url+"/effects", "--json", "-", "--lost", file)
		var report burstReport
		Expect(json.Unmarshal([]byte(out), &report)).To(Succeed())
		Expect(report.Accounting.Lost).To(BeEquivalentTo(3))
		Expect(report.Accounting.Captured).To(BeEquivalentTo(2997))
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(lost).To(HaveLen(3))
		for _, id := range lost {
			Expect(string(text)).To(ContainSubstring(" " + id + "\n"))
		}

		By("sending these again")
		mu.Lock()
		dropped := append([]string(nil), lost...)
		kept, lost = nil, nil
		mu.Unlock()
		run(ctx, 0, "burst", "stripe", "--to", url+"/hooks", "--count", "3000", "--seed", "7", "--indexes", file, "--effect", url+"/effects")
		Expect(kept).To(ConsistOf(dropped))
	}, SpecTimeout(time.Minute))
})

var _ = Describe("the page of a burst", func() {
	It("works from a file in both themes, and is accessible", func(ctx SpecContext) {
		consumer := newReceiver(func(n int, _ received) string { return response(map[bool]int{true: 503, false: 204}[n%20 == 0]) })
		_, page := burstTo(ctx, 1, "neostore", consumer.url, "--rate", "ramp(50,400,2s) hold(400,1s)", "--seed", "7",
			"--threshold", "p99<5s", "--threshold", "status.5xx<1%", "--fault", "signature:missing=2%")
		b := tab("", "file://"+page)
		b.sees("h1", "Failed")
		Expect(b.eval(`document.querySelectorAll("svg").length.toString()`)).To(Equal("5"))
		b.isAccessible()
		for theme, ground := range map[string]string{"light": "rgb(246, 248, 250)", "dark": "rgb(20, 23, 27)"} {
			b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
				})
				return err
			}))
			Expect(b.eval(`getComputedStyle(document.body).backgroundColor`)).To(Equal(ground), theme)
			if dir := pictures("burst"); dir != "" {
				b.do(chromedp.EmulateViewport(1000, 1100))
				Expect(os.WriteFile(filepath.Join(dir, "burst-"+theme+".png"), b.picture(), 0o600)).To(Succeed())
			}
		}
		b.do(chromedp.EmulateViewport(360, 800))
		Expect(b.eval(`(document.documentElement.scrollWidth <= 360).toString()`)).To(Equal("true"), "no part is wider than a phone")
	}, SpecTimeout(2*time.Minute))
})
