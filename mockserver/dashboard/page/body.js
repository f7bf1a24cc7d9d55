// Bodies: coloured JSON, forms as a table, other text unchanged, other bytes in hexadecimal. The
// page inserts a body only as text.
import { action, copier, el, assign, table } from "./dom.js";
import { folder, view } from "./json.js";
import { count, hex, isText, size, text } from "./text.js";

const mostText = 96 << 10; // bytes shown at first
const mostHex = 4 << 10;

// body shows bytes; type is their Content-Type.
export function body(content, type = "") {
  if (!content.length) return el("p", "hint", "The body is empty.");
  const textual = isText(content);
  const whole = textual ? text(content) : "";
  const box = el("div", "shown");
  const bar = el("div", "bar", el("span", "quiet", `${size(content.length)}${textual ? "" : ", not text"}`));
  const views = textual ? [...readable(whole, content.length, type), ["Exact", () => plain(content, whole)]] : [["Hex", () => dump(content)]];
  const show = ([name, draw]) => {
    const shown = draw();
    box.replaceChildren(...[shown].flat());
    for (const b of bar.querySelectorAll("[data-view]")) b.setAttribute("aria-pressed", String(b.dataset.view === name));
    bar.querySelector(".fold")?.remove();
    if (shown.classList?.contains("json") && shown.querySelector("details details")) bar.append(assign(folder(shown), { className: "toggle fold" }));
  };
  if (views.length > 1) bar.append(el("span", "choice", ...views.map((v) => action(v[0], () => show(v), { className: "toggle", "data-view": v[0] }))));
  if (textual) bar.append(copier("Copy the body", whole, { className: "action small" }));
  show(views[0]);
  return el("div", "", bar, box);
}

// readable returns views of a text that are easier to read than the text itself.
function readable(whole, bytes, type) {
  if (bytes > mostText) return [];
  if (/^application\/x-www-form-urlencoded/i.test(type) && !/^\s*[{[]/.test(whole)) return [["Form", () => fields(whole)]];
  const json = view(whole);
  return json ? [["Indented", () => json]] : [];
}

function fields(whole) {
  const rows = [...new URLSearchParams(whole)].map(([name, value]) => [el("code", "", name), el("code", "", value)]);
  return table("Fields of the form, decoded", ["Name", "Value"], rows, "The form has no fields.");
}

function plain(content, whole) {
  if (content.length <= mostText) return el("pre", "", whole);
  const begin = new TextDecoder().decode(content.subarray(0, mostText), { stream: true });
  return more(el("pre", "", begin), content.length - mostText, () => el("pre", "", whole));
}

function dump(content) {
  const shown = el("pre", "hex", hex(content.subarray(0, mostHex)));
  return content.length <= mostHex ? shown : more(shown, content.length - mostHex, () => el("pre", "hex", hex(content)));
}

// more offers to show the rest.
function more(shown, left, all) {
  const box = el("div", "", shown, el("p", "actions", el("span", "quiet", `${count(left, "byte")} more`), action("Show all", () => box.replaceChildren(all()))));
  return box;
}

// wire shows bytes as they went over the wire; marks makes line ends visible.
export function wire(content, marks) {
  if (!isText(content)) return dump(content);
  const whole = text(content);
  if (!marks) return plain(content, whole);
  const pre = el("pre");
  for (const piece of whole.slice(0, mostText).split(/(\r\n|\r|\n|\t)/)) {
    const mark = { "\r\n": "␍␊\n", "\r": "␍\n", "\n": "␊\n", "\t": "␉\t" }[piece];
    pre.append(mark ? el("span", "mark", mark) : piece);
  }
  return whole.length <= mostText ? pre : el("div", "", pre, el("p", "hint", "The rest is not shown. Download it, or hide the line ends."));
}
