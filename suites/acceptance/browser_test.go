package acceptance_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// browser is a tab of a headless Chromium, and what went wrong in it.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	problems []string // errors on the console
	forgiven []string // texts of errors that a spec provokes
	hosts    []string // that were asked for anything
}

// browse opens a page of a server. When the spec ends, the console must be free of errors, and
// nothing may have been asked of another host.
func browse(r *server, at string) *browser {
	GinkgoHelper()
	return tab(hostOf(r.dashboard), r.dashboard+"/"+at)
}

// tab opens an address. The page may ask only one host for anything; "" is none.
func tab(host, address string) *browser {
	GinkgoHelper()
	ctx, cancel := chromedp.NewContext(chromium(), chromedp.WithNewBrowserContext())
	b := &browser{ctx: ctx}
	DeferCleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range b.forgiven {
			b.problems = slices.DeleteFunc(b.problems, func(p string) bool { return strings.Contains(p, text) })
		}
		Expect(b.problems).To(BeEmpty(), "errors on the console")
		for _, asked := range b.hosts {
			Expect(asked).To(BeElementOf(host, ""), "a request to another host")
		}
	})
	Expect(chromedp.Do(ctx)).To(Succeed()) // opens the tab, which is closed with this context
	Expect(chromedp.Listen(ctx, b.listen)).To(Succeed())
	b.do(chromedp.Navigate(address))
	return b
}

// running is this process's Chromium, once a spec has asked for it: a tab with a profile of its own
// is enough for each.
var running struct {
	ctx  context.Context
	stop func()
}

// chromium is the context of a running Chromium.
func chromium() context.Context {
	GinkgoHelper()
	if running.ctx != nil {
		return running.ctx
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing("chromium", err.Error())
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1440, 900), chromedp.Flag("disable-dev-shm-usage", true))
	allocated, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	Expect(chromedp.Do(ctx)).To(Succeed())
	running.ctx, running.stop = ctx, func() { cancel(); release() }
	return ctx
}

var _ = AfterSuite(func() {
	if running.ctx != nil {
		running.stop()
	}
})

func hostOf(address string) string {
	u, err := url.Parse(address)
	Expect(err).NotTo(HaveOccurred())
	return u.Host
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text+" "+e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.problems = append(b.problems, fmt.Sprintf("console.%s: %v", e.Type, e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && u.Scheme != "blob" {
			b.hosts = append(b.hosts, u.Host)
		}
	}
}

// do runs actions, for half a minute at most. What the page draws anew between finding an element
// and using it is looked for again, as a person would.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	for _, action := range actions {
		err := chromedp.Do(ctx, action)
		for redrawn(err) && ctx.Err() == nil {
			err = chromedp.Do(ctx, action)
		}
		Expect(err).NotTo(HaveOccurred())
	}
}

// redrawn says whether an action did nothing because its element was gone by then.
func redrawn(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Could not find node with given id")
}

