package acceptance_test

import (
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// audit looks for what keeps people from using the page: controls without a name, fields without a
// label, tabs without the roles around them, a focus that goes nowhere, controls within controls,
// text that cannot be told from its ground (WCAG 2.2, 1.4.3: 4.5 to 1).
const audit = `((theme) => {
  document.documentElement.dataset.theme = theme;
  document.getAnimations().forEach((a) => a.finish());
  const problems = [];
  const visible = (e) => e.checkVisibility({ checkVisibilityCSS: true }) && e.getBoundingClientRect().width > 0;
  const say = (e, what) => problems.push(what + ": " + e.outerHTML.slice(0, 140));
  const named = (e) => e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") || "").split(" ").map((i) => document.getElementById(i)?.textContent ?? "").join("").trim()
    || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.title;
  for (const e of document.querySelectorAll("button, a[href], [role=tab], dialog[open], nav, section, article")) if (visible(e) && !named(e)) say(e, "no name");
  for (const e of document.querySelectorAll("input, select, textarea")) if (visible(e) && !e.labels?.length && !e.getAttribute("aria-label")) say(e, "no label");
  for (const e of document.querySelectorAll("[role=tab]")) if (!e.closest("[role=tablist]") || !document.getElementById(e.getAttribute("aria-controls"))) say(e, "a tab alone");
  for (const e of document.querySelectorAll("[role=tablist]")) if (e.querySelectorAll("[role=tab][aria-selected=true]").length !== 1) say(e, "not one tab is chosen");
  for (const name of ["aria-controls", "aria-describedby", "aria-labelledby"]) {
    for (const e of document.querySelectorAll("[" + name + "]")) if (visible(e)) for (const id of e.getAttribute(name).split(" ")) if (!document.getElementById(id)) say(e, name + " names nothing");
  }
  for (const e of document.querySelectorAll("button button, a button, button a, summary button, summary a, a a")) say(e, "a control in a control");
  for (const e of document.querySelectorAll("[aria-hidden=true] :is(a, button, input)")) say(e, "hidden, yet it takes the focus");
  for (const e of document.querySelectorAll("th")) if (!e.scope) say(e, "a head of nothing");
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say(e, "focus out of order");
  for (const e of document.querySelectorAll("img, svg[role=img]")) if (!e.hasAttribute("alt") && !e.getAttribute("aria-label")) say(e, "no text for a picture");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => problems.push("id twice: " + id));
  if (!document.documentElement.lang || !document.title) problems.push("no language or title");
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.textContent.trim() || !visible(e) || e.closest("svg, option")) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) say(e, "contrast " + ratio.toFixed(2));
  }
  return JSON.stringify([...new Set(problems)]);
})`

// isAccessible audits what is shown now, in both themes.
func (b *browser) isAccessible() {
	GinkgoHelper()
	was := b.eval(`document.documentElement.dataset.theme ?? ""`)
	for _, theme := range []string{"light", "dark"} {
		var problems []string
		Expect(json.Unmarshal([]byte(b.eval(audit+`("`+theme+`")`)), &problems)).To(Succeed())
		Expect(problems).To(BeEmpty(), theme)
	}
	b.eval(`(document.documentElement.dataset.theme = "` + was + `") || delete document.documentElement.dataset.theme`)
}
