// The left side: bins, deliveries, systems, searches that are kept. All of them are links.
import { el, having, link, symbolAction } from "/page/dom.js";
import { hash, place } from "/page/place.js";
import { forget, kept } from "/page/search.js";
import { titles } from "/page/system.js";

const $ = (id) => document.getElementById(id);

// entry is a line: a link, how many there are, and what else can be done.
function entry(label, to, count, current, ...more) {
  const a = having(link("", hash(to), "entry"), { title: label });
  a.append(el("span", "label", label), count === undefined ? "" : el("span", "quiet", count.toLocaleString("en")));
  if (current) a.setAttribute("aria-current", "page");
  return el("li", "", a, ...more);
}

// places draws the left side for bins; what has the focus keeps it.
export function places(bins, surfaces, redraw) {
  const focused = document.activeElement?.closest("nav a")?.getAttribute("href");
  const captures = place.view === "captures";
  const all = { name: "", count: bins.reduce((n, b) => n + b.count, 0) };
  const known = place.bin && !bins.some((b) => b.name === place.bin) ? [...bins, { name: place.bin, count: 0 }] : bins;
  $("bins").replaceChildren(...[all, ...known].map((b) => entry(b.name || "all bins", { bin: b.name }, b.count, captures && b.name === place.bin)));
  $("sent").replaceChildren(entry("deliveries", { view: "deliveries" }, undefined, place.view === "deliveries"));
  $("systems").replaceChildren(...Object.keys(titles).filter((name) => surfaces[name]).map((name) => entry(titles[name], { view: "system", system: name }, undefined, place.system === name)));
  const searches = kept();
  $("kept").hidden = !searches.length;
  $("searches").replaceChildren(...searches.map(({ name, ...search }) => entry(name, search, undefined,
    captures && (search.q ?? "") === place.q && (search.where ?? "") === place.where && (search.bin ?? "") === place.bin,
    symbolAction("close", `Forget the search ${name}`, () => { forget(name); redraw(); }))));
  if (focused) document.querySelector(`nav a[href="${CSS.escape(focused)}"]`)?.focus();
}
