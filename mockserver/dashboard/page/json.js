// JSON as it was written: each token keeps its very characters, so that no number is rounded and no escape rewritten. Only
// the space between tokens is the page's own.
import { action, el, having } from "./dom.js";

const deepest = 200; // levels that can be folded

// tokens are the parts of a JSON text; undefined when it is none.
function tokens(json) {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  return json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
}

// view shows JSON in colours, with objects and arrays that fold; undefined when it is none, or nested too deep for that.
// The arrow keys move between those that fold, and fold them.
export function view(json) {
  const found = tokens(json);
  if (!found || tooDeep(found)) return undefined;
  const box = having(el("div", "json", ...new Tree(found).value([], "")), { role: "group", ariaLabel: "JSON" });
  const folds = () => [...box.querySelectorAll("summary")].filter((s) => s.checkVisibility());
  box.querySelectorAll("summary").forEach((s, i) => { s.tabIndex = i ? -1 : 0; });
  box.addEventListener("keydown", (e) => {
    const at = e.target.closest("summary");
    if (!at) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (e.key === "ArrowLeft") at.parentElement.open = false;
    else if (e.key === "ArrowRight") at.parentElement.open = true;
    else if (step) {
      const all = folds();
      const to = all[Math.max(0, Math.min(all.length - 1, all.indexOf(at) + step))];
      for (const s of box.querySelectorAll("summary")) s.tabIndex = s === to ? 0 : -1;
      to.focus();
    } else return;
    e.preventDefault();
  });
  return box;
}

// folder is a button that folds all but the outermost, or unfolds all.
export function folder(box) {
  const button = action("Fold all", () => {
    const folded = button.getAttribute("aria-pressed") !== "true";
    box.querySelectorAll("details details").forEach((d) => { d.open = !folded; });
    button.setAttribute("aria-pressed", String(folded));
  }, { className: "toggle", "aria-pressed": "false" });
  return button;
}

function tooDeep(found) {
  let depth = 0;
  return found.some((token) => {
    if ("{[".includes(token)) depth++;
    else if ("}]".includes(token)) depth--;
    return depth > deepest;
  });
}

// Tree sequence tokens, which are those of valid JSON, into elements.
class Tree {
  at = 0;

  constructor(found) { this.found = found; }

  // value is the next value, with the text before and after it on its lines: lead (a member's name) and tail (a comma).
  value(lead, tail) {
    const token = this.found[this.at++];
    if (token !== "{" && token !== "[") return [el("div", "leaf", ...lead, el("span", kindOf(token), token), this.#comma(tail))];
    const end = token === "{" ? "}" : "]";
    if (this.found[this.at] === end) {
      this.at++;
      return [el("div", "leaf", ...lead, token + end, this.#comma(tail))];
    }
    const inner = el("div", "inner");
    let n = 0;
    for (let more = true; more; n++) {
      const name = token === "{" ? [el("span", "name", this.found[this.at]), ": "] : [];
      if (token === "{") this.at += 2;
      inner.append(...this.value(name, ","));
      more = this.found[this.at - 1] === ",";
      if (!more) this.at++; // past the end
    }
    const what = token === "{" ? (n === 1 ? "member" : "members") : n === 1 ? "item" : "items";
    const comma = this.#comma(tail);
    return [having(el("details", "", el("summary", "", ...lead, token, el("span", "folded", ` ${n} ${what} ${end}${comma}`)), inner, el("div", "end", end, comma)), { open: true })];
  }

  // comma takes the comma behind a value, where there is one.
  #comma(tail) {
    if (!tail || this.found[this.at] !== ",") return "";
    this.at++;
    return ",";
  }
}

function kindOf(token) {
  if (token[0] === '"') return "string";
  return /^[-\d]/.test(token) ? "number" : "word";
}
