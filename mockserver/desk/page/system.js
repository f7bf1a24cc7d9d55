// The panel of one system: who one is there, and calls of that system's own API.
import { api } from "/page/api.js";
import { el, field, having } from "/page/dom.js";
import { panel as ethpass } from "/page/ethpass.js";
import { panel as neostore } from "/page/neostore.js";
import { panel as subscribfy } from "/page/subscribfy.js";

const panels = { ethpass, neostore, subscribfy };
export const titles = { neostore: "The Wallet Crew", subscribfy: "Subscribfy", ethpass: "ethpass" };

// Caller calls a system's own API as one tenant, with its key, below the desk.
class Caller {
  constructor(system, tenant) {
    Object.assign(this, { system, tenant: tenant.name, key: tenant.keys[0].key });
  }

  // call returns the JSON of the answer; what is no success is an error with the system's own words.
  async call(method, path, body) {
    const headers = { "X-API-KEY": this.key };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(`/${this.system}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
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

// show puts a system's panel into place.
export async function show(place, system, capture) {
  const tenants = (await api(`/providers/${system}/tenants`)).items.filter((t) => t.keys?.length);
  const said = having(el("output", "said"), { role: "status", id: "said" });
  const content = el("div");
  const choice = field("As", "tenant", { options: tenants.map((t) => t.name) });
  const draw = async () => {
    const caller = new Caller(system, tenants.find((t) => t.name === choice.lastChild.value));
    content.replaceChildren(await panels[system](caller, did, capture));
  };
  // did says what came of a call, and draws anew what it has changed.
  const did = async (what, does) => {
    try {
      const answer = await does();
      said.className = "said good";
      said.replaceChildren(typeof answer === "string" ? answer : what);
      await draw();
    } catch (problem) {
      said.className = "said bad";
      said.replaceChildren(problem.message);
    }
  };
  const heading = el("h2", "", titles[system]);
  if (!tenants.length) {
    place.replaceChildren(heading, el("p", "hint", `No tenant of it has a key. Give one: hookrig serve --api-key ${system}=acme:a-key`));
    return;
  }
  choice.lastChild.addEventListener("change", () => did(`as ${choice.lastChild.value}`, () => {}));
  place.replaceChildren(heading, choice, said, content);
  await draw();
}
