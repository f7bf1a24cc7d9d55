// The left side: links to bins, deliveries, systems and saved searches.
import { arrange, el, assign, symbolAction } from "./dom.js";
import { hash, route } from "./route.js";
import { forget, kept } from "./search.js";
import { titles } from "./system.js";
import { count } from "./text.js";

const mostBins = 100; // bins to show, those with the newest captures

const $ = (id) => document.getElementById(id);

// fill makes the entries of a list: a link, a count, and an optional button. An existing entry
// stays the same element, so that no click or focus is lost.
function fill(list, lines) {
  const known = new Map([...list.children].map((li) => [li.dataset.at, li]));
  arrange(list, lines.map(({ label, to, n, current, more }) => {
    const at = hash(to);
    const li = known.get(at + label) ?? el("li", "", assign(el("a", "entry", el("span", "label", label), el("span", "quiet")), { href: at, title: label }), more);
    li.dataset.at = at + label;
    const a = li.firstChild;
    a.lastChild.textContent = n === undefined ? "" : n.toLocaleString("en");
    if (current) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
    return li;
  }));
}

// sidebar draws the left side.
export function sidebar(bins, vendor_apis, redraw) {
  const captures = route.view === "captures";
  const all = { name: "", count: bins.reduce((n, b) => n + b.count, 0) };
  const shown = bins.length <= mostBins ? bins : bins.toSorted((a, b) => b.last - a.last).slice(0, mostBins);
  const known = route.bin && !shown.some((b) => b.name === route.bin) ? [...shown, bins.find((b) => b.name === route.bin) ?? { name: route.bin, count: 0 }] : shown;
  fill($("bins"), [all, ...known].map((b) => ({ label: b.name || "all bins", to: { bin: b.name }, n: b.count, current: captures && b.name === route.bin })));
  $("others").textContent = bins.length > shown.length ? `and ${count(bins.length - shown.length, "bin")} without recent captures: open one by its name with +` : "";
  fill($("sent"), [{ label: "deliveries", to: { view: "deliveries" }, current: route.view === "deliveries" }]);
  fill($("systems"), Object.keys(titles).filter((name) => vendor_apis[name]).map((name) => ({ label: titles[name], to: { view: "system", system: name }, current: route.system === name })));
  const searches = kept();
  $("kept").hidden = !searches.length;
  fill($("searches"), searches.map(({ name, ...search }) => ({
    label: name, to: search, current: captures && ["q", "where", "bin"].every((part) => (search[part] ?? "") === route[part]),
    more: symbolAction("close", `Delete the search ${name}`, () => { forget(name); redraw(); }),
  })));
}
