// The search: the help, links that search for a value, and saved searches.
import { text as fetched } from "./api.js";
import { el, assign, link } from "./dom.js";
import { hash, route } from "./route.js";

// term returns a term of a query: a field and its value, or a word.
export function term(field, value) {
  const plain = /^[^\s"]+$/.test(value) && (field || !/^-|^(NOT|AND|OR)$|:/.test(value));
  return (field ? `${field}:` : "") + (plain ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`);
}

// finder makes a link that adds a term to the search.
export function finder(content, wanted) {
  const href = () => hash({ view: "captures", bin: route.bin, where: route.where, show: route.show, tab: route.tab, q: route.q.includes(wanted) ? route.q : `${route.q} ${wanted}`.trim() });
  const a = assign(link(content, href(), "find"), { title: `Search for ${wanted}` });
  a.addEventListener("click", () => { a.href = href(); }); // the query may have changed
  return a;
}

// fields explains the query language, with the API's text: items of the form "- examples:
// explanation".
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

// kept returns the searches saved in this browser, newest first.
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
