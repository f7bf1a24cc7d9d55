// The Signature tab: the result of the check, the reason, and a check with another secret.
import { api, curl } from "./api.js";
import { el, field, form, assign, link, latest, note } from "./dom.js";
import { result } from "./list.js";
import { hash } from "./route.js";

// advice explains each result.
const advice = {
  mismatch: "The sender used another secret, or the body changed after signing: by a proxy, another encoding, or JSON that was written again. Check it with the secret that you expect.",
  missing: "The sender did not sign the request, or a proxy removed the header.",
  malformed: "The signature cannot be parsed. Compare it with the provider's documents.",
  stale: "The signature matches, but its timestamp is too far from the time of arrival: a replay, or a wrong clock.",
  valid: "The sender has the secret, and the request arrived unchanged.",
};

export async function signature(c, path) {
  const v = c.verification;
  const { items } = await api("/providers");
  const out = assign(el("div"), { role: "status" });
  const begin = latest();
  const check = async (f) => {
    const isLatest = begin();
    const body = { provider: f.provider, secret: f.secret || undefined, url: f.url || undefined };
    let content;
    try {
      content = [explained(await api(`${path}/verify`, body)), el("p", "hint", curl(`${path}/verify`, body))];
    } catch (problem) {
      content = [note("bad", problem.message)];
    }
    if (isLatest()) out.replaceChildren(...content);
  };
  return [v ? explained(v) : note("", c.provider ? `Not checked: this looks like a request from ${items.find((p) => p.name === c.provider)?.title ?? c.provider}, but the server does not have its secret. Enter it below, or ` : `Not checked: no provider is set for bin ${c.bin}. `, link("set up verification", hash({ bin: c.bin }))),
    form("Check with another secret", check, field("Provider", "provider", { options: items.map((p) => new Option(p.title, p.name)), value: c.provider || items[0]?.name }),
      field("Secret", "secret", { autocomplete: "off", size: 32, hint: "default: those that the server has" }),
      field("Registered address", "url", { hint: "if the scheme signs it", autocomplete: "off", size: 24 }), el("button", "action main", "Check")), out];
}

function explained(v) {
  return el("div", `note ${v.verdict === "valid" ? "good" : "bad"}`, el("p", "line", result(v), el("b", "", v.provider)),
    v.explanation ? el("p", "why", v.explanation) : "", el("p", "quiet", advice[v.verdict] ?? ""));
}
