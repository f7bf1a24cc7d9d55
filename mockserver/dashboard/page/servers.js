// The servers that share the database of this one.
import { el, assign } from "./dom.js";
import { ago, count } from "./text.js";

// servers lists the servers, if there are several.
export function servers(box, nodes) {
  box.hidden = nodes.length < 2;
  if (box.hidden) return;
  box.querySelector("ul").replaceChildren(...nodes.map((n) => el("li", "", server(n))));
}

// server shows one: its name, its state, and how many pending deliveries it owns. The tooltip has
// the rest.
function server(n) {
  const name = n.host || n.id.slice(0, 8);
  const states = [n.state, n.self ? "this one" : "", n.pending ? `${n.pending.toLocaleString("en")} pending` : ""];
  const details = [
    `process ${n.pid} on ${name}, ${n.version || "unknown version"}`, `capture ${n.capture}`, n.dashboard && `dashboard ${n.dashboard}`,
    `started ${ago(n.started)}, seen ${ago(n.seen)}`, n.burst_workers ? `sends ${count(n.burst_workers, "shard")} of bursts at a time` : "",
  ];
  const own = /^https?:/.test(n.dashboard) && !n.self && n.state !== "lost";
  const entry = el(own ? "a" : "span", "entry", el("span", "label", `${name}/${n.pid}`), el("span", `quiet ${n.state}`, states.filter(Boolean).join(", ")));
  if (own) entry.href = n.dashboard;
  return assign(entry, { title: details.filter(Boolean).join("\n") });
}
