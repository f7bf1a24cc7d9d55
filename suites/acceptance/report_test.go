package acceptance_test

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the page of a report", func() {
	const failing = `hookrig: 1
name: failing
bins:
  inbox: {provider: neostore, responses: [503]}
steps:
  - id: sub
    subscribe: {provider: neostore, to: "${bins.inbox.url}", retry: at-least-once}
  - id: one
    deliver: {provider: neostore, event: "Pass:Created"}
  - id: days
    advance: 4d
    expect:
      - deliveries: {of: one, state: delivered, attempts: [503, 200]}
      - captures: {bin: inbox, count: 1, where: '.method == "PUT"', within: 10ms}
`

	It("works from a file, shows what happened, and is accessible", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		file, page := filepath.Join(dir, "failing.yaml"), filepath.Join(dir, "report.html")
		Expect(os.WriteFile(file, []byte(failing), 0o600)).To(Succeed())
		run(ctx, 1, "run", "duplicate", file, "--seed", "7", "--html", page)

		b := tab("", "file://"+page)
		shown := func(selector string) string {
			GinkgoHelper()
			return b.eval(`[...document.querySelectorAll("` + selector + `")].filter((e) => e.checkVisibility()).length.toString()`)
		}
		Expect(b.eval(`document.querySelector("h1").textContent`)).To(Equal("2 scenarios: 1 passed, 1 failed"))
		Expect(shown(".step.failed .attempt")).To(Equal("8"))
		Expect(shown("pre")).To(Equal("0"))
		b.isAccessible()

		By("filter")
		b.eval(`document.getElementById("show-passed").click()`)
		Expect(shown(".scenario.passed") + shown(".scenario.failed")).To(Equal("10"))
		b.eval(`document.getElementById("show-all").click()`)

		By("expand all")
		b.click("button", "Expand all")
		Expect(shown("pre")).NotTo(Equal("0"))
		b.isAccessible()

		By("colours")
		b.eval(`document.getElementById("theme-dark").click()`)
		Expect(b.eval(`getComputedStyle(document.body).backgroundColor`)).To(Equal("rgb(20, 23, 27)"))
		b.eval(`document.getElementById("theme-light").click()`)
		Expect(b.eval(`getComputedStyle(document.body).backgroundColor`)).To(Equal("rgb(246, 248, 250)"))

		By("narrow")
		Expect(b.eval(`(document.documentElement.scrollWidth <= document.documentElement.clientWidth).toString()`)).To(Equal("true"))
	})
})
