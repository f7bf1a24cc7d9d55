// Elements, in few words. Text is only ever put in as text.

// el makes an element with a class and children; strings become text, nothing is left out.
export function el(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children.filter((c) => c !== undefined && c !== null && c !== "").map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

// with sets properties and attributes of an element.
export function having(e, values) {
  for (const [name, value] of Object.entries(values)) {
    if (name in e) e[name] = value;
    else e.setAttribute(name, value);
  }
  return e;
}

// action is a button that does something.
export function action(text, does, className = "action") {
  const button = having(el("button", className, text), { type: "button" });
  button.addEventListener("click", does);
  return button;
}

// field is a labelled input, or a select when there are options.
export function field(label, name, { options, ...values } = {}) {
  const input = el(options ? "select" : "input", "");
  for (const option of options ?? []) input.append(option instanceof Option ? option : new Option(option, option));
  having(input, { name, ...values });
  return el("label", "field", el("span", "", label), input);
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
  return el("table", "", el("caption", "", caption), el("thead", "", head), el("tbody", "", ...body));
}

// facts is a list of names and values, without those that have none.
export function facts(pairs) {
  const list = el("dl", "");
  for (const [name, value] of pairs) {
    if (value !== undefined && value !== null && value !== "") list.append(el("dt", "", name), el("dd", "", value));
  }
  return list;
}

// tabs shows one of several parts; each is [id, title, draw], drawn when it is first shown.
export function tabs(label, parts, chosen, chose) {
  const bar = having(el("div", "tabs"), { role: "tablist", "aria-label": label });
  const panel = having(el("div", "tab"), { role: "tabpanel", id: "tab-panel", tabIndex: 0 });
  const show = async (id, focus) => {
    for (const button of bar.children) {
      const selected = button.id === `tab-${id}`;
      having(button, { "aria-selected": String(selected), tabIndex: selected ? 0 : -1 });
      if (selected && focus) button.focus();
    }
    panel.setAttribute("aria-labelledby", `tab-${id}`);
    chose(id);
    const [, , draw] = parts.find((part) => part[0] === id);
    try {
      panel.replaceChildren(...[await draw()].flat());
    } catch (problem) {
      panel.replaceChildren(el("p", "bad", problem.message));
    }
  };
  for (const [id, title] of parts) {
    const button = having(action(title, () => show(id), ""), { id: `tab-${id}`, role: "tab", "aria-controls": "tab-panel" });
    bar.append(button);
  }
  bar.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const at = parts.findIndex((part) => `tab-${part[0]}` === document.activeElement.id);
    show(parts[(at + step + parts.length) % parts.length][0], true);
  });
  show(parts.some((part) => part[0] === chosen) ? chosen : parts[0][0]);
  return el("div", "", bar, panel);
}

// copier is a button that copies text, and says so.
export function copier(label, text) {
  const button = action(label, async () => {
    await copy(typeof text === "function" ? await text() : text);
    button.textContent = "Copied";
    button.addEventListener("blur", () => { button.textContent = label; }, { once: true });
  });
  return button;
}

// copy puts text on the clipboard, in an old way where the new one is not allowed.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = having(el("textarea", "offscreen", text), { readOnly: true });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
