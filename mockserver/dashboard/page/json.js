// JSON as received: each token keeps its characters, so that no number is rounded and no escape is
// rewritten. Only the white space between tokens changes.
import { action, el, assign } from "./dom.js";

const deepest = 200; // levels that can be folded

// tokens returns the tokens of a JSON text; undefined when it is not JSON.
function tokens(json) {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  return json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
}

// view shows coloured JSON whose objects and arrays fold; undefined when it is not JSON or nested
// too deep. The arrow keys move between the folds, fold and unfold.
export function view(json) {
  const found = tokens(json);
  if (!found || tooDeep(found)) return undefined;
  const box = assign(el("div", "json", ...new Tree(found).value([], "")), { role: "group", ariaLabel: "JSON" });
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

// folder makes a button that folds all but the outermost value, or unfolds all.
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

// Tree makes elements from the tokens of valid JSON.
class Tree {
  at = 0;

  constructor(found) { this.found = found; }

  // value makes the elements of the next value, with lead (a member's name) before and tail (a
  // comma) after it.
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
    return [assign(el("details", "", el("summary", "", ...lead, token, el("span", "folded", ` ${n} ${what} ${end}${comma}`)), inner, el("div", "end", end, comma)), { open: true })];
  }

  // comma takes the comma after a value, if there is one.
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
