// The list in the middle: captures or deliveries, newest first, moved through with j and k. Rows stay the same elements while
// others come and go, so that nothing loses the focus or moves under a reader's eyes.
import { arrange, el, having } from "./dom.js";
import { ago, clock, count, day, exact, size } from "./text.js";

const mostUnread = 2000; // records that are remembered to be

export class List {
  #rows = new Map(); // by id: { record, li }
  unread = new Set(); // ids

  // A list draws into an <ol>; row makes the cells of a record, open opens one.
  constructor(box, open) {
    Object.assign(this, { box, open });
  }

  // draw shows records, made by cells.
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
    if (focused !== document.activeElement && focused?.dataset.id) this.row(focused.dataset.id)?.focus(); // its row was made anew
    this.mark(chosen);
    this.tick();
  }

  #divider(when) {
    return [...this.box.querySelectorAll(".day")].find((li) => li.textContent === when) ?? el("li", "day", when);
  }

  #row(record, cells) {
    const known = this.#rows.get(record.id);
    if (known?.record === record && known.cells === cells) return known.li;
    const button = having(el("button", "row", ...cells(record)), { type: "button" });
    button.dataset.id = record.id;
    button.addEventListener("click", () => this.open(this.#rows.get(record.id)?.record ?? record));
    const li = el("li", "", button);
    this.#rows.set(record.id, { record, li, cells });
    return li;
  }

  // miss notes records that nobody has looked at.
  miss(records) {
    for (const r of records) this.unread.add(r.id);
    for (const id of this.unread) {
      if (this.unread.size <= mostUnread) break;
      this.unread.delete(id);
    }
  }

  // row is the button of a record.
  row(id) { return this.#rows.get(id)?.li.firstChild; }

  // mark shows which record is open, and which nobody has looked at.
  mark(chosen) {
    for (const [id, { li }] of this.#rows) {
      const button = li.firstChild;
      if (id === chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.classList.toggle("unread", this.unread.has(id));
    }
  }

  // tick brings the relative times up to date.
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

// result is the result of checking a signature, as a chip.
export function result(v) {
  return v ? el("span", `chip ${v.verdict === "valid" ? "good" : "bad"}`, v.verdict) : "";
}

// answered is what a bin did about a capture, in a word.
export function answered(c) {
  if (!c.response) return "";
  if (c.response.hang) return "hang";
  if (c.response.reset) return "reset";
  return c.response.cut ? `cut in the ${c.response.cut}` : c.response.status || 200;
}

// status is a status in the colour of its class; what is no status is a failure.
export function status(of) {
  return of === "" ? "" : el("span", `status s${String(of)[0] >= "1" && String(of)[0] <= "5" ? String(of)[0] : "5"}`, of);
}

function time(at) {
  return having(el("time", "", ago(at)), { dateTime: at, title: exact(at) });
}

// captureCells are those of a capture's row; in a list of all bins the path begins with the bin.
function captureCells(c, all) {
  const name = c.event;
  const target = all ? c.target : c.target.slice(c.bin.length + 1) || "/";
  return [
    el("span", `method ${c.method.toLowerCase()}`, c.method),
    el("span", "what", name ? el("b", "", name) : el("code", "", target)),
    el("span", "how", ...c.problems.slice(0, 1).map((p) => having(el("span", "chip bad", p.split(":")[0]), { title: c.problems.join("\n") })), result(c.verification), status(answered(c))),
    time(c.at),
    el("span", "where", name ? el("code", "", target) : ""),
    el("span", "quiet", size(c.size)),
  ];
}

export const cellsOfAll = (c) => captureCells(c, true);
export const cellsOfBin = (c) => captureCells(c, false);

// state is the state of a delivery, as a chip.
export function state(d) {
  return el("span", `chip ${{ delivered: "good", pending: "wait" }[d.state] ?? "bad"}`, d.state);
}

// ended says how an attempt ended: a status, or what happened instead.
export function ended(a) {
  return a.outcome === "status" ? a.status : a.outcome;
}

export function good(a) {
  return a.outcome === "status" && a.status >= 200 && a.status < 300;
}

// cellsOfDelivery are those of a delivery's row.
export function cellsOfDelivery(d) {
  const last = d.attempts.at(-1);
  const dots = having(el("span", "dots", ...d.attempts.slice(-12).map((a) => el("i", good(a) ? "good" : "bad"))), { title: count(d.attempts.length, "attempt") });
  return [
    el("span", "method", d.provider),
    el("span", "what", el("b", "", d.event.name)),
    el("span", "how", state(d), last ? status(ended(last)) : ""),
    time(d.created),
    el("span", "where", el("code", "", d.url.replace(/^https?:\/\//, ""))),
    el("span", "quiet", d.next ? having(el("span", "", `next ${clock(d.next).slice(0, 8)}`), { title: `next attempt ${exact(d.next)}` }) : "", dots, el("span", "offscreen-text", count(d.attempts.length, "attempt"))),
  ];
}
