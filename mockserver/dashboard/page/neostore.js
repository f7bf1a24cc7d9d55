// The panel of The Wallet Crew: webhooks, passes and customers. It calls the emulated vendor API.
import { action, el, field, form, part, table } from "./dom.js";
import { section } from "./system.js";

export async function panel(caller, run, capture) {
  const base = `/api/${encodeURIComponent(caller.tenant)}`;
  const webhooks = part(async () => webhookTable(caller, run, `${base}/webhooks`, await caller.call("GET", `${base}/webhooks`)));
  const passes = part(async () => {
    const found = await caller.call("GET", `${base}/passes?pageSize=20`);
    await Promise.all(found.map(async (pass) => { pass.devices = await caller.call("GET", `${base}/passes/${encodeURIComponent(pass.id)}/devices`); }));
    return passTable(caller, run, `${base}/passes`, found);
  });
  const register = (f) => run("", async () => {
    const w = await caller.call("POST", `${base}/webhooks`, {
      description: f.description || null, events: f.events.split(",").map((e) => e.trim()).filter(Boolean), endpoint: f.endpoint, enabled: true,
    });
    return `webhook ${w.id} is registered`;
  });
  return { parts: [webhooks, passes], sections: [
    section("Webhooks", "", webhooks.box,
      form("", register, field("Endpoint", "endpoint", { value: `${capture}/neostore`, type: "url", required: true, size: 30 }),
        field("Events", "events", { value: "Pass:*, Customer:*", required: true, size: 20 }),
        field("Description", "description", { size: 16 }), el("button", "action main", "Register"))),
    section("Events", "Each action sends an event to every matching webhook.", el("div", "actions",
      action("Create a pass", () => run("Pass:Created happened", () => caller.call("POST", `${base}/passes`, { passType: "user" })), { symbol: "plus" }),
      action("Upsert a customer", () => run("Customer:Upserted happened", () => caller.call("POST", `${base}/customers`, {
        flowName: "subscription-form", identifiers: { email: "ada@shop.example" }, attributes: { firstName: "Ada", email: "ada@shop.example" },
      }))))),
    section("Passes", "", passes.box),
  ] };
}

function webhookTable(caller, run, path, webhooks) {
  const rows = webhooks.map((w) => {
    const at = `${path}/${encodeURIComponent(w.id)}`;
    return [el("code", "", w.id), el("code", "value", w.endpoint), w.events.join(", "), el("span", w.enabled ? "chip good" : "chip", w.enabled ? "enabled" : "disabled"), el("code", "value secret", w.signatureSecret),
      el("span", "actions",
        action(w.enabled ? `Disable ${w.id}` : `Enable ${w.id}`, () => run(`${w.id} changed`, () => caller.call("PATCH", at, { enabled: !w.enabled })), { className: "action small" }),
        action(`Delete ${w.id}`, () => run(`${w.id} deleted`, () => caller.call("DELETE", at)), { className: "action small" }))];
  });
  return table("Registered webhooks", ["Id", "Endpoint", "Events", "State", "Secret", "Actions"], rows, "No webhooks yet.");
}

function passTable(caller, run, path, passes) {
  const rows = passes.map((p) => {
    const at = `${path}/${encodeURIComponent(p.id)}`;
    const small = { className: "action small" };
    return [el("code", "", p.id), p.passType, p.devices.map((d) => el("span", "chip good", d.device)).reduce((all, d) => (all.append(d, " "), all), el("span")),
      el("span", "actions",
        ...["apple", "google"].map((device) => action(`Install (${device})`, () => run("Pass:Installed happened", () => caller.call("POST", `${at}/devices`, { device })), small)),
        action("Update", () => run("Pass:Updated happened", () => caller.call("PATCH", at, { metadata: { tier: "gold" } })), small),
        ...p.devices.map((d) => action(`Remove from ${d.device}`, () => run("Pass:Uninstalled happened",
          () => caller.call("DELETE", `${at}/devices/${encodeURIComponent(d.deviceIdentifier)}`)), small)))];
  });
  return table("Newest passes", ["Id", "Type", "Devices", "Actions"], rows, "No passes yet.");
}
