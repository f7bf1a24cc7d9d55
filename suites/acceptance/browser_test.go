package acceptance_test

import (
	"context"
	"fmt"
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
	hosts    []string // that were asked for anything
}

// browse opens a page of a rig. When the spec ends, the console must be free of errors, and nothing may have been asked
// of another host.
func browse(r *rig, at string) *browser {
	GinkgoHelper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing("chromium", err.Error())
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1440, 900), chromedp.Flag("disable-dev-shm-usage", true))
	allocated, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocated)
	b := &browser{ctx: ctx}
	DeferCleanup(func() {
		cancel()
		release()
		b.mu.Lock()
		defer b.mu.Unlock()
		Expect(b.problems).To(BeEmpty(), "errors on the console")
		for _, host := range b.hosts {
			Expect(host).To(BeElementOf(hostOf(r.desk), ""), "a request to another host")
		}
	})
	Expect(chromedp.Do(ctx)).To(Succeed()) // starts the browser, which ends with this context
	Expect(chromedp.Listen(ctx, b.listen)).To(Succeed())
	b.do(chromedp.Navigate(r.desk + "/" + at))
	return b
}

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

// do runs actions, for half a minute at most.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	Expect(chromedp.Do(ctx, actions...)).To(Succeed())
}

// click clicks the first element of that kind (button, a, label) whose text begins so.
func (b *browser) click(kind, text string) {
	GinkgoHelper()
	b.do(chromedp.Click(chromedp.Search(fmt.Sprintf(`(//%s[starts-with(normalize-space(.), %q)])[1]`, kind, text))))
}

// fill types text in the place of what stands in the field with that label.
func (b *browser) fill(label, text string) {
	GinkgoHelper()
	field := chromedp.Search(fmt.Sprintf(`(//label[contains(., %[1]q)]//input | //input[@id = //label[contains(., %[1]q)]/@for])[1]`, label))
	b.do(chromedp.Focus(field))
	b.eval(`document.activeElement.value = ""`)
	b.do(chromedp.SendKeys(field, text))
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

// eval evaluates an expression that gives text.
func (b *browser) eval(expression string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("String(%s)", expression)))
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(out)
}

// sees waits for an element to show a text.
func (b *browser) sees(selector, text string) {
	GinkgoHelper()
	Eventually(func() string { return b.text(selector) }).Should(ContainSubstring(text))
}
