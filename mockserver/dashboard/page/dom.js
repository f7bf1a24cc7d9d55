// Elements, in few words. Text is only ever put in as text.
import { icon } from "./icon.js";

// el makes an element with a class and children; strings are inserted as text.
export function el(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== "").map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

// having sets properties and attributes of an element.
export function having(e, values) {
  for (const [name, value] of Object.entries(values)) {
    if (name in e) e[name] = value;
    else e.setAttribute(name, value);
  }
  return e;
}

// action is a button that does something; with a symbol it has a picture in front.
export function action(text, does, { className = "action", symbol, ...values } = {}) {
  const button = having(el("button", className, symbol ? icon(symbol) : "", text), { type: "button", ...values });
  button.addEventListener("click", does);
  return button;
}

// symbolAction is a button that is only a picture; its name is told to screen readers, and on hovering.
export function symbolAction(symbol, label, does, className = "symbol") {
  return action("", does, { className, symbol, ariaLabel: label, title: label });
}

// link goes to another place of the page.
export function link(text, href, className = "") {
  return having(el("a", className, text), { href });
}

// field is a labelled input, a select when there are options, or a text area when there are rows.
export function field(label, name, { options, rows, hint, ...values } = {}) {
  const input = el(options ? "select" : rows ? "textarea" : "input", "");
  for (const option of options ?? []) input.append(option instanceof Option ? option : new Option(option, option));
  if (rows) values.rows = rows;
  having(input, { name, ...values });
  if (rows) input.spellcheck = false;
  return el("label", rows ? "field wide" : "field", el("span", "", label, hint ? ` (${hint})` : ""), input);
}

// input is that of a field.
export function input(of) {
  return of.querySelector("input, select, textarea");
}

// check is a labelled box to tick.
export function check(label, name, checked = false) {
  return el("label", "check", having(el("input"), { type: "checkbox", name, checked }), label);
}

// form calls does with its fields' values when it is sent.
export function form(title, does, ...children) {
  const f = el("form", "panel", title ? el("h3", "", title) : "", ...children);
  f.addEventListener("submit", (e) => {
    e.preventDefault();
    does(Object.fromEntries(new FormData(f)), f);
  });
  return f;
}

// table has a caption and heads; a row is a list of cells.
export function table(caption, heads, rows, empty = "") {
  if (!rows.length) return el("p", "hint", empty);
  const head = el("tr", "", ...heads.map((h) => having(el("th", "", h), { scope: "col" })));
  const body = rows.map((cells) => el("tr", "", ...cells.map((c) => el("td", "", c))));
  return el("div", "scroll", el("table", "", el("caption", "", caption), el("thead", "", head), el("tbody", "", ...body)));
}

// facts is a list of names and values, without those that have none.
export function facts(pairs) {
  const list = el("dl", "");
  for (const [name, value] of pairs) {
    if (value !== undefined && value !== null && value !== "") list.append(el("dt", "", name), el("dd", "", value));
  }
  return list;
}

// note is a highlighted box of a few words: good, bad, or neither.
export function note(kind, ...children) {
  return el("div", `note ${kind}`, ...children);
}

// tabs shows one of several parts; each is [id, title, draw], rendered when it is first shown.
export function tabs(label, parts, chosen, chose) {
  const bar = having(el("div", "tabs"), { role: "tablist", "aria-label": label });
  const panel = having(el("div", "tab"), { role: "tabpanel", id: "tab-panel", tabIndex: 0 });
  let shown = 0;
  const show = async (id, focus) => {
    const turn = ++shown;
    for (const button of bar.children) {
      const selected = button.id === `tab-${id}`;
      having(button, { "aria-selected": String(selected), tabIndex: selected ? 0 : -1 });
      if (selected && focus) button.focus();
    }
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    const [, , draw] = parts.find((part) => part[0] === id);
    let content;
    try {
      content = [await draw()].flat();
    } catch (problem) {
      content = [note("bad", problem.message)];
    }
    if (turn === shown) panel.replaceChildren(...content.filter((c) => c !== "")); // else another was chosen meanwhile
  };
  for (const [id, title] of parts) {
    bar.append(action(title, () => { chose(id); show(id); }, { className: "", id: `tab-${id}`, role: "tab", "aria-controls": "tab-panel" }));
  }
  bar.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const at = parts.findIndex((part) => `tab-${part[0]}` === document.activeElement.id);
    const [next] = parts[(at + step + parts.length) % parts.length];
    chose(next);
    show(next, true);
  });
  show(parts.some((part) => part[0] === chosen) ? chosen : parts[0][0]);
  return el("div", "", bar, panel);
}

// menu is a button that opens a list of actions and links. It closes when one is chosen, on Escape, and when the focus leaves.
export function menu(label, symbol, ...items) {
  const list = el("div", "items", ...items);
  const button = el("summary", "action", symbol ? icon(symbol) : "", label, icon("down"));
  const box = el("details", "menu", button, list);
  list.addEventListener("click", () => { // before what was chosen happens: a dialog gives the focus back to where it was
    box.open = false;
    button.focus();
  }, true);
  box.addEventListener("focusout", (e) => { if (!box.contains(e.relatedTarget)) box.open = false; });
  box.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || !box.open) return;
    e.stopPropagation();
    box.open = false;
    button.focus();
  });
  return box;
}

// arrange makes elements the children of a box, moving none that is in the right place.
export function arrange(box, wanted) {
  const keep = new Set(wanted);
  for (const child of [...box.children]) if (!keep.has(child)) child.remove();
  let next = box.firstChild;
  for (const e of wanted) {
    if (e === next) next = next.nextSibling;
    else box.insertBefore(e, next);
  }
}

// part is a piece of the page that is rendered again when something changed. The focus stays on what has the same text or name.
export function part(draw) {
  const box = el("div");
  let sequence = 0;
  const redraw = async () => {
    const turn = ++sequence;
    const content = await draw();
    if (turn !== sequence) return; // it is being rendered again already
    const named = (e) => e.getAttribute("aria-label") ?? e.textContent;
    const focused = box.contains(document.activeElement) && document.activeElement !== box ? document.activeElement : undefined;
    const at = focused && [...box.querySelectorAll(focused.tagName)].indexOf(focused);
    const name = focused && named(focused);
    box.replaceChildren(...[content].flat());
    if (!focused) return;
    const others = [...box.querySelectorAll(focused.tagName)];
    (others.find((e) => named(e) === name) ?? others[Math.min(at, others.length - 1)])?.focus();
  };
  return { box, redraw };
}

// copier is a button that copies text, and says so.
export function copier(label, text, { symbol = "copy", ...values } = {}) {
  const button = action(label, async () => {
    await copy(typeof text === "function" ? await text() : text);
    button.classList.add("done");
    button.lastChild.textContent = "Copied";
    button.addEventListener("blur", () => {
      button.classList.remove("done");
      button.lastChild.textContent = label;
    }, { once: true });
  }, { symbol, ...values });
  return button;
}

// copy puts text on the clipboard, by the old API where the new one is not allowed.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = having(el("textarea", "offscreen", text), { readOnly: true });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// command is a command to copy.
export function command(text) {
  return el("div", "command", el("pre", "", text), copier("Copy", text));
}
