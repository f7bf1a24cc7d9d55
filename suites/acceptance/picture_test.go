package acceptance_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/chromedp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/hookrig/hookrig/mockserver"
)

// pictures returns the folder for the pictures of a package. It returns "" if none are to be drawn.
func pictures(of string) string {
	GinkgoHelper()
	root := os.Getenv("HOOKRIG_PICTURES")
	if root == "" {
		return ""
	}
	dir := filepath.Join(root, "mockserver", of, "pictures")
	Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	return dir
}

// `make pictures` draws the pictures of the page's document. They show the seeded demo on the ports
// of the README.
var _ = Describe("the pictures", func() {
	It("are drawn in both themes", func(ctx SpecContext) {
		dir := pictures("dashboard/page")
		if dir == "" {
			Skip("HOOKRIG_PICTURES does not name the folder of the project")
		}
		r := listening(hookrig("serve", "--data", "memory", "--seed-demo", "--clock", "virtual", "--capture", "127.0.0.1:8081", "--dashboard", "127.0.0.1:8080"))
		Expect(r.client.Configure(ctx, "orders", mockserver.Settings{
			Provider: "neostore", Secrets: []string{"right"},
			Responses: mockserver.Script{Sequence: []mockserver.Response{{Status: 503}, {Status: 503}, {Status: 200}}, By: "delivery"},
		})).To(Succeed())
		_, err := r.client.Register(ctx, mockserver.Endpoint{
			Provider: "neostore", Tenant: "demo", URL: r.capture + "/orders", Events: []string{"Pass:*"}, Secrets: []string{"right"}, Retry: "at-least-once",
		})
		Expect(err).NotTo(HaveOccurred())
		b := browse(r, "#view=system&system=neostore")
		b.do(chromedp.EmulateViewport(1280, 800))
		b.click("button", "Create a pass")
		b.sees("#said", "happened")
		for range 2 {
			b.eval(`location.hash = "#view=deliveries"`)
			b.click("button", "to the next attempt")
			b.sees("#toast", "moved")
		}
		b.do(chromedp.Reload())
		run(ctx, 1, "send", "neostore", "Pass:Installed", "--to", r.capture+"/orders", "--secret", "wrong")
		for _, p := range []struct{ name, at, head, sees string }{
			{"signature", "#bin=orders", "orders", "mismatch"},
			{"body", "#bin=subscribfy&q=membership", "membership", "membership/"},
			{"compare", "#bin=orders&q=\"Pass:Created\"&tab=compare", "Pass:Created", "Pass:Created"},
			{"attempts", "#bin=orders&q=\"Pass:Created\"", "Pass:Created", "Pass:Created"},
			{"headers", "#bin=ethpass", "ethpass", "pass:"},
			{"raw", "#bin=subscribfy&q=coupon", "coupon", "coupon"},
			{"response", "#bin=orders", "orders", "mismatch"},
			{"search", "#q=verdict:mismatch", "mismatch", "mismatch"},
			{"delivery", "#view=deliveries&provider=neostore", "Deliveries", "delivered"},
			{"wallet-crew", "#view=system&system=neostore", "All bins", "Pass"},
			{"subscribfy", "#view=system&system=subscribfy", "All bins", "Pass"},
			{"ethpass", "#view=system&system=ethpass", "All bins", "Pass"},
			{"empty", "#bin=inbox", "inbox", ""},
		} {
			b.eval(`location.hash = ` + "`" + p.at + "`")
			b.sees("#head", p.head)
			b.sees("#list", p.sees)
			switch p.name {
			case "signature":
				b.clickOn("#list .row")
				b.tab("Signature")
				b.sees("#tab-panel", "not the hmac-sha256")
			case "body":
				b.clickOn("#list .row")
				b.sees("#tab-panel .json", "{")
			case "attempts":
				b.clickOn("#list .row")
				b.tab("Attempts")
				b.sees("#tab-panel", "503")
			case "headers":
				b.clickOn("#list .row")
				b.tab("Headers")
				b.sees("#tab-panel", "Content-Type")
			case "raw":
				b.clickOn("#list .row")
				b.tab("Raw")
				b.sees("#tab-panel", "HTTP/1.1")
			case "ethpass":
				b.sees("#detail", "Passes")
			case "delivery":
				b.opens("/orders")
				b.sees("#tab-panel .json", "{")
			case "compare":
				b.clickOn("#list .row")
				b.sees("#tab-panel", "Header lines")
			case "respond":
				b.click("button", "Response")
				b.sees("dialog h2", "Response for orders")
			case "search":
				b.click("button", "How to search")
				b.sees("#fields", "the status of the response")
			case "empty":
				b.sees("#empty", "Waiting")
			}
			b.draws(dir, p.name)
			b.eval(`document.querySelector("dialog").close()`)
			b.eval(`document.querySelector("#fields").hidePopover()`)
		}
		b.do(chromedp.Navigate(r.dashboard + "/api/docs#wait-in-bin"))
		b.sees("#docs", "Wait for captures")
		b.draws(dir, "api")
	}, SpecTimeout(3*time.Minute))
})

// draws writes what the window shows into files, in both themes.
func (b *browser) draws(dir, name string) {
	GinkgoHelper()
	for _, theme := range []string{"light", "dark"} {
		b.eval(`((document.documentElement.dataset.theme = "` + theme + `"), document.getAnimations().forEach((a) => a.finish()), document.getElementById("toast")?.replaceChildren())`)
		Expect(os.WriteFile(filepath.Join(dir, name+"-"+theme+".png"), b.picture(), 0o644)).To(Succeed())
	}
}

// picture is what the window shows, as a PNG of 256 colours.
func (b *browser) picture() []byte {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	Expect(err).NotTo(HaveOccurred())
	full, err := png.Decode(bytes.NewReader(raw))
	Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	Expect((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, paletted(full))).To(Succeed())
	return out.Bytes()
}

// paletted is a picture in up to 256 of its most frequent colours, no two of them alike; another
// one becomes the nearest.
func paletted(full image.Image) *image.Paletted {
	times := map[color.RGBA]int{}
	bounds := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			times[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(times), func(a, b color.RGBA) int { return times[b] - times[a] })
	var palette color.Palette
	for _, c := range colours {
		if len(palette) < 256 && (len(palette) < 32 || !alike(palette, c)) {
			palette = append(palette, c)
		}
	}
	index := map[color.RGBA]uint8{}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			i, known := index[c]
			if !known {
				i = uint8(palette.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// alike says whether a palette has a colour close to one.
func alike(palette color.Palette, c color.RGBA) bool {
	near := palette.Convert(c).(color.RGBA)
	square := func(a, b uint8) int { return (int(a) - int(b)) * (int(a) - int(b)) }
	return square(near.R, c.R)+square(near.G, c.G)+square(near.B, c.B) < 200
}
