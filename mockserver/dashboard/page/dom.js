// Elements, in few words. Text is only ever put in as text.
import { icon } from "./icon.js";

// el makes an element with a class and children; strings are inserted as text.
export function el(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== "").map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

// assign sets properties and attributes of an element and returns it.
export function assign(e, values) {
  for (const [name, value] of Object.entries(values)) {
    if (name in e) e[name] = value;
    else e.setAttribute(name, value);
  }
  return e;
}

// action makes a button. A symbol puts an icon before its text.
export function action(text, onClick, { className = "action", symbol, ...values } = {}) {
  const button = assign(el("button", className, symbol ? icon(symbol) : "", text), { type: "button", ...values });
  button.addEventListener("click", onClick);
  return button;
}

// symbolAction makes a button with only an icon. The label is its name for screen readers, and its
// tooltip.
export function symbolAction(symbol, label, onClick, className = "symbol") {
  return action("", onClick, { className, symbol, ariaLabel: label, title: label });
}

// link makes a link.
export function link(text, href, className = "") {
  return assign(el("a", className, text), { href });
}

// field makes a labelled input, a select if there are options, or a text area if there are rows.
export function field(label, name, { options, rows, hint, ...values } = {}) {
  const input = el(options ? "select" : rows ? "textarea" : "input", "");
  for (const option of options ?? []) input.append(option instanceof Option ? option : new Option(option, option));
  if (rows) values.rows = rows;
  assign(input, { name, ...values });
  if (rows) input.spellcheck = false;
  return el("label", rows ? "field wide" : "field", el("span", "", label, hint ? ` (${hint})` : ""), input);
}

// input returns the input of a field.
export function input(of) {
  return of.querySelector("input, select, textarea");
}

// check makes a labelled checkbox.
export function check(label, name, checked = false) {
  return el("label", "check", assign(el("input"), { type: "checkbox", name, checked }), label);
}

// form makes a form. It calls onSubmit with the values of the fields on submit.
export function form(title, onSubmit, ...children) {
  const f = el("form", "panel", title ? el("h3", "", title) : "", ...children);
  f.addEventListener("submit", (e) => {
    e.preventDefault();
    onSubmit(Object.fromEntries(new FormData(f)), f);
  });
  return f;
}

// table makes a table with a caption; a row is a list of cells.
export function table(caption, heads, rows, empty = "") {
  if (!rows.length) return el("p", "hint", empty);
  const head = el("tr", "", ...heads.map((h) => assign(el("th", "", h), { scope: "col" })));
  const body = rows.map((cells) => el("tr", "", ...cells.map((c) => el("td", "", c))));
  return el("div", "scroll", el("table", "", el("caption", "", caption), el("thead", "", head), el("tbody", "", ...body)));
}

// facts makes a list of names and values. It skips empty values.
export function facts(pairs) {
  const list = el("dl", "");
  for (const [name, value] of pairs) {
    if (value !== undefined && value !== null && value !== "") list.append(el("dt", "", name), el("dd", "", value));
  }
  return list;
}

// note makes a highlighted box: good, bad, warn, or neutral.
export function note(kind, ...children) {
  return el("div", `note ${kind}`, ...children);
}

// latest returns a function to call when work begins that may end in another order. It returns a
// function that says whether no later work has begun.
export function latest() {
  let begun = 0;
  return () => {
    const mine = ++begun;
    return () => mine === begun;
  };
}

// tabs shows one of several parts. Each is [id, title, draw]; it calls draw when the tab is chosen.
export function tabs(label, parts, chosen, chose) {
  const bar = assign(el("div", "tabs"), { role: "tablist", "aria-label": label });
  const panel = assign(el("div", "tab"), { role: "tabpanel", id: "tab-panel", tabIndex: 0 });
  const begin = latest();
  const show = async (id, focus) => {
    const isLatest = begin();
    for (const button of bar.children) {
      const selected = button.id === `tab-${id}`;
      assign(button, { "aria-selected": String(selected), tabIndex: selected ? 0 : -1 });
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
    if (!isLatest()) return; // another tab was chosen in the meantime
    panel.replaceChildren(...content.filter((c) => c !== ""));
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

// menu makes a button that opens a list of actions and links. The list closes when you choose one,
// on Escape, and when it loses the focus.
export function menu(label, symbol, ...items) {
  const list = el("div", "items", ...items);
  const button = el("summary", "action", symbol ? icon(symbol) : "", label, icon("down"));
  const box = el("details", "menu", button, list);
  // This runs before the action, because a dialog returns the focus to the button.
  list.addEventListener("click", () => {
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

// arrange makes elements the children of a box. It does not move an element that is in the right
// position.
export function arrange(box, wanted) {
  const keep = new Set(wanted);
  for (const child of [...box.children]) if (!keep.has(child)) child.remove();
  let next = box.firstChild;
  for (const e of wanted) {
    if (e === next) next = next.nextSibling;
    else box.insertBefore(e, next);
  }
}

// While the pointer is pressed, an element must not be replaced: it would get no click.
let pressed = Promise.resolve();
let release = () => {};

addEventListener("pointerdown", () => {
  release();
  pressed = new Promise((resolve) => {
    // A release outside of the window is not reported.
    const timer = setTimeout(resolve, 5000);
    release = () => { clearTimeout(timer); resolve(); };
  });
}, true);

// The click follows the release.
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release), true);

// released waits until the pointer is not pressed.
export function released() { return pressed; }

// part is a piece of the page that you can redraw. The focus stays on the element with the same
// text or name, and details stay open.
export function part(draw) {
  const box = el("div");
  const begin = latest();
  const redraw = async () => {
    const isLatest = begin();
    const content = await draw();
    await released();
    if (!isLatest()) return; // a later call redraws it
    const named = (e) => e.getAttribute("aria-label") ?? e.textContent;
    const focused = box.contains(document.activeElement) && document.activeElement !== box ? document.activeElement : undefined;
    const at = focused && [...box.querySelectorAll(focused.tagName)].indexOf(focused);
    const name = focused && named(focused);
    const open = [...box.querySelectorAll("details")].map((d) => d.open);
    box.replaceChildren(...[content].flat());
    box.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
    if (!focused) return;
    const others = [...box.querySelectorAll(focused.tagName)];
    (others.find((e) => named(e) === name) ?? others[Math.min(at, others.length - 1)])?.focus();
  };
  return { box, redraw };
}

// copier makes a button that copies text and confirms it.
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

// copy puts text on the clipboard. It uses the old API where the new one is not allowed.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = assign(el("textarea", "offscreen", text), { readOnly: true });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// command shows a command with a copy button.
export function command(text) {
  return el("div", "command", el("pre", "", text), copier("Copy", text));
}
