package acceptance_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("the page's deliveries", func() {
	It("show retries as a virtual clock moves", func(ctx SpecContext) {
		r := serve("--data", "memory", "--clock", "virtual")
		Expect(r.client.Configure(ctx, "shop", mockserver.Settings{Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 503}, {Status: 200}}}})).To(Succeed())
		b := browse(r, "#view=system&system=neostore")
		_, err := r.client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: r.capture + "/shop", Tenant: "demo", Events: []string{"Pass:*"}, Retry: "at-least-once"})
		Expect(err).NotTo(HaveOccurred())
		b.click("a", "deliveries")
		b.sees("#empty", "Nothing was sent yet")
		b.isAccessible()
		b.sees("#head", "Virtual clock")
		b.click("a", "The Wallet Crew")
		b.click("button", "Create a pass")
		b.sees("#said", "happened")
		b.click("a", "deliveries")
		b.sees("#list .row", "pending")
		b.sees("#head", "1 delivery pending")
		b.clickOn("#list .row")
		b.sees("#detail h2", "Pass:Created → "+r.capture+"/shop")
		b.sees("#tab-panel", "503")
		b.isAccessible()
		b.click("button", "to the next attempt")
		b.sees("#list .row", "delivered")
		b.sees(".tabs", "#2 · 200")
		Expect(b.eval(`document.querySelector(".timeline").getAttribute("aria-label")`)).To(MatchRegexp(`2 attempts: 503, after .+ 200`))
		b.sees("#head", "No delivery is pending")
		b.isAccessible()

		By("delivering it again")
		b.click("button", "Deliver again")
		Eventually(b.count("#list .row")).Should(Equal("2"))
		b.choose("State", "exhausted")
		b.sees("#empty", "No matching delivery")
		b.choose("State", "")
		Eventually(b.count("#list .row")).Should(Equal("2"))

		By("the captures of the same delivery")
		b.click("a", "shop")
		b.sees("#list .row", "200")
		b.opens("503")
		b.tab("Attempts")
		b.sees("#tab-panel", "this one")
		Expect(b.count(".timeline circle")()).NotTo(Equal("0"))
		b.tab("Timing")
		b.sees("#tab-panel", "Exchange took")
		b.isAccessible()
	}, SpecTimeout(2*time.Minute))
})
