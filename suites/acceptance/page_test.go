package acceptance_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

var _ = Describe("the page", func() {
	It("shows a sample as it arrives, explains it and resends it", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "")
		b.sees("#empty", "Waiting for the first request")
		b.sees("#detail", "Select an entry")
		b.isAccessible()
		b.click("button", "Send a sample of The Wallet Crew")
		b.sees("#list .row", "Pass:Installed")
		b.sees("#bins", "inbox")
		b.sees("#state", "live")

		By("explaining a wrong signature")
		Expect(r.client.Configure(ctx, "inbox", mockserver.Settings{Provider: "neostore", Secrets: []string{"right"}})).To(Succeed())
		run(ctx, 0, "send", "neostore", "Pass:Created", "--to", r.capture+"/inbox", "--secret", "wrong")
		b.sees("#list .row", "mismatch")
		b.clickOn("#list .row")
		b.sees("#detail h2", "POST /inbox")
		b.sees("#tab-panel", "Matches the schema of Pass:Created")
		b.tab("Signature")
		b.sees("#tab-panel", "not the hmac-sha256")
		b.fill("Secret", "wrong")
		b.click("button", "Check")
		b.sees("#tab-panel [role=status]", "valid")
		b.isAccessible()

		By("resending it, signed anew with the right secret")
		b.do(chromedp.Focus(chromedp.CSS("#list .row")))
		b.press("r")
		b.sees("dialog h2", "Resend")
		b.click("label", "Sign again")
		b.do(chromedp.SendKeys(chromedp.CSS("dialog input[name=secret]"), "right"))
		b.isAccessible()
		b.clickOn("dialog .main")
		b.sees("dialog .outcome", "answered 200")
		b.isAccessible()
		b.click("button", "Close")
		b.sees("#list .row", "valid")
		newest, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "inbox", Limit: 2}})
		Expect(err).NotTo(HaveOccurred())
		Expect(newest[0].Verification.Verdict).To(BeEquivalentTo("valid"))
		Expect(newest[0].Body).To(Equal(newest[1].Body))

		By("resending it changed, with a number that no browser holds")
		b.press("r")
		b.click("label", "Change the request")
		b.fill("Members of the JSON body", `/passType = 12345678901234567890`)
		b.fill("Header lines", "X-Test: 1")
		b.clickOn("dialog .main")
		b.sees("dialog .outcome", "answered 200")
		Eventually(ctx, func(g Gomega) { // the outcome may still be that of the dialog before
			newest, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "inbox", Limit: 1}})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(string(newest[0].Body)).To(ContainSubstring(`"passType":12345678901234567890`))
			g.Expect(newest[0].Headers.Get("X-Test")).To(Equal("1"))
		}).Should(Succeed())
	}, SpecTimeout(2*time.Minute))

	It("shows the response of a request, and its deletion", func(ctx SpecContext) {
		answer := make(chan struct{})
		consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-answer
			w.WriteHeader(http.StatusOK)
		}))
		response := sync.OnceFunc(func() { close(answer) })
		DeferCleanup(func() { response(); consumer.Close() })
		r := serve("--data", "memory")
		Expect(r.client.Configure(ctx, "orders", mockserver.Settings{Forward: consumer.URL})).To(Succeed())
		b := browse(r, "#bin=orders")
		b.sees("#state", "live")
		sent := make(chan struct{})
		go func() {
			defer GinkgoRecover()
			defer close(sent)
			postAs(r.capture+"/orders/1", "text/plain", "one")
		}()
		b.sees("#list .row", "/1")
		Expect(b.eval(`document.querySelector("#list .row").innerText`)).NotTo(ContainSubstring("200"))
		b.clickOn("#list .row")
		b.sees("#detail h2", "POST /orders/1")
		response()
		<-sent
		b.sees("#list .row", "200")
		b.sees("#detail", "200")
		b.isAccessible()

		By("deleting it elsewhere")
		postAs(r.capture+"/other/2", "text/plain", "two")
		captures, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "orders"}})
		Expect(err).NotTo(HaveOccurred())
		Expect(captures).To(HaveLen(1))
		_, err = r.client.ClearBin(ctx, "orders")
		Expect(err).NotTo(HaveOccurred())
		b.sees("#detail", "The server no longer has this record")
		Eventually(func() string { return b.eval(`String(document.querySelectorAll("#list .row").length)`) }).Should(Equal("0"))
		b.isAccessible()
	}, SpecTimeout(2*time.Minute))

	It("recognises and verifies requests of this server without settings", func(ctx SpecContext) {
		r := serve("--data", "memory", "--seed-demo")
		b := browse(r, "")
		for _, title := range []string{"The Wallet Crew", "Subscribfy"} {
			b.eval(`location.hash = "#bin=` + strings.ToLower(title[:3]) + `"`)
			b.sees("#empty", "Waiting for the first request")
			b.click("button", "Send a sample of "+title)
			b.sees("#list .row", "valid")
		}
		b.clickOn("#list .row")
		b.tab("Signature")
		b.sees("#tab-panel", "valid")
		b.sees("#tab-panel", "the secret of the sample")
		Expect(b.eval(`document.querySelector("#tab-panel select[name=provider]").value`)).To(Equal("subscribfy"))
		b.do(chromedp.Focus(chromedp.CSS("#list .row")))
		b.press("r")
		b.click("label", "Sign again")
		Expect(b.eval(`document.querySelector("dialog select[name=provider]").value`)).To(Equal("subscribfy"))
		b.clickOn("dialog .main")
		b.sees("dialog .outcome", "answered 200")
		newest, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: "sub", Limit: 1}})
		Expect(err).NotTo(HaveOccurred())
		Expect(newest[0].Verification.Verdict).To(BeEquivalentTo("valid"))

		By("offering an address that records")
		b.click("button", "Close")
		b.eval(`location.hash = "#"`)
		b.sees("#head h2", "All bins")
		postAs(b.text("#head code.address"), "text/plain", "copied")
		b.sees("#bins", "inbox")
	}, SpecTimeout(2*time.Minute))

	It("holds any number of deliveries, and bodies of any size", func(ctx SpecContext) {
		r := serve("--data", "memory")
		_, err := r.client.Register(ctx, mockserver.Endpoint{Provider: "neostore", URL: r.capture + "/inbox", Events: []string{"Pass:*"}})
		Expect(err).NotTo(HaveOccurred())
		for range 12 {
			_, err := r.client.Emit(ctx, "neostore", slices.Repeat([]mockserver.Emission{{Event: "Pass:Created"}}, 20)...)
			Expect(err).NotTo(HaveOccurred())
		}
		b := browse(r, "#view=deliveries")
		b.sees("#list .row", "Pass:Created")
		for rows := 60; rows <= 180; rows += 60 {
			Eventually(b.count("#list .row")).Should(Equal(fmt.Sprint(rows)))
			Expect(b.eval(`document.documentElement.scrollHeight - innerHeight`)).To(Equal("0"), "the page itself does not scroll, with %d rows", rows)
			b.clickOn("#older")
		}
		b.eval(`document.querySelector("#list li:last-child .row").scrollIntoView()`)
		Expect(b.eval(`document.querySelector("header").getBoundingClientRect().top`)).To(Equal("0"))

		By("listing large bodies without them")
		for range 40 {
			postAs(r.capture+"/large", "application/json", `{"type": "large", "pad": "`+strings.Repeat("x", 3<<20)+`"}`)
		}
		b.eval(`location.hash = "#bin=large"`)
		Eventually(b.count("#list .row")).Should(Equal("40"))
		Expect(b.eval(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/bins/large/captures")).reduce((n, e) => Math.max(n, e.decodedBodySize), 0) < 200000`)).To(Equal("true"))
		b.clickOn("#list .row")
		b.sees("#detail", "3.0 MiB")
	}, SpecTimeout(3*time.Minute))

	It("works with the keyboard", func(ctx SpecContext) {
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

		By("keeping the focus while others arrive")
		post(r.capture+"/keys/four", "{}")
		b.sees("#list .row", "/four")
		Expect(focused()).To(ContainSubstring("/two"))
		b.press("k")
		Eventually(focused).Should(ContainSubstring("/three"))
		b.press(kb.Enter)
		b.sees("#detail h2", "POST /keys/three")
		b.press("y")
		b.sees("#toast", "copied as curl")
		b.press("?")
		b.sees("dialog h2", "Keys")
		b.isAccessible()
		b.press(kb.Escape)
		b.closes()
		b.press("/")
		Eventually(func() string { return b.eval(`document.activeElement.id`) }).Should(Equal("q"))
		b.press("keys/two" + kb.Enter)
		Eventually(b.count("#list .row")).Should(Equal("1"))
		b.press(kb.Escape)
		Eventually(focused).Should(ContainSubstring("/two"))
	}, SpecTimeout(2*time.Minute))

	It("shows every byte, rounds no number and runs nothing", func(ctx SpecContext) {
		r := serve("--data", "memory")
		const attack = `<script>window.stolen='body'</script><img src=x onerror=window.stolen='image'>`
		const body = `{"n":12345678901234567890,"s":"a\/b","x":"` + attack + `","list":[{"deep":1.0},[]]}`
		post(r.capture+"/exact?<script>window.stolen='target'</script>", body)
		b := browse(r, "")
		b.sees("#list", "/exact")
		b.clickOn("#list .row")
		b.sees("#tab-panel .json", "12345678901234567890")
		Expect(b.text("#tab-panel .json")).To(And(ContainSubstring(`"s": "a\/b"`), ContainSubstring(attack), ContainSubstring(`"deep": 1.0`)))

		By("folding")
		b.do(chromedp.Focus(chromedp.CSS(".json details details summary")))
		b.press(kb.ArrowLeft)
		Eventually(func() string { return b.text("#tab-panel .json") }).Should(And(Not(ContainSubstring("deep")), ContainSubstring("2 items ]")))
		b.press(kb.ArrowRight)
		Eventually(func() string { return b.text("#tab-panel .json") }).Should(ContainSubstring("deep"))
		b.click("button", "Fold all")
		Eventually(func() string { return b.text("#tab-panel .json") }).ShouldNot(ContainSubstring("deep"))
		b.click("button", "Exact")
		Eventually(func() string { return b.text("#tab-panel pre") }).Should(Equal(body))

		b.tab("Raw")
		b.sees("#tab-panel pre", body)
		b.click("button", "Show line ends")
		b.sees("#tab-panel pre", "HTTP/1.1␍␊")
		for _, tab := range []string{"Headers", "Signature", "Timing", "Response", "Attempts", "Compare"} {
			b.tab(tab)
			Eventually(func() string { return b.text("#tab-panel") }).ShouldNot(BeEmpty())
			b.isAccessible()
		}
		Expect(b.eval("window.stolen")).To(Equal("undefined"), "what was captured never runs")
		Expect(b.eval("document.title")).To(Equal("hookrig"))
	}, SpecTimeout(2*time.Minute))

	It("shows forms as tables, bytes in hexadecimal and long bodies in parts", func(ctx SpecContext) {
		r := serve("--data", "memory")
		postAs(r.capture+"/many/form", "application/x-www-form-urlencoded", "name=Ada&note=two%20words")
		postAs(r.capture+"/many/binary", "application/octet-stream", "\x00\x01\xffhook")
		long := make([]byte, 300<<10)
		for i := range long {
			long[i] = 'a' + byte(i%26)
		}
		postAs(r.capture+"/many/long", "text/plain", string(long)+"THE END")
		b := browse(r, "#bin=many")
		b.opens("/form")
		b.sees("#tab-panel table", "two words")
		b.isAccessible()
		b.opens("/binary")
		b.sees("#tab-panel pre.hex", "00 01 ff 68 6f 6f 6b")
		b.sees("#tab-panel pre.hex", "...hook")
		b.opens("/long")
		b.sees("#tab-panel", "bytes more")
		Expect(b.text("#tab-panel pre")).NotTo(ContainSubstring("THE END"))
		b.click("button", "Show all")
		b.sees("#tab-panel pre", "THE END")
	}, SpecTimeout(2*time.Minute))

	It("shows bodies decoded, the parameters and the parts, and what cannot be read", func(ctx SpecContext) {
		r := serve("--data", "memory")
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, err := w.Write([]byte(`{"zipped":"Jörg"}`))
		Expect(err).NotTo(HaveOccurred())
		Expect(w.Close()).To(Succeed())
		post := func(path, kind, coding string, body []byte) {
			GinkgoHelper()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.capture+path, bytes.NewReader(body))
			Expect(err).NotTo(HaveOccurred())
			request.Header.Set("Content-Type", kind)
			if coding != "" {
				request.Header.Set("Content-Encoding", coding)
			}
			answer, err := http.DefaultClient.Do(request)
			Expect(err).NotTo(HaveOccurred())
			Expect(answer.Body.Close()).To(Succeed())
		}
		const parts = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\nContent-Transfer-Encoding: base64\r\n\r\naW4gYmFzZTY0\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"outer\"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" +
			"--c\r\nContent-Disposition: form-data; name=\"inner\"; filename=\"a.txt\"\r\n\r\nfrom inside\r\n--c--\r\n"
		post("/decoded/zip?shop=a+b&tag=1&tag=2", "application/json", "gzip", zipped.Bytes())
		post("/decoded/cut", "application/json", "gzip", zipped.Bytes()[:20])
		post("/decoded/parts", "multipart/form-data; boundary=b", "", []byte(parts))
		b := browse(r, "#bin=decoded")
		b.opens("/zip")
		b.sees("#tab-panel .chip", "decoded: gzip")
		b.sees("#tab-panel .json", "Jörg")
		b.sees("#tab-panel table", "a b")
		b.isAccessible()
		b.click("button", "As sent")
		b.sees("#tab-panel pre.hex", "1f 8b")
		b.opens("/cut")
		b.sees("#tab-panel .note", "the body cannot be decoded as gzip: it ends too early.")
		b.opens("/parts")
		b.sees("#tab-panel table", "in base64")
		b.sees("#tab-panel table", "outer / inner")
		b.sees("#tab-panel table", "from inside")
		b.sees("#tab-panel .note", "the body ends too early")
		b.isAccessible()
	}, SpecTimeout(2*time.Minute))

	It("is light and dark", func(ctx SpecContext) {
		r := serve("--data", "memory")
		run(ctx, 0, "send", "ethpass", "pass:scan", "--to", r.capture+"/dark")
		b := browse(r, "")
		b.sees("#list", "/dark")
		b.clickOn("#list .row")
		ground := func() string { return b.eval(`getComputedStyle(document.body).backgroundColor`) }
		light := ground()
		b.clickOn("#theme")
		Eventually(ground).ShouldNot(Equal(light))
		b.do(chromedp.Reload())
		b.sees("#list", "/dark")
		Expect(ground()).NotTo(Equal(light), "the theme is kept")
		b.isAccessible()
	}, SpecTimeout(2*time.Minute))

	It("does not move the text that somebody reads, and counts new requests", func(ctx SpecContext) {
		r := serve("--data", "memory")
		for i := range 30 {
			post(fmt.Sprintf("%s/read/%d", r.capture, i), "{}")
		}
		b := browse(r, "#bin=read")
		b.sees("#list", "/29")
		b.eval(`document.querySelector("#scroll").scrollTop = 200`)
		top := func() string { // which is first, and where it stands
			return b.eval(`document.querySelector("#list .row .what").innerText + document.querySelector("#list .row").getBoundingClientRect().top`)
		}
		before := top()
		post(r.capture+"/read/new", "{}")
		post(r.capture+"/read/newer", "{}")
		b.sees("#fresh", "2 new")
		Expect(top()).To(Equal(before))
		Expect(b.eval("document.title")).To(Equal("(2) hookrig"))
		b.isAccessible()
		b.clickOn("#fresh")
		b.sees("#list .row", "/newer")
		Expect(b.count("#list .row.unread")()).To(Equal("2"))
		Eventually(func() string { return b.eval("document.title") }).Should(Equal("hookrig"))
		b.clickOn("#list .row")
		Eventually(b.count("#list .row.unread")).Should(Equal("1"))

		By("noting what comes while another view is open")
		b.click("a", "deliveries")
		b.sees("#head h2", "Deliveries")
		post(r.capture+"/read/meanwhile", "{}")
		Eventually(func() string { return b.eval("document.title") }).Should(Equal("(1) hookrig"))
		b.click("a", "read")
		b.sees("#list .row.unread", "/meanwhile")
		Eventually(func() string { return b.eval("document.title") }).Should(Equal("hookrig"))
	}, SpecTimeout(2*time.Minute))

	It("reconnects when the server comes back", func(ctx SpecContext) {
		r := serve("--data", "memory")
		b := browse(r, "")
		b.forgives("ERR_CONNECTION_REFUSED")
		b.forgives("ERR_INCOMPLETE_CHUNKED_ENCODING")
		b.forgives("ERR_CONNECTION_RESET")
		b.forgives("ERR_EMPTY_RESPONSE")
		post(r.capture+"/before", "{}")
		b.sees("#list", "/before")
		r.session.Interrupt()
		Eventually(r.session).Should(exited())
		b.sees("#state", "reconnecting")
		b.isAccessible()
		again := listening(hookrig("serve", "--data", "memory", "--capture", hostOf(r.capture), "--dashboard", hostOf(r.dashboard)))
		b.sees("#state", "live")
		b.sees("#empty", "Waiting for the first request")
		post(again.capture+"/after", "{}")
		b.sees("#list .row", "/after")
	}, SpecTimeout(2*time.Minute))

	It("asks for the token of a server that has one", func(ctx SpecContext) {
		r := serve("--data", "memory", "--token", "a token of ours")
		b := browse(r, "")
		b.forgives("401")
		b.sees("#token", "Token")
		b.isAccessible()
		b.fill("Token", "another")
		b.click("button", "Enter")
		b.sees("#head", "token")
		b.fill("Token", "a token of ours")
		b.click("button", "Enter")
		b.sees("#empty", "Waiting for the first request")
		b.sees("#state", "live")
		post(r.capture+"/told", "{}")
		b.sees("#list .row", "/told")
		Expect(b.eval(`document.querySelector("#token").hidden`)).To(Equal("true"))
	}, SpecTimeout(2*time.Minute))

	It("fits a narrow window", func(ctx SpecContext) {
		r := serve("--data", "memory")
		post(r.capture+"/narrow", `{"a":1}`)
		b := browse(r, "")
		b.do(chromedp.EmulateViewport(600, 800))
		b.sees("#list", "/narrow")
		b.isAccessible()
		b.clickOn("#list .row")
		b.sees("#detail", "Back to the list")
		b.isAccessible()
		Expect(b.eval(`document.documentElement.scrollWidth <= innerWidth`)).To(Equal("true"), "nothing is cut off at the side")
		b.click("button", "Back to the list")
		Eventually(func() string { return b.eval(`document.querySelector("#list").checkVisibility()`) }).Should(Equal("true"))
	}, SpecTimeout(2*time.Minute))
})
