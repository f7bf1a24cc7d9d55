// How a capture's signature was checked, why, and how it would be with another secret.
import { api, curl } from "./api.js";
import { el, field, form, having, link, note } from "./dom.js";
import { result } from "./list.js";
import { hash } from "./place.js";

// What to do about a result.
const advice = {
  mismatch: "Either it was signed with another secret, or what arrived is not what was signed: a proxy that changes the body, another encoding, JSON that was written anew. Check it with the secret that you expect.",
  missing: "The sender did not sign it, or a proxy took the line away.",
  malformed: "A signature is there but cannot be read: compare it with what the provider's documents show.",
  stale: "The signature is right, but its time is too far from the time of arrival: a replay, or a clock that is wrong.",
  valid: "What arrived is what was signed, by someone who has the secret.",
};

export async function signature(c, path) {
  const v = c.verification;
  const { items } = await api("/providers");
  const out = having(el("div"), { role: "status" });
  const check = async (f) => {
    const asked = { provider: f.provider, secret: f.secret || undefined, url: f.url || undefined };
    try {
      out.replaceChildren(explained(await api(`${path}/verify`, asked)), el("p", "hint", curl(`${path}/verify`, asked)));
    } catch (problem) {
      out.replaceChildren(note("bad", problem.message));
    }
  };
  return [v ? explained(v) : note("", c.provider ? `Not checked: it looks like a request of ${items.find((p) => p.name === c.provider)?.title ?? c.provider}, and its secret is not known here. Enter it below, or ` : `Not checked: no provider is set for bin ${c.bin}. `, link("set up verification", hash({ bin: c.bin }))),
    form("Check with another secret", check, field("Provider", "provider", { options: items.map((p) => new Option(p.title, p.name)), value: c.provider || items[0]?.name }),
      field("Secret", "secret", { autocomplete: "off", size: 32, hint: "left out: those known here" }),
      field("Address as registered", "url", { hint: "where the scheme signs it", autocomplete: "off", size: 24 }), el("button", "action main", "Check")), out];
}

function explained(v) {
  return el("div", `note ${v.verdict === "valid" ? "good" : "bad"}`, el("p", "line", result(v), el("b", "", v.provider)),
    v.explanation ? el("p", "why", v.explanation) : "", el("p", "quiet", advice[v.verdict] ?? ""));
}
