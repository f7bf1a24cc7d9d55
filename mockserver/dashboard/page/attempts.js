// The captures of one delivery, and when a capture came.
import { api, path } from "./api.js";
import { el, facts, link, table } from "./dom.js";
import { answered, result, status } from "./list.js";
import { hash, place } from "./place.js";
import { clock, exact, span } from "./text.js";
import { timeline } from "./timeline.js";

function accepted(c) {
  const status = answered(c);
  return status === "" || (status >= 200 && status < 300);
}

function gap(later, earlier) { return span(new Date(later.at) - new Date(earlier.at)); }

// attempts are the captures of the same delivery, with the time between them.
export async function attempts(c, at) {
  const { items } = await api(`${at}/attempts`);
  const rows = items.map((a, i) => [
    i + 1, a.id === c.id ? el("b", "", `${a.id} (this one)`) : link(a.id, hash({ ...place, show: a.id })), clock(a.at),
    i ? `+${gap(a, items[i - 1])}` : "", status(answered(a)) || "", result(a.verification) || "",
  ]);
  const why = items.length < 2 ? el("p", "hint", "1 attempt. Retries with the same event id or body appear here.") : "";
  return [timeline(items.map((a) => ({ at: a.at, good: accepted(a), text: answered(a) || "none" }))), why,
    table("Attempts of this delivery", ["#", "Capture", "At", "Waited", "Answered", "Signature"], rows)];
}

// timing says when a capture came, how long after the others, and how long the exchange took where the server itself sent it.
export async function timing(c, at) {
  const [{ items }, sent] = await Promise.all([api(`${at}/attempts`), sender(c)]);
  const index = items.findIndex((a) => a.id === c.id);
  return facts([
    ["Arrived", exact(c.at)],
    ["Since the attempt before", index > 0 && gap(c, items[index - 1])],
    ["Attempt", items.length > 1 && `${index + 1} of ${items.length}`],
    ["Sent by", sent && link(`delivery ${sent.delivery.id}, attempt ${sent.attempt.n}`, hash({ view: "deliveries", show: sent.delivery.id }))],
    ["Exchange took", sent && `${span(sent.attempt.took_ms)}, from the first byte sent to the response read`],
    ["Response delayed by", c.response?.delay], ["Body dripped over", c.response?.drip],
    ["Sequence", c.seq], ["From", c.peer], ["HTTP", c.version],
    ["TLS", c.tls && `${c.tls.version}, ${c.tls.cipher}${c.tls.sni ? `, for ${c.tls.sni}` : ""}`],
  ].filter(([, value]) => value !== false));
}

// sender is the delivery of this server that a capture is from, if it is one of the newest.
async function sender(c) {
  const { items } = await api(path(["deliveries"], { limit: 200 }));
  for (const delivery of items) {
    const attempt = delivery.attempts.find((a) => a.response?.headers?.some(([n, v]) => /^hookrig-capture$/i.test(n) && v === c.id));
    if (attempt) return { delivery, attempt };
  }
  return undefined;
}
