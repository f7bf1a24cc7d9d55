package acceptance_test

import (
	"net/http"
	"net/http/httptest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("the panels of the systems", func() {
	It("register a webhook of The Wallet Crew, which then gets the events of passes", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "")
		b.click("a", "The Wallet Crew")
		b.sees("#detail", "No webhooks yet.")
		b.isAccessible()
		b.click("button", "Register")
		b.sees("#said", "is registered")
		b.click("button", "Create a pass")
		b.sees("#said.good", "Pass:Created happened")
		b.click("button", "Install (apple)")
		b.sees("#said", "Pass:Installed")
		b.sees("#detail", "Remove from apple")
		b.isAccessible()
		Eventually(ctx, func() ([]mockserver.Capture, error) { return r.captured(ctx, "neostore") }).Should(HaveLen(2))
		b.click("button", "Disable")
		b.sees("#said", "changed")
		b.click("button", "Upsert a customer")
		b.sees("#said", "Customer:Upserted")
		Consistently(ctx, func() ([]mockserver.Capture, error) { return r.captured(ctx, "neostore") }).Should(HaveLen(2))
		b.click("button", "Delete")
		b.sees("#detail", "No webhooks yet.")
		b.click("a", "Subscribfy")
		b.sees("#systems [aria-current]", "Subscribfy")
	}, SpecTimeout(2*time.Minute))

	It("generate Subscribfy's token, make a Test Call and save", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "#view=system&system=subscribfy")
		b.sees("#detail", "The store has no token yet")
		b.click("button", "Generate")
		b.sees("#detail", "Copy it now: you won't see it again.")
		b.isAccessible()
		b.fill("Wallet pass created", r.capture+"/subscribfy")
		b.click("button", "Test Call")
		b.sees("#said", r.capture+"/subscribfy: 200")
		got, err := r.captured(ctx, "subscribfy")
		Expect(err).NotTo(HaveOccurred())
		Expect(string(got[0].Body)).To(ContainSubstring(`"topic":"wallet_pass\/created"`))

		By("taking nothing from who types while the panel is drawn anew")
		b.click("button", "Test Call")
		b.fill("Wallet pass updated", r.capture+"/sub")
		b.click("button", "Test Call")
		b.eval(`document.querySelectorAll("#detail input[name=urls]")[1].focus()`)
		b.press("scribfy")
		Eventually(ctx, func() ([]mockserver.Capture, error) { return r.captured(ctx, "subscribfy") }).Should(HaveLen(3))
		Expect(b.eval(`document.activeElement.value`)).To(Equal(r.capture + "/subscribfy"))
		Expect(b.eval(`document.querySelectorAll("#detail input[name=urls]")[0].value`)).To(Equal(r.capture + "/subscribfy"))

		b.click("button", "Save")
		b.sees("#said", "wallet_pass/created is saved")

		By("saying that a Test Call failed, and why")
		refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad signature", http.StatusUnauthorized) }))
		DeferCleanup(refuses.Close)
		b.fill("Wallet pass updated", refuses.URL)
		b.eval(`[...document.querySelectorAll("#detail .event")].find((e) => e.textContent.includes("Wallet pass updated")).querySelector("button").click()`)
		b.sees("#said.bad", "Test Call failed: "+refuses.URL+": 401 bad signature")
		b.sees("#said.bad a", "View the delivery")
		b.click("button", "Create a customer")
		b.sees("#said", "happened")
		Eventually(ctx, func() ([]mockserver.Capture, error) { return r.captured(ctx, "subscribfy") }).Should(HaveLen(4))
	}, SpecTimeout(2*time.Minute))

	It("update ethpass's endpoint, which then gets the events of passes", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "#view=system&system=ethpass")
		b.sees("#detail", "No passes yet.")
		b.isAccessible()
		b.fill("Authorization", "a secret of ours")
		b.click("button", "Update")
		b.sees("#said", "updated")
		b.click("button", "Create a pass")
		b.sees("#said", "created")
		b.click("button", "Install")
		b.sees("#said", "installed")
		b.click("button", "Revoke")
		b.sees("#detail", "USER_REVOKE")
		Eventually(ctx, func() ([]mockserver.Capture, error) { return r.captured(ctx, "ethpass") }).Should(HaveLen(3))
		got, err := r.captured(ctx, "ethpass")
		Expect(err).NotTo(HaveOccurred())
		Expect(got[0].Headers.Get("Authorization")).To(Equal("a secret of ours"))
	}, SpecTimeout(2*time.Minute))

	It("walk OAuth's implicit flow", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "neostore/authorize?response_type=token&client_id=crm&scope=Webhook.Read&state=xyz&redirect_uri="+r.dashboard+"/api/docs/")
		b.sees("body", "Webhook.Read")
		b.isAccessible()
		b.fill("Tenant", "demo")
		b.fill("Key of the tenant", "demo-key")
		b.click("button", "Allow")
		Eventually(func() string { return b.eval("location.hash") }).Should(And(ContainSubstring("access_token="), ContainSubstring("state=xyz")))
	}, SpecTimeout(2*time.Minute))
})

// captured is what a bin holds, newest first.
func (r *server) captured(ctx SpecContext, bin string) ([]mockserver.Capture, error) {
	return r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin}})
}

var _ = Describe("the page, while answers of its server come late", func() {
	It("shows what was chosen last", func(_ SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "")
		b.sees("#detail", "Select an entry")
		// Calls for the tenants of The Wallet Crew wait for release.
		b.eval(`(() => {
			const fetched = window.fetch;
			const wait = new Promise((release) => { window.release = release; });
			window.fetch = async (url, options) => {
				if (String(url).endsWith("/providers/neostore/tenants")) await wait;
				return fetched(url, options);
			};
		})()`)
		b.click("a", "The Wallet Crew")
		b.sees("#systems [aria-current]", "The Wallet Crew")
		b.click("a", "Subscribfy")
		b.sees("#detail h2", "Subscribfy")
		b.eval(`window.release()`)
		Consistently(func() string { return b.text("#detail h2") }, "500ms").Should(Equal("Subscribfy"))
		b.click("a", "The Wallet Crew")
		b.sees("#detail h2", "The Wallet Crew")
	}, SpecTimeout(2*time.Minute))
})
