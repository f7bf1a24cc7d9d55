// The tabs Attempts and Timing of a capture.
import { api, path } from "./api.js";
import { el, facts, link, table } from "./dom.js";
import { answered, result, status } from "./list.js";
import { hash, route } from "./route.js";
import { clock, exact, span } from "./text.js";
import { timeline } from "./timeline.js";

function accepted(c) {
  const status = answered(c);
  return status === "" || (status >= 200 && status < 300);
}

function gap(later, earlier) { return span(new Date(later.at) - new Date(earlier.at)); }

// attempts lists the captures of the same delivery, with the time between them.
export async function attempts(c, at) {
  const { items } = await api(`${at}/attempts`);
  const rows = items.map((a, i) => [
    i + 1, a.id === c.id ? el("b", "", `${a.id} (this one)`) : link(a.id, hash({ ...route, show: a.id })), clock(a.at),
    i ? `+${gap(a, items[i - 1])}` : "", status(answered(a)) || "", result(a.verification) || "",
  ]);
  const why = items.length < 2 ? el("p", "hint", "1 attempt. Retries with the same event id or body appear here.") : "";
  return [timeline(items.map((a) => ({ at: a.at, good: accepted(a), text: answered(a) || "none" }))), why,
    table("Attempts of this delivery", ["#", "Capture", "At", "Waited", "Response", "Signature"], rows)];
}

// timing shows when a capture arrived, how long after the one before, and how long the exchange
// took if this server sent it.
export async function timing(c, at) {
  const [{ items }, sent] = await Promise.all([api(`${at}/attempts`), sender(c)]);
  const index = items.findIndex((a) => a.id === c.id);
  return facts([
    ["Arrived", exact(c.at)],
    ["Since the previous attempt", index > 0 && gap(c, items[index - 1])],
    ["Attempt", items.length > 1 && `${index + 1} of ${items.length}`],
    ["Sent by", sent && link(`delivery ${sent.delivery.id}, attempt ${sent.attempt.n}`, hash({ view: "deliveries", show: sent.delivery.id }))],
    ["Exchange took", sent && `${span(sent.attempt.took_ms)}, from the first byte sent to the response read`],
    ["Response delay", c.response?.delay], ["Body sent over", c.response?.drip],
    ["Sequence", c.seq], ["From", c.peer], ["HTTP", c.version],
    ["TLS", c.tls && `${c.tls.version}, ${c.tls.cipher}${c.tls.sni ? `, for ${c.tls.sni}` : ""}`],
  ].filter(([, value]) => value !== false));
}

// sender returns the delivery of this server that a capture belongs to, if it is one of the newest.
async function sender(c) {
  const { items } = await api(path(["deliveries"], { limit: 200 }));
  for (const delivery of items) {
    const attempt = delivery.attempts.find((a) => a.response?.headers?.some(([n, v]) => /^hookrig-capture$/i.test(n) && v === c.id));
    if (attempt) return { delivery, attempt };
  }
  return undefined;
}
