// The left side: bins, deliveries, systems, searches that are kept. All of them are links.
import { arrange, el, having, symbolAction } from "./dom.js";
import { hash, place } from "./place.js";
import { forget, kept } from "./search.js";
import { titles } from "./system.js";
import { count } from "./text.js";

const mostBins = 100; // that are shown, those with the newest captures

const $ = (id) => document.getElementById(id);

// fill makes lines those of a list: a link each, how many there are, and what else can be done. A line that is there already stays
// the same element, so that nobody's click or focus is lost.
function fill(list, lines) {
  const known = new Map([...list.children].map((li) => [li.dataset.at, li]));
  arrange(list, lines.map(({ label, to, n, current, more }) => {
    const at = hash(to);
    const li = known.get(at + label) ?? el("li", "", having(el("a", "entry", el("span", "label", label), el("span", "quiet")), { href: at, title: label }), more);
    li.dataset.at = at + label;
    const a = li.firstChild;
    a.lastChild.textContent = n === undefined ? "" : n.toLocaleString("en");
    if (current) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
    return li;
  }));
}

// places draws the left side for bins.
export function places(bins, vendor_apis, redraw) {
  const captures = place.view === "captures";
  const all = { name: "", count: bins.reduce((n, b) => n + b.count, 0) };
  const shown = bins.length <= mostBins ? bins : bins.toSorted((a, b) => b.last - a.last).slice(0, mostBins);
  const known = place.bin && !shown.some((b) => b.name === place.bin) ? [...shown, bins.find((b) => b.name === place.bin) ?? { name: place.bin, count: 0 }] : shown;
  fill($("bins"), [all, ...known].map((b) => ({ label: b.name || "all bins", to: { bin: b.name }, n: b.count, current: captures && b.name === place.bin })));
  $("others").textContent = bins.length > shown.length ? `and ${count(bins.length - shown.length, "bin")} that got nothing lately: open one by its name, with +` : "";
  fill($("sent"), [{ label: "deliveries", to: { view: "deliveries" }, current: place.view === "deliveries" }]);
  fill($("systems"), Object.keys(titles).filter((name) => vendor_apis[name]).map((name) => ({ label: titles[name], to: { view: "system", system: name }, current: place.system === name })));
  const searches = kept();
  $("kept").hidden = !searches.length;
  fill($("searches"), searches.map(({ name, ...search }) => ({
    label: name, to: search, current: captures && ["q", "where", "bin"].every((part) => (search[part] ?? "") === place[part]),
    more: symbolAction("close", `Forget the search ${name}`, () => { forget(name); redraw(); }),
  })));
}
