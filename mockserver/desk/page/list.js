// The list in the middle: captures or deliveries, newest first, moved through with j and k.
import { el, having } from "/page/dom.js";
import { clock, raw, text } from "/page/text.js";

export const shown = 300; // entries that are kept

// row is an entry: a button that opens its record.
function row(record, chosen, open, ...cells) {
  const button = having(el("button", "row", ...cells), { type: "button" });
  button.dataset.id = record.id;
  if (record.id === chosen) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => open(record));
  return el("li", "", button);
}

// verdict is how a signature was judged, as a chip.
export function verdict(v) {
  return v ? el("span", `chip ${v.verdict === "valid" ? "good" : "bad"}`, v.verdict) : "";
}

// answered is what a bin did about a capture, in a word.
export function answered(c) {
  if (!c.reply) return "";
  if (c.reply.hang) return "hang";
  if (c.reply.reset) return "reset";
  return c.reply.cut ? `cut in the ${c.reply.cut}` : c.reply.status || 200;
}

// event is what the sender calls the event, as far as that can be told: in a header line, or in the body.
function event(c) {
  const named = c.headers.find(([name]) => /(^|-)(event|eventname|topic|event-type|event-key)$/i.test(name));
  if (named) return named[1];
  const found = c.body && text(raw(c.body).subarray(0, 400)).match(/"(?:__eventName|topic|event|type)"\s*:\s*"([^"]{1,80})"/);
  return found ? found[1].replaceAll("\\/", "/") : "";
}

export function captureRow(c, chosen, open, all) {
  return row(c, chosen, open,
    el("span", "quiet time", clock(c.at)), el("span", `method ${c.method.toLowerCase()}`, c.method),
    el("span", "what", event(c) ? el("b", "", `${event(c)} `) : "", el("span", "", all ? c.target : c.target.slice(c.bin.length + 1) || "/")),
    c.problems.length ? el("span", "chip bad", c.problems[0].split(":")[0]) : verdict(c.verification),
    el("span", "quiet", answered(c)));
}

// state is how a delivery stands, as a chip.
export function state(d) {
  return el("span", `chip ${{ delivered: "good", pending: "" }[d.state] ?? "bad"}`, d.state);
}

export function deliveryRow(d, chosen, open) {
  return row(d, chosen, open,
    el("span", "quiet", d.provider), el("span", "what", `${d.event.name} → ${d.url.replace(/^https?:\/\//, "")}`),
    d.attempts.length > 1 ? el("span", "quiet", `${d.attempts.length} attempts`) : "", state(d));
}

// focusBy moves the focus in the list by a number of rows.
export function focusBy(list, step) {
  const rows = [...list.querySelectorAll(".row")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((r) => r.hasAttribute("aria-current")) - (step > 0 ? 0 : -1);
  const to = rows[Math.max(0, Math.min(rows.length - 1, at < 0 && from < 0 ? 0 : from + step))];
  to.focus();
  to.scrollIntoView({ block: "nearest" });
}
