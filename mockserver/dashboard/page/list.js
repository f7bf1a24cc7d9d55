// The list in the middle: captures or deliveries, newest first. The keys j and k move through it.
// Rows stay the same elements when others are added or removed, so that the focus and the view
// stay.
import { arrange, el, assign } from "./dom.js";
import { ago, clock, count, day, exact, size } from "./text.js";

const mostUnread = 2000; // unread records to remember

export class List {
  #rows = new Map(); // by id: { record, li }
  unread = new Set(); // ids

  // A list draws into an <ol>; open opens a record.
  constructor(box, open) {
    Object.assign(this, { box, open });
  }

  // draw shows records; cells makes the cells of a row.
  draw(records, cells, chosen) {
    const wanted = [];
    let today = "";
    for (const record of records) {
      const when = day(record.at ?? record.created);
      if (when !== today) wanted.push(this.#divider(when));
      today = when;
      wanted.push(this.#row(record, cells));
    }
    const kept = new Set(records.map((r) => r.id));
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
    const focused = document.activeElement;
    arrange(this.box, wanted);
    // The focused row may be a new element.
    if (focused !== document.activeElement && focused?.dataset.id) this.row(focused.dataset.id)?.focus();
    this.mark(chosen);
    this.tick();
  }

  #divider(when) {
    return [...this.box.querySelectorAll(".day")].find((li) => li.textContent === when) ?? el("li", "day", when);
  }

  #row(record, cells) {
    const known = this.#rows.get(record.id);
    if (known?.record === record && known.cells === cells) return known.li;
    const button = assign(el("button", "row", ...cells(record)), { type: "button" });
    button.dataset.id = record.id;
    button.addEventListener("click", () => this.open(this.#rows.get(record.id)?.record ?? record));
    const li = el("li", "", button);
    this.#rows.set(record.id, { record, li, cells });
    return li;
  }

  // miss marks records as unread.
  miss(records) {
    for (const r of records) this.unread.add(r.id);
    for (const id of this.unread) {
      if (this.unread.size <= mostUnread) break;
      this.unread.delete(id);
    }
  }

  // row returns the button of a record.
  row(id) { return this.#rows.get(id)?.li.firstChild; }

  // mark shows which record is open, and which ones are unread.
  mark(chosen) {
    for (const [id, { li }] of this.#rows) {
      const button = li.firstChild;
      if (id === chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.classList.toggle("unread", this.unread.has(id));
    }
  }

  // tick updates the relative times.
  tick() {
    for (const time of this.box.querySelectorAll("time")) time.textContent = ago(time.dateTime);
  }

  // focusBy moves the focus by a number of rows.
  focusBy(step) {
    const rows = [...this.box.querySelectorAll(".row")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const from = at >= 0 ? at : rows.findIndex((r) => r.hasAttribute("aria-current")) - (step > 0 ? 0 : -1);
    const to = rows[Math.max(0, Math.min(rows.length - 1, at < 0 && from < 0 ? 0 : from + step))];
    to.focus();
    to.scrollIntoView({ block: "nearest" });
  }
}

// result shows the result of a signature check as a chip.
export function result(v) {
  return v ? el("span", `chip ${v.verdict === "valid" ? "good" : "bad"}`, v.verdict) : "";
}

// answered returns what a bin did with a request: the status, or hang, reset, cut.
export function answered(c) {
  if (!c.response) return "";
  if (c.response.hang) return "hang";
  if (c.response.reset) return "reset";
  return c.response.cut ? `cut in the ${c.response.cut}` : c.response.status || 200;
}

// status shows a status in the colour of its class. Anything else is shown as a failure.
export function status(of) {
  return of === "" ? "" : el("span", `status s${String(of)[0] >= "1" && String(of)[0] <= "5" ? String(of)[0] : "5"}`, of);
}

function time(at) {
  return assign(el("time", "", ago(at)), { dateTime: at, title: exact(at) });
}

// captureCells makes the cells of a capture. In the list of all bins the path includes the bin.
function captureCells(c, all) {
  const name = c.event;
  const target = all ? c.target : c.target.slice(c.bin.length + 1) || "/";
  return [
    el("span", `method ${c.method.toLowerCase()}`, c.method),
    el("span", "what", name ? el("b", "", name) : el("code", "", target)),
    el("span", "how", ...c.problems.slice(0, 1).map((p) => assign(el("span", "chip bad", p.split(":")[0]), { title: c.problems.join("\n") })), result(c.verification), status(answered(c))),
    time(c.at),
    el("span", "where", name ? el("code", "", target) : ""),
    el("span", "quiet", size(c.size)),
  ];
}

export const cellsOfAll = (c) => captureCells(c, true);
export const cellsOfBin = (c) => captureCells(c, false);

// state shows the state of a delivery as a chip.
export function state(d) {
  return el("span", `chip ${{ delivered: "good", pending: "wait" }[d.state] ?? "bad"}`, d.state);
}

// ended returns how an attempt ended: its status, or its outcome.
export function ended(a) {
  return a.outcome === "status" ? a.status : a.outcome;
}

export function good(a) {
  return a.outcome === "status" && a.status >= 200 && a.status < 300;
}

// cellsOfDelivery makes the cells of a delivery.
export function cellsOfDelivery(d) {
  const last = d.attempts.at(-1);
  const dots = assign(el("span", "dots", ...d.attempts.slice(-12).map((a) => el("i", good(a) ? "good" : "bad"))), { title: count(d.attempts.length, "attempt") });
  return [
    el("span", "method", d.provider),
    el("span", "what", el("b", "", d.event.name)),
    el("span", "how", state(d), last ? status(ended(last)) : ""),
    time(d.created),
    el("span", "where", el("code", "", d.url.replace(/^https?:\/\//, ""))),
    el("span", "quiet", d.next ? assign(el("span", "", `next ${clock(d.next).slice(0, 8)}`), { title: `next attempt ${exact(d.next)}` }) : "", dots, el("span", "offscreen-text", count(d.attempts.length, "attempt"))),
  ];
}