// navigated says whether an expression has no value because its page was left.
func navigated(err error) bool {
	return err != nil && slices.ContainsFunc([]string{
		"Inspected target navigated or closed", "Execution context was destroyed", "Cannot find context with specified id",
	}, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// click clicks the first element of that kind (button, a, label) whose text begins so.
func (b *browser) click(kind, text string) {
	GinkgoHelper()
	b.clickPath(fmt.Sprintf(`(//%s[starts-with(normalize-space(.), %q)])[1]`, kind, text))
}

// clickPath clicks the element of an XPath.
func (b *browser) clickPath(path string) {
	GinkgoHelper()
	b.hits(fmt.Sprintf(`document.evaluate(%q, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue`, path), chromedp.Click(chromedp.Search(path)))
}

// hits clicks until the click comes to an element, which a JavaScript expression finds: the page
// may move it after the browser was asked where it is.
func (b *browser) hits(element string, click chromedp.Action[chromedp.Void]) {
	GinkgoHelper()
	for limit := time.Now().Add(30 * time.Second); ; {
		b.eval(fmt.Sprintf(`(window.hit = "no", addEventListener("click", (e) => { window.hit = %s?.contains(e.target) ? "yes" : "no"; }, { capture: true, once: true }))`, element))
		b.do(click)
		// Another page knows nothing of the click.
		if b.eval(`window.hit`) != "no" {
			return
		}
		Expect(time.Now()).To(BeTemporally("<", limit), "no click comes to %s", element)
	}
}

// field is the place to write of the field with a label.
func field(label string) chromedp.Search {
	return chromedp.Search(fmt.Sprintf(`(//label[contains(., %[1]q)]//*[self::input or self::textarea or self::select] | //input[@id = //label[contains(., %[1]q)]/@for])[last()]`, label))
}

// fill types text in the place of what stands in the field with that label.
func (b *browser) fill(label, text string) {
	GinkgoHelper()
	b.do(chromedp.Focus(field(label)))
	b.eval(`document.activeElement.value = ""`)
	b.do(chromedp.SendKeys(field(label), text))
}

// choose picks an option of the field with that label, by its value.
func (b *browser) choose(label, value string) {
	GinkgoHelper()
	b.do(chromedp.Focus(field(label)))
	b.eval(fmt.Sprintf(`(document.activeElement.value = %q, document.activeElement.dispatchEvent(new Event("change", { bubbles: true })))`, value))
}

// opens opens the first entry of the list that has a text.
func (b *browser) opens(text string) {
	GinkgoHelper()
	b.clickPath(fmt.Sprintf(`(//ol[@id='list']//button[contains(., %q)])[1]`, text))
}

// clickOn clicks the first element of a CSS selector.
func (b *browser) clickOn(selector string) {
	GinkgoHelper()
	b.hits(fmt.Sprintf(`document.querySelector(%q)`, selector), chromedp.Click(chromedp.CSS(selector)))
}

// presses presses the mouse on the first element of a CSS selector, and returns what releases it.
func (b *browser) presses(selector string) (release func()) {
	GinkgoHelper()
	b.do(chromedp.WaitVisible(chromedp.CSS(selector)))
	var x, y float64
	at := b.eval(fmt.Sprintf(`(({ x, y, width, height }) => (x + width / 2) + " " + (y + height / 2))(document.querySelector(%q).getBoundingClientRect())`, selector))
	_, err := fmt.Sscan(at, &x, &y)
	Expect(err).NotTo(HaveOccurred(), at)
	b.do(chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	return func() {
		b.do(chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	}
}

// tab shows a tab of the detail.
func (b *browser) tab(title string) {
	GinkgoHelper()
	b.click("button[@role='tab']", title)
}

// closes waits until no dialog is open.
func (b *browser) closes() {
	GinkgoHelper()
	Eventually(func() string { return b.eval(`document.querySelector("dialog").open`) }).Should(Equal("false"))
}

// count is how many elements a selector finds.
func (b *browser) count(selector string) func() string {
	return func() string { return b.eval(fmt.Sprintf(`document.querySelectorAll(%q).length`, selector)) }
}

// forgives leaves out of the account what the console says with a text in it.
func (b *browser) forgives(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgiven = append(b.forgiven, text)
}

// uploads chooses a file for a field.
func (b *browser) uploads(selector, file string) {
	GinkgoHelper()
	b.do(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// press types keys where the focus is.
func (b *browser) press(keys string) {
	GinkgoHelper()
	b.do(chromedp.KeyEvent(keys))
}

// text is the text of the first element that a selector finds; "" without one.
func (b *browser) text(selector string) string {
	GinkgoHelper()
	return b.eval(fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector))
}

// eval evaluates an expression that gives text. It waits until the page has arrived completely. If
// the tab goes to another page meanwhile, eval evaluates the expression there.
func (b *browser) eval(expression string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	const partial = "the page arrives"
	text := chromedp.Evaluate[string](fmt.Sprintf("document.readyState === 'loading' ? %q : String(%s)", partial, expression))
	out, err := chromedp.Run(ctx, text)
	for (navigated(err) || out == partial) && ctx.Err() == nil {
		out, err = chromedp.Run(ctx, text)
	}
	Expect(err).NotTo(HaveOccurred())
	Expect(out).NotTo(Equal(partial), "the page has not arrived in half a minute")
	return strings.TrimSpace(out)
}

// sees waits for an element to show a text.
func (b *browser) sees(selector, text string) {
	GinkgoHelper()
	Eventually(func() string { return b.text(selector) }).Should(ContainSubstring(text))
}

var _ = Describe("the browser of these specs", func() {
	It("evaluates an expression while the tab goes from page to page", func() {
		reloading := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<link rel="icon" href="data:,"><script>setTimeout(() => location.reload(), 1)</script>`)
		}))
		DeferCleanup(reloading.Close)
		b := tab(hostOf(reloading.URL), reloading.URL)
		for range 60 {
			Expect(b.eval(`1 + 1`)).To(Equal("2"))
		}
	})

	It("clicks an element that moves away", func() {
		moving := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<link rel="icon" href="data:,"><button onclick="this.textContent = 'clicked'" style="position: absolute">click</button>
				<script>addEventListener("pointerdown", () => { document.querySelector("button").style.top = "300px"; }, { once: true })</script>`)
		}))
		DeferCleanup(moving.Close)
		b := tab(hostOf(moving.URL), moving.URL)
		b.clickOn("button")
		Expect(b.text("button")).To(Equal("clicked"))
	})

	It("evaluates an expression when the page has arrived completely", func() {
		slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `<link rel="icon" href="data:,"><a href="/slow">slow</a>`)
			if r.URL.Path == "/slow" {
				_ = http.NewResponseController(w).Flush()
				time.Sleep(300 * time.Millisecond) // a slow server; the spec passes without it too
				_, _ = io.WriteString(w, `<p>end</p>`)
			}
		}))
		DeferCleanup(slow.Close)
		b := tab(hostOf(slow.URL), slow.URL)
		b.click("a", "slow")
		Eventually(func() string { return b.eval(`location.pathname`) }).Should(Equal("/slow"))
		Expect(b.text("p")).To(Equal("end"))
	})
})
