package acceptance_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the manual on the dashboard", func() {
	It("is read from page to page, in both themes, by everybody", func() {
		b := browse(serve("--data", "memory"), "")
		b.clickOn(`header a[href="manual/"]`)
		b.sees("main", "hookrig help TOPIC")
		b.isAccessible()
		for _, page := range []string{"scenarios", "providers", "faults", "queries"} {
			b.clickOn(`nav a[href="` + page + `"]`)
			Eventually(func() string { return b.eval(`location.pathname`) }).Should(Equal("/manual/" + page))
			b.isAccessible()
			Expect(b.eval(`document.documentElement.scrollWidth <= innerWidth ? "fits" : "is too wide"`)).To(Equal("fits"), page)
		}
	})
})
