// The ethpass panel: the project's webhook and passes. It calls the emulated vendor API.
import { action, el, field, form, part, table } from "./dom.js";
import { section } from "./system.js";

export async function panel(caller, run, capture) {
  const webhook = await caller.call("GET", "/v0/project/webhook").catch(() => undefined);
  const passes = part(async () => passTable(caller, run, await caller.call("GET", "/v0/passes?limit=50")));
  const update = (f) => run("the endpoint is updated", () => caller.call("PUT", "/v0/project/webhook", { endpoint: f.endpoint, authorization: f.authorization || undefined }));
  const create = (f) => run("the pass is created", () => caller.call("POST", "/v0/passes", {
    platform: f.platform, chain: { name: "evm", network: 1 },
    nft: { contractAddress: "0x25ed58c027921e14d86380ea2646e3a1b5c55a8b", tokenId: f.tokenId, contractInterface: "0x80ac58cd" },
    signature: `0x${"5b".repeat(65)}`, signatureMessage: "Sign this message to generate a pass.",
  }));
  return { parts: [passes], sections: [
    section("Webhooks", "The project's one endpoint. Authorization is sent with each call.",
      form("", update,
        field("Endpoint", "endpoint", { value: webhook?.endpoint ?? `${capture}/ethpass`, type: "url", required: true, size: 32 }),
        field("Authorization", "authorization", { value: webhook?.authorization ?? "", autocomplete: "off", size: 26 }),
        el("button", "action main", "Update"),
        action("Generate a project secret", () => run("generated", async () => {
          const { secret } = await caller.call("POST", "/v0/project/secret");
          return `the project secret is ${secret}; save it as Authorization`;
        })))),
    section("Passes", "", form("", create, field("Platform", "platform", { options: ["apple", "google"] }), field("Token id", "tokenId", { value: "5946", required: true }),
      el("button", "action main", "Create a pass")), passes.box),
  ] };
}

function passTable(caller, run, passes) {
  const small = { className: "action small" };
  const rows = passes.slice().reverse().map((p) => {
    const at = `/v0/passes/${encodeURIComponent(p.id)}`;
    const live = (p.registrations ?? []).filter((r) => !r.deletedAt);
    return [el("code", "value", p.id), p.platform, p.expiredAt ? el("span", "chip bad", `expired (${p.expireAction})`) : el("span", live.length ? "chip good" : "chip", `${live.length} installed`),
      el("span", "actions", ...(p.expiredAt ? [] : [
        action("Install", () => run("installed", () => caller.call("POST", `${at}/registrations`, {})), small),
        live.length ? action("Remove", () => run("removed", () => caller.call("DELETE", `${at}/registrations/${encodeURIComponent(live[0].id)}`)), small) : "",
        action("Revoke", () => run("revoked", () => caller.call("DELETE", at)), small),
      ]))];
  });
  return table("Newest passes", ["Id", "Platform", "State", "Actions"], rows, "No passes yet.");
}
