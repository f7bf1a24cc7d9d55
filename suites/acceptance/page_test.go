package acceptance_test

import (
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver/capture"
	"github.com/hookrig/hookrig/mockserver/journal"
)

var _ = Describe("the page", func() {
	It("shows a sample as it arrives, explains it and resends it", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "")
		b.sees("#empty", "Waiting for the first request")
		b.isAccessible()
		b.click("button", "Send a sample of The Wallet Crew")
		b.sees("#list .row", "Pass:Installed")
		b.sees("#bins", "inbox")

		By("explaining a wrong signature")
		Expect(r.client.Configure(ctx, "inbox", capture.Settings{Provider: "neostore", Secrets: []string{"right"}})).To(Succeed())
		run(ctx, 0, "send", "neostore", "Pass:Created", "--to", r.capture+"/inbox", "--secret", "wrong")
		b.sees("#list .row", "mismatch")
		b.do(chromedp.Click(chromedp.CSS("#list .row")))
		b.sees("#detail h2", "POST /inbox")
		b.click("button[@role='tab']", "Signature")
		b.sees("#tab-panel", "not the hmac-sha256")
		b.fill("Secret", "wrong")
		b.click("button", "Judge")
		b.sees("#tab-panel div div", "valid")
		b.isAccessible()

		By("resending it, signed anew with the right secret")
		b.do(chromedp.Focus(chromedp.CSS("#list .row")))
		b.press("r")
		b.sees("dialog h2", "Resend")
		b.click("label", "Sign it anew")
		b.do(chromedp.SendKeys(chromedp.CSS("dialog input[name=secret]"), "right"))
		b.isAccessible()
		b.do(chromedp.Click(chromedp.CSS("dialog form button")))
		b.sees("dialog output", "answered 200")
		b.click("button", "Close")
		b.sees("#list .row", "valid")
		newest, err := r.client.Captures(ctx, capture.Query{CaptureQuery: journal.CaptureQuery{Bin: "inbox", Limit: 2}})
		Expect(err).NotTo(HaveOccurred())
		Expect(newest[0].Verification.Verdict).To(Equal("valid"))
		Expect(newest[0].Body).To(Equal(newest[1].Body))
	}, SpecTimeout(2*time.Minute))

	It("is used by keys", func(ctx SpecContext) {
		r := serve("--data", "memory")
		for _, path := range []string{"one", "two", "three"} {
			run(ctx, 0, "send", "ethpass", "pass:scan", "--to", r.capture+"/keys/"+path)
		}
		b := browse(r, "#bin=keys")
		b.sees("#list", "/one")
		focused := func() string { return b.eval(`document.activeElement.innerText`) }
		b.press("j")
		Eventually(focused).Should(ContainSubstring("/three"))
		b.press("j")
		Eventually(focused).Should(ContainSubstring("/two"))
		b.press("k")
		Eventually(focused).Should(ContainSubstring("/three"))
		b.press(kb.Enter)
		b.sees("#detail h2", "POST /keys/three")
		b.press("y")
		b.sees("#state", "copied as curl")
		b.press("?")
		b.sees("dialog h2", "Keys")
		b.isAccessible()
		b.press(kb.Escape)
		Eventually(func() string { return b.eval(`document.querySelector("dialog").open`) }).Should(Equal("false"))
		b.press("/")
		Eventually(func() string { return b.eval(`document.activeElement.id`) }).Should(Equal("q"))
		b.press("keys/two" + kb.Enter)
		Eventually(func() string { return b.eval(`document.querySelectorAll("#list .row").length`) }).Should(Equal("1"))
		b.click("button", "Keep this search")
		b.sees("#searches", "keys/two")

		By("keeping what is shown in the address")
		b.do(chromedp.Click(chromedp.CSS("#list .row")), chromedp.Reload())
		b.sees("#detail h2", "POST /keys/two")
	}, SpecTimeout(2*time.Minute))

	It("shows every byte and rounds no number", func(ctx SpecContext) {
		r := serve("--data", "memory")
		const body = `{"n":12345678901234567890,"s":"a\/b","x":"<script>document.title='run'</script>"}`
		post(r.capture+"/exact", body)
		b := browse(r, "")
		b.sees("#list", "/exact")
		b.do(chromedp.Click(chromedp.CSS("#list .row")))
		b.sees("#tab-panel pre", "12345678901234567890")
		Expect(b.text("#tab-panel pre")).To(ContainSubstring(`"s": "a\/b"`))
		b.click("button[@role='tab']", "Raw")
		b.sees("#tab-panel pre", body)
		Expect(b.eval("document.title")).To(Equal("hookrig"), "what was captured never runs")
		for _, tab := range []string{"Headers", "Timing", "Reply", "Attempts"} {
			b.click("button[@role='tab']", tab)
			Eventually(func() string { return b.text("#tab-panel") }).ShouldNot(BeEmpty())
			b.isAccessible()
		}
	}, SpecTimeout(2*time.Minute))

	It("is light and dark", func(ctx SpecContext) {
		r := serve("--data", "memory")
		run(ctx, 0, "send", "ethpass", "pass:scan", "--to", r.capture+"/dark")
		b := browse(r, "")
		b.sees("#list", "/dark")
		b.do(chromedp.Click(chromedp.CSS("#list .row")))
		ground := func() string { return b.eval(`getComputedStyle(document.body).backgroundColor`) }
		light := ground()
		b.do(chromedp.Click(chromedp.CSS("#theme")))
		Eventually(ground).ShouldNot(Equal(light))
		b.isAccessible()
		b.do(chromedp.Reload())
		b.sees("#list", "/dark")
		Expect(ground()).NotTo(Equal(light), "the theme is kept")
	}, SpecTimeout(2*time.Minute))
})
