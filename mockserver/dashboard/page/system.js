// The panel of one system: who one is there, and calls of that system's own API.
import { api, base, path } from "./api.js";
import { command, el, field, having, input, link } from "./dom.js";
import { panel as ethpass } from "./ethpass.js";
import { panel as neostore } from "./neostore.js";
import { hash } from "./place.js";
import { panel as subscribfy } from "./subscribfy.js";
import { count, raw, text } from "./text.js";

const panels = { ethpass, neostore, subscribfy };
export const titles = { neostore: "The Wallet Crew", subscribfy: "Subscribfy", ethpass: "ethpass" };

// Caller calls a system's own API as one tenant, with its key, below the dashboard.
class Caller {
  constructor(system, tenant) {
    Object.assign(this, { system, tenant: tenant.name, key: tenant.keys[0].key });
  }

  // call returns the JSON of the answer; what is no success is an error with the system's own words.
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

// reason is what an error body says, whichever system's it is.
function reason(json) {
  const parts = Object.entries(json?.errors ?? {}).map(([name, why]) => `${name}: ${[].concat(why).join(" ")}`);
  return [json?.detail ?? json?.message ?? json?.title, ...parts].filter(Boolean).join("; ");
}

// show puts a system's panel into place. Its forms are made once, so that nobody loses what he types; its tables are parts that
// are rendered again after each call.
export async function show(place, system, capture) {
  const tenants = (await api(`/providers/${system}/tenants`)).items.filter((t) => t.keys?.length);
  const heading = el("h2", "", titles[system]);
  if (!tenants.length) {
    place.replaceChildren(el("div", "head", heading), el("p", "", "No tenant of it has a key. Start the server with one:"), command(`hookrig serve --api-key ${system}=acme:a-key`));
    return;
  }
  const said = having(el("output", "said"), { role: "status", id: "said" });
  const content = el("div", "sections");
  const choice = field("As", "tenant", { options: tenants.map((t) => t.name) });
  let parts = [];
  const tell = (kind, what) => {
    said.className = `said ${kind}`;
    said.replaceChildren(what);
  };
  // did renders the parts that a call may have changed, and then shows the result.
  const did = async (what, does) => {
    try {
      const before = (await sent(system)).at(0)?.seq ?? 0;
      const answer = await does();
      await Promise.all(parts.map((p) => p.redraw()));
      const done = typeof answer === "string" ? answer : what;
      const made = await outcome(system, before);
      const failed = made.filter((d) => !["delivered", "dropped"].includes(d.state));
      if (failed.length) tell("bad", el("span", "", `${what.endsWith("happened") ? `${what}, and ${count(failed.length, "delivery", "deliveries")} failed` : `${what || done} failed`}: ${why(failed[0])}. `, link("View the delivery", hash({ view: "deliveries", show: failed[0].id }))));
      else if (!made.length && what.endsWith("happened")) tell("warn", `${done}. No webhook is registered for it, so nothing was sent.`);
      else tell("good", done);
    } catch (problem) {
      tell("bad", problem.message);
    }
  };
  const draw = async () => {
    const caller = new Caller(system, tenants.find((t) => t.name === input(choice).value));
    const made = await panels[system](caller, did, capture);
    await Promise.all(made.parts.map((p) => p.redraw()));
    parts = made.parts;
    content.replaceChildren(...made.sections);
  };
  input(choice).addEventListener("change", () => draw().then(() => tell("", `as ${input(choice).value}`), (problem) => tell("bad", problem.message)));
  await draw();
  place.replaceChildren(el("div", "head", el("div", "line between", heading, choice), el("p", "quiet", `Its own API is at ${base}/${system}`)), said, content);
  place.scrollTop = 0;
}

// sent are the newest deliveries of a system, after a sequence number if there is one.
async function sent(system, after) {
  return (await api(path(["deliveries"], { provider: system, after, limit: after === undefined ? 1 : 20 }))).items;
}

// outcome waits a little until what a call made is delivered, or is not, and returns it.
async function outcome(system, after) {
  await api("/clock/settle", undefined, "POST", AbortSignal.timeout(3000)).catch(() => undefined); // a consumer may take longer: then it is pending
  return sent(system, after);
}

// why says what came of the last attempt of a delivery.
function why(d) {
  const last = d.attempts.at(-1);
  if (!last) return `${d.url}: ${d.state}`;
  const body = last.response?.body ? text(raw(last.response.body)).trim().slice(0, 200) : "";
  return `${d.url}: ${[last.status || last.error || last.outcome, body].filter(Boolean).join(" ")}`;
}

// section is a titled box of a panel.
export function section(title, hint, ...content) {
  return el("div", "section", el("h3", "", title), hint ? el("p", "quiet", hint) : "", ...content);
}
