// One delivery: where it stands, its timeline, its attempts.
import { api, curl } from "/page/api.js";
import { timeline } from "/page/capture.js";
import { action, el, facts, tabs } from "/page/dom.js";
import { state } from "/page/list.js";
import { indented, isText, hex, raw, text } from "/page/text.js";

export function show(d, view) {
  const path = `/deliveries/${encodeURIComponent(d.id)}/redeliver`;
  return el("div", "",
    el("h2", "", `${d.event.name} → ${d.url}`),
    el("p", "line", state(d), el("span", "quiet", `${d.provider} · ${d.id} · event ${d.event.id}`)),
    el("p", "actions", action("Deliver again", () => view.did(() => api(path, {}, "POST"), "delivered once more"))),
    facts([["pattern", d.pattern && `${d.pattern}${notations(d.modes)}`], ["next attempt", d.next], ["faults", (d.faults ?? []).join(", ")], ["tenant", d.event.tenant]]),
    timeline(d.attempts.map((a) => ({ at: a.due, good: a.outcome === "status" && a.status < 300, text: a.status || a.outcome }))),
    d.attempts.length ? tabs("Attempts", d.attempts.map((a) => [`attempt-${a.n}`, `Attempt ${a.n}`, () => attempt(a)]), view.tab, view.chose)
      : el("p", "hint", "No attempt has been made yet."),
    el("p", "hint", curl(path, {}, "POST")));
}

// notations says which of the documents' notations would not take the pattern.
function notations(modes) {
  if (!modes) return "";
  const not = [["strict_colon", "the strict colon notation"], ["strict_dot", "the strict dot notation"]].filter(([m]) => !modes[m]).map(([, text]) => text);
  return not.length ? ` (not in ${not.join(" and ")})` : "";
}

function attempt(a) {
  const content = raw(a.sent.body);
  const head = [`${a.sent.method} ${a.sent.target} ${a.sent.version}`, ...a.sent.headers.map(([n, v]) => `${n}: ${v}`)].join("\n");
  return [facts([["due", a.due], ["sent", a.at], ["took", `${a.took_ms} ms`], ["outcome", a.status ? `${a.outcome} ${a.status}` : a.outcome],
    ["error", a.error], ["fault", a.fault]]),
  el("h3", "", "Sent"), el("pre", "", head), content.length ? el("pre", "", isText(content) ? indented(text(content)) : hex(content)) : "",
  a.reply ? el("h3", "", "Answered") : "", a.reply ? el("pre", "", answerOf(a.reply)) : ""].filter(Boolean);
}

function answerOf(r) {
  const lines = (r.headers ?? []).map(([n, v]) => `${n}: ${v}`).join("\n");
  return `${r.status}\n${lines}\n\n${text(raw(r.body))}`;
}
