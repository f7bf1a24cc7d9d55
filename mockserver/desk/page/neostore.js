// Webhooks, passes, customers and redirects of The Wallet Crew, by its own API.
import { action, el, field, form, table } from "/page/dom.js";

export async function panel(caller, did, capture) {
  const base = `/api/${encodeURIComponent(caller.tenant)}`;
  const [webhooks, passes] = await Promise.all([caller.call("GET", `${base}/webhooks`), caller.call("GET", `${base}/passes?pageSize=20`)]);
  for (const pass of passes) pass.devices = await caller.call("GET", `${base}/passes/${encodeURIComponent(pass.id)}/devices`);
  return el("div", "",
    webhookTable(caller, did, `${base}/webhooks`, webhooks),
    form("Register a webhook", (f) => did("", async () => {
      const w = await caller.call("POST", `${base}/webhooks`, {
        description: f.description || null, events: f.events.split(",").map((e) => e.trim()).filter(Boolean), endpoint: f.endpoint, enabled: true,
      });
      return `webhook ${w.id} is registered`;
    }),
    field("Endpoint", "endpoint", { value: `${capture}/neostore`, type: "url", required: true, size: 34 }),
    field("Events", "events", { value: "Pass:*, Customer:*", required: true, size: 22 }),
    field("Description", "description", { size: 22 }), el("button", "action", "Register")),
    el("div", "panel", el("h3", "", "What happens"),
      action("Create a pass", () => did("Pass:Created happened", () => caller.call("POST", `${base}/passes`, { passType: "user" }))),
      action("Upsert a customer", () => did("Customer:Upserted happened", () => caller.call("POST", `${base}/customers`, {
        flowName: "subscription-form", identifiers: { email: "ada@shop.example" }, attributes: { firstName: "Ada", email: "ada@shop.example" },
      })))),
    passTable(caller, did, `${base}/passes`, passes));
}

function webhookTable(caller, did, path, webhooks) {
  const rows = webhooks.map((w) => {
    const at = `${path}/${encodeURIComponent(w.id)}`;
    return [w.id, w.endpoint, w.events.join(", "), w.enabled ? "yes" : "no", el("code", "secret", w.signatureSecret),
      el("span", "actions",
        action(w.enabled ? `Disable ${w.id}` : `Enable ${w.id}`, () => did(`${w.id} changed`, () => caller.call("PATCH", at, { enabled: !w.enabled }))),
        action(`Delete ${w.id}`, () => did(`${w.id} deleted`, () => caller.call("DELETE", at))))];
  });
  return table("Webhooks", ["Id", "Endpoint", "Events", "Enabled", "Secret", "Do"], rows, "No webhook is registered yet.");
}

function passTable(caller, did, path, passes) {
  const rows = passes.map((p) => {
    const at = `${path}/${encodeURIComponent(p.id)}`;
    return [el("code", "", p.id), p.passType, p.devices.map((d) => d.device).join(", "),
      el("span", "actions",
        ...["apple", "google"].map((device) => action(`Install (${device})`, () => did("Pass:Installed happened", () => caller.call("POST", `${at}/devices`, { device })))),
        action("Update", () => did("Pass:Updated happened", () => caller.call("PATCH", at, { metadata: { tier: "gold" } }))),
        ...p.devices.map((d) => action(`Remove from ${d.device}`, () => did("Pass:Uninstalled happened",
          () => caller.call("DELETE", `${at}/devices/${encodeURIComponent(d.deviceIdentifier)}`)))))];
  });
  return table("Passes", ["Id", "Type", "Devices", "Do"], rows, "There is no pass yet.");
}
