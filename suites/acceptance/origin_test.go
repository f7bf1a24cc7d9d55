package acceptance_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("a page of another origin", func() {
	DescribeTable("can neither read what was captured nor have the server work for it", func(ctx SpecContext, host string) {
		r := serve("--data", "memory")
		post(r.capture+"/inbox", `{"secret": "captured"}`)

		listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		Expect(err).NotTo(HaveOccurred())
		ways := []string{
			"/api/v1/captures?way=image", "/api/v1/captures?where=.body.secret%3D%3D%22captured%22&way=script", "/api/v1/stream?way=events", "/api/v1/captures?way=fetch",
			"/api/v1/captures?way=nocors", "/metrics?way=frame", "/api/v1/bins/inbox/export?format=har&way=style", "/api/openapi.json?way=object",
		}
		foreign := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<!doctype html><p id="out"></p><script>
				const at = (i) => %q + %q.split(" ")[i];
				const out = document.getElementById("out");
				let left = 7;
				const say = (what) => { out.append(what + " "); if (!--left) out.append("done"); };
				const load = (tag, attribute, i) => { const e = document.createElement(tag); e.onload = () => say("loaded:" + tag); e.onerror = () => say("refused:" + tag); e[attribute] = at(i); document.body.append(e); return e; };
				load("img", "src", 0); load("script", "src", 1);
				const events = new EventSource(at(2)); events.onmessage = events.onopen = () => say("loaded:events"); events.onerror = () => { events.close(); say("refused:events"); };
				fetch(at(3)).then(async (r) => say("read:" + await r.text()), () => say("refused:fetch"));
				fetch(at(4), {mode: "no-cors"}).then(async (r) => say("opaque:" + (await r.text()).length), () => say("refused:nocors"));
				const frame = document.createElement("iframe"); frame.onload = () => { let text; try { text = frame.contentDocument.body.innerText; } catch { text = ""; } say("frame:" + text.length); }; frame.src = at(5); document.body.append(frame);
				const style = load("link", "href", 6); style.rel = "stylesheet";
			</script>`, r.dashboard, strings.Join(ways, " "))
		}))
		Expect(foreign.Listener.Close()).To(Succeed())
		foreign.Listener = listener
		foreign.Start()
		DeferCleanup(foreign.Close)

		tab, cancel := chromedp.NewContext(chromium(), chromedp.WithNewBrowserContext())
		DeferCleanup(cancel)
		Expect(chromedp.Do(tab)).To(Succeed())
		var mu sync.Mutex
		asked, statuses := map[network.RequestID]string{}, map[string]int64{}
		status := map[network.RequestID]int64{}
		Expect(chromedp.Listen(tab, func(event any) {
			mu.Lock()
			defer mu.Unlock()
			switch e := event.(type) {
			case *network.EventRequestWillBeSent:
				asked[e.RequestID] = e.Request.URL
			case *network.EventResponseReceivedExtraInfo:
				status[e.RequestID] = e.StatusCode
			}
			for id, url := range asked {
				if status[id] != 0 && strings.HasPrefix(url, r.dashboard) {
					statuses[url] = status[id]
				}
			}
		})).To(Succeed())
		Expect(chromedp.Do(tab, chromedp.Navigate(foreign.URL))).To(Succeed())
		b := &browser{ctx: tab}
		var out string
		Eventually(func() string {
			out = b.text("#out")
			return out
		}, "20s").Should(ContainSubstring("done"))
		Expect(out).NotTo(ContainSubstring("captured"))
		Expect(out).NotTo(ContainSubstring("loaded:"))
		mu.Lock()
		defer mu.Unlock()
		Expect(statuses).To(HaveLen(7), "%v", statuses)
		for url, got := range statuses {
			Expect(got).To(BeEquivalentTo(http.StatusForbidden), url)
		}
	},
		Entry("on another port", SpecTimeout(2*time.Minute), "127.0.0.1"),
		Entry("on another host", SpecTimeout(2*time.Minute), "127.0.0.2"),
	)
})
