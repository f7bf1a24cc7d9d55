// The search: what the query language says, links that search for a value, searches that are kept.
import { text as fetched } from "./api.js";
import { el, having, link } from "./dom.js";
import { hash, place } from "./place.js";

// term is a piece of a query that wants a field to be, or to hold, a value.
export function term(field, value) {
  const plain = /^[^\s"]+$/.test(value) && (field || !/^-|^(NOT|AND|OR)$|:/.test(value));
  return (field ? `${field}:` : "") + (plain ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`);
}

// finder is a link that narrows the search to what it shows.
export function finder(content, wanted) {
  const href = () => hash({ view: "captures", bin: place.bin, where: place.where, show: place.show, tab: place.tab, q: place.q.includes(wanted) ? place.q : `${place.q} ${wanted}`.trim() });
  const a = having(link(content, href(), "find"), { title: `Search for ${wanted}` });
  a.addEventListener("click", () => { a.href = href(); }); // the place may be another by now
  return a;
}

// fields explains the query language, as the API has it: "- examples: what they mean", a line or more each.
export async function fields() {
  const help = await fetched("/query");
  const [intro, ...items] = help.split(/\n(?=- )/);
  const list = el("dl", "fields");
  for (const item of items) {
    const line = item.slice(2).replace(/\s+/g, " ").trim();
    const at = line.indexOf(": ");
    list.append(el("dt", "", el("code", "", line.slice(0, at))), el("dd", "", line.slice(at + 2)));
  }
  return [el("p", "", intro.trim()), list];
}

// kept are the searches that this browser keeps, newest first.
export function kept() {
  try {
    return JSON.parse(localStorage.getItem("searches") ?? "[]").filter((s) => s.name && (s.q || s.where));
  } catch {
    return [];
  }
}

export function keep(search) {
  store([search, ...kept().filter((s) => s.name !== search.name)].slice(0, 20));
}

export function forget(name) {
  store(kept().filter((s) => s.name !== name));
}

function store(searches) {
  localStorage.setItem("searches", JSON.stringify(searches));
}
