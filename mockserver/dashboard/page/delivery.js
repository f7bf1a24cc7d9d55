// One delivery: its state, its timeline, and each attempt with its request and response.
import { api, curl, path } from "./api.js";
import { body } from "./body.js";
import { typeOf } from "./capture.js";
import { action, el, facts, assign, link, note, tabs } from "./dom.js";
import { ended, good, state, status } from "./list.js";
import { hash } from "./route.js";
import { ago, clock, exact, raw, size, span } from "./text.js";
import { timeline } from "./timeline.js";

export function show(d, view) {
  const again = path(["deliveries", d.id, "redeliver"]);
  return el("div", "",
    el("div", "head",
      el("p", "line", el("b", "", d.provider), state(d), ...(d.faults ?? []).map((f) => el("span", "chip warn", f))),
      el("h2", "", `${d.event.name} → ${d.url}`),
      el("p", "quiet", assign(el("time", "", ago(d.created)), { dateTime: d.created, title: exact(d.created) }), ` · ${d.id} · event ${d.event.id}${d.event.tenant ? ` of ${d.event.tenant}` : ""}`),
      el("div", "actions", action("Deliver again", () => view.run(() => api(again, undefined, "POST"), "delivered again"), { className: "action main", symbol: "send" })),
      el("pre", "hint same", curl(again, undefined, "POST"))),
    facts([["Pattern", d.pattern && `${d.pattern}${notations(d.modes)}`], ["Next attempt", d.next && exact(d.next)]]),
    timeline(d.attempts.map((a) => ({ at: a.due, good: good(a), text: ended(a) })), d.next),
    d.attempts.length ? tabs("Attempts", d.attempts.map((a) => [`attempt-${a.n}`, `#${a.n} · ${ended(a)}`, () => attempt(a)]), view.route.tab || `attempt-${d.attempts.length}`, view.chose)
      : el("p", "hint", "No attempt has been made yet."));
}

// notations lists the stricter notations in which the pattern does not match.
function notations(modes) {
  if (!modes) return "";
  const not = [["strict_colon", "colons only"], ["strict_dot", "dots only"]].filter(([m]) => !modes[m]).map(([, text]) => text);
  return not.length ? ` (not in ${not.join(" and ")})` : "";
}

function attempt(a) {
  const content = raw(a.sent.body);
  const capture = a.response?.headers?.find(([n]) => /^hookrig-capture$/i.test(n))?.[1];
  return [facts([["Due", clock(a.due)], ["Sent", exact(a.at)], ["Took", span(a.took_ms)], ["Fault", a.fault], ["Captured as", capture && link(capture, hash({ show: capture }))]]),
    a.error ? note("bad", a.error) : "",
    el("h3", "", `Sent, ${size(content.length)} of body`), el("pre", "", [`${a.sent.method} ${a.sent.target} ${a.sent.version}`, ...a.sent.headers.map(([n, v]) => `${n}: ${v}`)].join("\n")),
    content.length ? body(content, typeOf(a.sent.headers)) : "",
    el("h3", "", "Response"), a.response ? answer(a.response) : el("p", "line", status(ended(a)), el("span", "quiet", "No response."))].filter(Boolean);
}

function answer(r) {
  const content = raw(r.body);
  return el("div", "", el("p", "line", status(r.status)), el("pre", "", (r.headers ?? []).map(([n, v]) => `${n}: ${v}`).join("\n") || "(no header lines)"),
    content.length ? body(content, typeOf(r.headers)) : el("p", "hint", "The body is empty."));
}
