// The panel of one system: its tenants, and calls of its emulated vendor API.
import { api, base, path } from "./api.js";
import { command, el, field, assign, input, latest, link } from "./dom.js";
import { panel as ethpass } from "./ethpass.js";
import { panel as neostore } from "./neostore.js";
import { hash } from "./route.js";
import { panel as subscribfy } from "./subscribfy.js";
import { count, raw, text } from "./text.js";

const panels = { ethpass, neostore, subscribfy };
export const titles = { neostore: "The Wallet Crew", subscribfy: "Subscribfy", ethpass: "ethpass" };

// Caller calls a system's vendor API as one tenant, with its key.
class Caller {
  constructor(system, tenant) {
    Object.assign(this, { system, tenant: tenant.name, key: tenant.keys[0].key });
  }

  // call returns the JSON of the response. It throws an error with the text of the vendor API.
  async call(method, path, body) {
    const headers = { "X-API-KEY": this.key };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(`${base}/${this.system}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    const json = text && response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : undefined;
    if (!response.ok) throw new Error(`${response.status} ${reason(json) || text || response.statusText}`);
    return json;
  }
}

// reason returns the text of an error body of any system.
function reason(json) {
  const parts = Object.entries(json?.errors ?? {}).map(([name, why]) => `${name}: ${[].concat(why).join(" ")}`);
  return [json?.detail ?? json?.message ?? json?.title, ...parts].filter(Boolean).join("; ");
}

// show makes a system's panel. It makes the forms once, so that input is not lost, and redraws the
// tables after each call.
export async function show(system, capture) {
  const tenants = (await api(`/providers/${system}/tenants`)).items.filter((t) => t.keys?.length);
  const heading = el("h2", "", titles[system]);
  if (!tenants.length) {
    return [el("div", "head", heading), el("p", "", "No tenant of this system has an API key. Start the server with one:"), command(`hookrig serve --api-key ${system}=acme:a-key`)];
  }
  const output = assign(el("output", "said"), { role: "status", id: "said" });
  const content = el("div", "sections");
  const choice = field("As", "tenant", { options: tenants.map((t) => t.name) });
  let parts = [];
  const report = (kind, what) => {
    output.className = `said ${kind}`;
    output.replaceChildren(what);
  };
  // run makes a call, redraws the tables, and shows the result.
  const run = async (what, call) => {
    try {
      const before = (await sent(system)).at(0)?.seq ?? 0;
      const answer = await call();
      await Promise.all(parts.map((p) => p.redraw()));
      const done = typeof answer === "string" ? answer : what;
      const made = await outcome(system, before);
      const failed = made.filter((d) => !["delivered", "dropped"].includes(d.state));
      if (failed.length) report("bad", el("span", "", `${what.endsWith("happened") ? `${what}, and ${count(failed.length, "delivery", "deliveries")} failed` : `${what || done} failed`}: ${why(failed[0])}. `, link("View the delivery", hash({ view: "deliveries", show: failed[0].id }))));
      else if (!made.length && what.endsWith("happened")) report("warn", `${done}. No webhook is registered for this event, so nothing was sent.`);
      else report("good", done);
    } catch (problem) {
      report("bad", problem.message);
    }
  };
  const begin = latest();
  const draw = async () => {
    const isLatest = begin();
    const caller = new Caller(system, tenants.find((t) => t.name === input(choice).value));
    const made = await panels[system](caller, run, capture);
    await Promise.all(made.parts.map((p) => p.redraw()));
    if (!isLatest()) return;
    parts = made.parts;
    content.replaceChildren(...made.sections);
  };
  input(choice).addEventListener("change", () => draw().then(() => report("", `as ${input(choice).value}`), (problem) => report("bad", problem.message)));
  await draw();
  return [el("div", "head", el("div", "line between", heading, choice), el("p", "quiet", `Vendor API: ${base}/${system}`)), output, content];
}

// sent returns the newest deliveries of a system; after is a seq.
async function sent(system, after) {
  return (await api(path(["deliveries"], { provider: system, after, limit: after === undefined ? 1 : 20 }))).items;
}

// outcome waits a short time for the deliveries of a call, and returns them.
async function outcome(system, after) {
  // A delivery that takes longer than the timeout is shown as pending.
  await api("/clock/settle", undefined, "POST", AbortSignal.timeout(3000)).catch(() => undefined);
  return sent(system, after);
}

// why describes the last attempt of a delivery.
function why(d) {
  const last = d.attempts.at(-1);
  if (!last) return `${d.url}: ${d.state}`;
  const body = last.response?.body ? text(raw(last.response.body)).trim().slice(0, 200) : "";
  return `${d.url}: ${[last.status || last.error || last.outcome, body].filter(Boolean).join(" ")}`;
}

// section makes a titled section of a panel.
export function section(title, hint, ...content) {
  return el("div", "section", el("h3", "", title), hint ? el("p", "quiet", hint) : "", ...content);
}
