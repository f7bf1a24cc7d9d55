package acceptance_test

import (
	"fmt"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the page's search", func() {
	It("finds, explains mistakes, narrows by a click and stays in the URL", func(ctx SpecContext) {
		r := serve("--data", "memory")
		for _, event := range []string{"pass:scan", "pass:create"} {
			run(ctx, 0, "send", "ethpass", event, "--to", r.capture+"/shop")
		}
		post(r.capture+"/other", `{"amount":7}`)
		b := browse(r, "")
		b.forgives("422")
		b.sees("#list", "/other")
		search := func(text string) {
			b.do(chromedp.Focus(chromedp.CSS("#q")))
			b.eval(`document.activeElement.value = ""`)
			b.press(text + kb.Enter)
		}
		search("metod:POST")
		b.sees("#wrong", `did you mean "method"`)
		b.isAccessible()
		search(`bin:shop "pass:scan"`)
		Eventually(b.count("#list .row")).Should(Equal("1"))
		Expect(b.text("#wrong")).To(BeEmpty())
		b.sees("#head", `bin:shop "pass:scan"`)

		By("following along")
		run(ctx, 0, "send", "ethpass", "pass:scan", "--to", r.capture+"/shop")
		run(ctx, 0, "send", "ethpass", "pass:create", "--to", r.capture+"/shop")
		Eventually(b.count("#list .row")).Should(Equal("2"))
		Expect(b.text("#list")).NotTo(ContainSubstring("pass:create"))

		By("keeping it, by a name")
		b.click("button", "Save search")
		b.fill("Name", "scans")
		b.isAccessible()
		b.click("button[@class='action main']", "Save")
		b.sees("#searches", "scans")
		b.click("button", "Clear search")
		b.sees("#list", "/other")
		b.click("a", "scans")
		Eventually(b.count("#list .row")).Should(Equal("2"))
		Expect(b.eval("document.querySelector('#q').value")).To(Equal(`bin:shop "pass:scan"`))
		b.do(chromedp.Reload())
		Eventually(b.count("#list .row")).Should(Equal("2"), "the address keeps it")
		b.clickOn("#searches .symbol")
		Eventually(func() string { return b.eval(`document.querySelector("#kept").hidden`) }).Should(Equal("true"))

		By("a condition")
		b.click("button", "Clear search")
		b.click("button", "jq")
		b.press(`.body.amount == 7` + kb.Enter)
		Eventually(b.count("#list .row")).Should(Equal("1"))
		b.sees("#list .row", "/other")
		b.isAccessible()

		By("a click on a value")
		b.click("button", "Clear search")
		Eventually(b.count("#list .row")).Should(Equal("5"))
		b.opens("pass:create")
		b.tab("Headers")
		b.clickPath(`(//div[@id='tab-panel']//tr[contains(., 'User-Agent')]//a)[1]`)
		Eventually(b.count("#list .row")).Should(Equal("4"))
		b.sees("#head", "header.user-agent:")
		b.clickPath(`//article//a[@title='Search for "pass:create"']`)
		Eventually(b.count("#list .row")).Should(Equal("2"))
		b.sees("#detail h2", "POST /shop")

		By("its help, in the API's own words")
		b.click("button", "How to search")
		b.sees("#fields", "the status of the response")
		b.isAccessible()

		By("taking nothing that is typed and not sent, until another place is shown")
		b.press(kb.Escape)
		b.do(chromedp.Focus(chromedp.CSS("#q")))
		b.press(" more")
		typed := b.eval(`document.querySelector("#q").value`)
		post(r.capture+"/other", "{}")
		b.sees("#bins", "6")
		Expect(b.eval(`document.querySelector("#q").value`)).To(And(Equal(typed), HaveSuffix("more")))
		b.click("a", "deliveries")
		b.sees("#head h2", "Deliveries")
		Expect(b.eval(`document.querySelector("#q").value`)).To(BeEmpty())
	}, SpecTimeout(2*time.Minute))

	It("pages to the oldest, with a query too", func(ctx SpecContext) {
		r := serve("--data", "memory")
		for i := range 150 {
			kind := "common"
			if i%50 == 0 {
				kind = "rare"
			}
			post(fmt.Sprintf("%s/paged/%s/%d", r.capture, kind, i), "{}")
		}
		b := browse(r, "#bin=paged")
		Eventually(b.count("#list .row")).Should(Equal("60"))
		b.click("button", "Older")
		Eventually(b.count("#list .row")).Should(Equal("120"))
		b.click("button", "Older")
		Eventually(b.count("#list .row")).Should(Equal("150"))
		b.sees("#searching", "End of the list")
		Expect(b.eval(`document.querySelector("#older").hidden`)).To(Equal("true"))
		Expect(b.eval(`[...document.querySelectorAll("#list .row .what")].at(-1).innerText`)).To(Equal("/rare/0"))
		b.eval(`location.hash = "#bin=paged&q=path:/rare"`)
		Eventually(b.count("#list .row")).Should(Equal("3"))
	}, SpecTimeout(2*time.Minute))
})
